import type { Sentences } from './dictionary.ts'

/** What explanations say in Spanish of whose move is next, by the domain's English sentence. */
export const esNext: Sentences = {
  'The rail refuses our credentials, and nothing goes through it. Once they are mended it is paid by itself.':
    'La vía de pago rechaza nuestras credenciales y nada pasa por ella. Una vez corregidas, se paga por sí solo.',
  'A person has stopped the rail, and nothing new goes through it. Once two have restarted it, it is paid by itself.':
    'Una persona detuvo la vía de pago y nada nuevo pasa por ella. Cuando dos la hayan reanudado, se paga por sí solo.',
  'A cap is reached. It goes by itself once the cap’s window is over, at {time}, or as soon as two people raise the cap.':
    'Se alcanzó un tope. Sale por sí solo cuando termine el período del tope, el {time}, o en cuanto dos personas suban el tope.',
  'It would go beyond a cap, and waits until two people raise or remove the cap.':
    'Superaría un tope, y espera hasta que dos personas suban o quiten el tope.',
  'Its run has sent out as much as it may without an approved plan. Plan the run, have a second person approve the plan, and apply it.':
    'Su ejecución ya envió todo lo que puede sin un plan aprobado. Planee la ejecución, que otra persona apruebe el plan, y aplíquelo.',
  'Its run has sent out as much as it may without an approved plan. A second person has to approve plan {id}; then it is applied.':
    'Su ejecución ya envió todo lo que puede sin un plan aprobado. Otra persona debe aprobar el plan {id}; luego se aplica.',
  'Its run has sent out as much as it may without an approved plan. Plan {id} is approved, and has to be applied.':
    'Su ejecución ya envió todo lo que puede sin un plan aprobado. El plan {id} está aprobado y falta aplicarlo.',
  'Where the payee’s money goes was changed lately. It is paid now. Two people may release it before.':
    'El destino del dinero de quien cobra cambió hace poco. Se paga ahora. Dos personas pueden liberarlo antes.',
  'Where the payee’s money goes was changed lately. It is paid at {time}. Two people may release it before.':
    'El destino del dinero de quien cobra cambió hace poco. Se paga el {time}. Dos personas pueden liberarlo antes.',
  'The seller has no account to be paid to. It is paid as soon as GSC sends one.':
    'El vendedor no tiene una cuenta donde pagarle. Se le paga en cuanto GSC envíe una.',
  'Payoneer pays dollars only. Have GSC correct the operation type of a seller that is local; settle any other by hand.':
    'Payoneer solo paga en dólares. Si el vendedor es local, pida a GSC que corrija su tipo de operación; los demás casos se resuelven a mano.',
  'The seller is closed and is owed money: decide how it is paid.':
    'El vendedor está cerrado y se le debe dinero: decida cómo pagarle.',
  'Correct the currency of the document in NetSuite, then release the balance.':
    'Corrija la moneda del documento en NetSuite y luego libere el saldo.',
  'Correct the document in NetSuite, then release the balance.':
    'Corrija el documento en NetSuite y luego libere el saldo.',
  'A document counts in another balance already: correct its date in NetSuite, then release the balance.':
    'Un documento ya cuenta en otro saldo: corrija su fecha en NetSuite y luego libere el saldo.',
  'Its documents are read from NetSuite next.': 'A continuación se leen sus documentos en NetSuite.',
  'It is queued for payment.': 'Está en cola para pagarse.',
  'By NetSuite’s documents nothing is owed. What is negative stays with NetSuite.':
    'Según los documentos de NetSuite no se debe nada. Lo negativo queda en NetSuite.',
  'It is blocked: find out why.': 'Está bloqueado: averigüe por qué.',
  'It is paid now.': 'Se paga ahora.',
  'It is paid at {time}.': 'Se paga el {time}.',
  'The rail was asked and has not answered: it is asked again with the same key until it does.':
    'Se pidió el pago a la vía y no ha respondido: se le pide otra vez con la misma clave hasta que responda.',
  'The rail has accepted it, and its bank has yet to pay. It is looked at again by itself.':
    'La vía lo aceptó y su banco aún debe pagar. Se vuelve a mirar por sí solo.',
  'The rail lacks funds: top it up. It is tried again now.':
    'A la vía le faltan fondos: agréguelos. Se intenta otra vez ahora.',
  'The rail lacks funds: top it up. It is tried again at {time}.':
    'A la vía le faltan fondos: agréguelos. Se intenta otra vez el {time}.',
  'It is paid, and NetSuite knows.': 'Está pagado, y NetSuite lo sabe.',
  'It is paid; NetSuite is told next.': 'Está pagado; a continuación se informa a NetSuite.',
  'The rail refused it for good: have the payee’s details mended, then retry it.':
    'La vía lo rechazó en definitiva: haga corregir los datos de quien cobra y luego páguelo de nuevo.',
  'It was paid and came back, so it is owed again: retry it, which takes two people.':
    'Se pagó y volvió, así que se debe otra vez: páguelo de nuevo, lo que requiere dos personas.',
  'It was paid and came back, so it is owed again, but its rail keeps the reference of what came back and takes no second payment for it: settle it with the seller outside, and leave it returned.':
    'Se pagó y volvió, así que se debe otra vez, pero su vía guarda la referencia de lo que volvió y no acepta un segundo pago por ella: resuélvalo con el vendedor por fuera y déjelo devuelto.',
  'The payee has no Stripe account yet. It goes as soon as there is one.':
    'Quien cobra aún no tiene cuenta de Stripe. Sale en cuanto tenga una.',
  'Stripe has not told of the payee’s account yet; it is asked by itself.':
    'Stripe aún no ha informado de la cuenta de quien cobra; se le pregunta por sí solo.',
  'The payee’s Stripe account may not receive money. Stripe’s account page tells the payee what is missing.':
    'La cuenta de Stripe de quien cobra no puede recibir dinero. La página de la cuenta en Stripe le dice qué falta.',
  'The payee’s Stripe account cannot pay out to its bank. Stripe’s account page tells the payee what is missing.':
    'La cuenta de Stripe de quien cobra no puede pagar a su banco. La página de la cuenta en Stripe le dice qué falta.',
  'It names another Stripe account than the payee has: find out which is right, link it, and release the transfer.':
    'Nombra otra cuenta de Stripe que la de quien cobra: averigüe cuál es la correcta, vincúlela y libere la transferencia.',
  'It waits for its destination: find out why.': 'Espera su destino: averigüe por qué.',
  'It is sent to Stripe next.': 'A continuación se envía a Stripe.',
  'Stripe was asked and has not answered: it is asked again with the same key until it does.':
    'Se pidió a Stripe y no ha respondido: se le pide otra vez con la misma clave hasta que responda.',
  'Stripe has transferred it.': 'Stripe lo transfirió.',
  'Stripe does not take it: mend the cause, then retry the payout, or cancel it.':
    'Stripe no lo acepta: corrija la causa y luego pague de nuevo, o cancele el pago.',
  'Stripe does not take it, and it is never tried again by itself: mend the payee’s account, then retry it.':
    'Stripe no lo acepta, y nunca se intenta otra vez por sí solo: haga corregir la cuenta de quien cobra y luego páguelo de nuevo.',
  'It was taken back before it went; what is still owed has another transfer.':
    'Se retiró antes de salir; lo que aún se debe tiene otra transferencia.',
  'Our balance at Stripe is too low: top it up. It is tried again now.':
    'Nuestro saldo en Stripe no alcanza: agregue fondos. Se intenta otra vez ahora.',
  'Our balance at Stripe is too low: top it up. It is tried again at {time}.':
    'Nuestro saldo en Stripe no alcanza: agregue fondos. Se intenta otra vez el {time}.',
  'Stripe refused it for a reason that passes. It is tried again now.':
    'Stripe lo rechazó por un motivo pasajero. Se intenta otra vez ahora.',
  'Stripe refused it for a reason that passes. It is tried again at {time}.':
    'Stripe lo rechazó por un motivo pasajero. Se intenta otra vez el {time}.',
  'A second person has to approve, or refuse, what was asked for.':
    'Otra persona debe aprobar, o rechazar, lo que se pidió.',
  'It is paid at {time}, unless a dispute is open then.':
    'Se paga el {time}, salvo que entonces haya una disputa abierta.',
  'It is due, and released next.': 'Ya vence, y a continuación se libera.',
  'An operator holds it: resume it, pay it now, or cancel it.':
    'Un operador lo retiene: reanúdelo, páguelo ahora, o cancélelo.',
  'A dispute is open. It goes on once the marketplace has resolved it.':
    'Hay una disputa abierta. Sigue cuando el marketplace la haya resuelto.',
  'Its transfer is on its way.': 'Su transferencia va en camino.',
  'It is paid.': 'Está pagado.',
  'Stripe does not take it: mend the cause, then retry it, or cancel it.':
    'Stripe no lo acepta: corrija la causa y luego páguelo de nuevo, o cancélelo.',
  'It was cancelled: nothing is paid.': 'Se canceló: no se paga nada.',
  'It breaks a rule, and nobody is paid: have it corrected and sent again.':
    'Rompe una regla y no se paga a nadie: hágala corregir y enviar otra vez.',
  'Nobody told us to pay it, and it is never paid by itself: have it told of if it is owed.':
    'Nadie nos avisó que hay que pagarla, y nunca se paga por sí sola: si se debe, haga que se avise.',
  'Once it is told of it is checked, and its winners are paid.':
    'Cuando llegue el aviso, se revisa y se paga a sus ganadores.',
  '{=transfers} on the way.': 'En camino: {transfers}.',
  '{=transfers} not taken by Stripe: mend the payee’s account, then retry.':
    'Stripe no acepta {transfers}: haga corregir la cuenta de quien cobra y luego pague de nuevo.',
  '{=transfers} waiting for an account of the payee’s.': 'En espera de una cuenta de quien cobra: {transfers}.',
  '{=transfers} waiting for a while, since the payee’s account was changed lately.':
    'En espera por un tiempo, porque la cuenta de quien cobra cambió hace poco: {transfers}.',
  'All of its winners are paid.': 'Todos sus ganadores están pagados.',
  'Nothing is owed. The seller has no account to be paid to yet: GSC sends it.':
    'No se debe nada. El vendedor aún no tiene una cuenta donde pagarle: GSC la envía.',
  'Nothing is owed. The seller is made a vendor in NetSuite next.':
    'No se debe nada. A continuación se crea al vendedor como proveedor en NetSuite.',
  'Document {name} is in {documentCurrency}, and the balance in {currency}: correct it in NetSuite, then release the balance.':
    'El documento {name} está en {documentCurrency}, y el saldo en {currency}: corríjalo en NetSuite y luego libere el saldo.',
  'Document {name} cannot be read: {?problem}. Correct it in NetSuite, then release the balance.':
    'El documento {name} no se puede leer: {problem}. Corríjalo en NetSuite y luego libere el saldo.',
  'Document {name} counts in balance {otherBalance} already: correct its date in NetSuite, then release the balance.':
    'El documento {name} ya cuenta en el saldo {otherBalance}: corrija su fecha en NetSuite y luego libere el saldo.',
  'Nothing is owed that is not paid.': 'No se debe nada que no esté pagado.',
  '{=next} Which booking or contest it was for is not known here: neither Stripe nor the marketplace tells.':
    '{next} Aquí no se sabe de qué reserva o concurso era: ni Stripe ni el marketplace lo informan.',
  'It is completed, and its payout is scheduled next.': 'Está completada, y a continuación se programa su pago.',
  'It has not been completed, as far as the marketplace has told.':
    'No se ha completado, hasta donde el marketplace ha informado.',
}

/** What stands within them. */
export const esNextParts: Sentences = {
  'A comparison with Stripe found that it differs: take Stripe’s word over, or resolve the finding.':
    'Una comparación con Stripe encontró que difiere: tome lo que dice Stripe, o resuelva el hallazgo.',
  'A comparison found it at Stripe and not here: take it over from Stripe, or resolve the finding.':
    'Una comparación lo encontró en Stripe y no aquí: cópielo de Stripe, o resuelva el hallazgo.',
  'The customer’s bank disputes it: answer at Stripe before the time for that runs out.':
    'El banco del cliente lo disputa: responda en Stripe antes de que venza el plazo.',
  'The customer’s bank disputes it, and looks at what was answered.':
    'El banco del cliente lo disputa, y revisa lo que se respondió.',
  'Stripe is giving money back to the customer.': 'Stripe está devolviendo dinero al cliente.',
  'Nothing is open about it.': 'No hay nada abierto al respecto.',
  'the date is not the one that was asked for': 'la fecha no es la que se pidió',
  'the currency is not a payable ISO 4217 currency': 'la moneda no es una moneda ISO 4217 que se pueda pagar',
  'the open amount is missing': 'falta el monto abierto',
  'the open amount is no amount in {currency}': 'el monto abierto no es un monto en {currency}',
  '1 transfer is': '1 transferencia',
  '{count} transfers are': '{count} transferencias',
}
