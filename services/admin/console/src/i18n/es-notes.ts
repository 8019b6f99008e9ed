import type { Sentences } from './dictionary.ts'

/** What stands within them. */
export const esNoteParts: Sentences = {
  'winner {id}': 'el ganador {id}',
}

/** Reasons and notes that Remesa gives itself, in sentences; people's own are shown as they wrote them. */
export const esNotes: Sentences = {
  // Of approvals and what they are about.
  'It was asked for too long ago, and nobody decided it. Ask for it anew.':
    'Se pidió hace demasiado tiempo y nadie lo decidió. Pídalo de nuevo.',
  'It is asked for anew, as it stands now.': 'Se pide de nuevo, tal como está ahora.',
  'What was asked for is no longer a change of what stands.': 'Lo que se pidió ya no cambia lo que rige.',
  'The payout’s amount, what is open of its booking, status or disputes are no longer what they were when it was asked for.':
    'El monto del pago, lo abierto de su reserva, su estado o sus disputas ya no son los de cuando se pidió.',
  'The payout was changed: {?action}.': 'El pago cambió: {action}.',
  'The cap was lowered: {reason}': 'El tope se redujo: {reason}',
  'The rule was lowered: {reason}': 'La regla se redujo: {reason}',
  'The rail was stopped again: {reason}': 'La vía de pago se detuvo otra vez: {reason}',
  'Two people have it paid again: {reason}': 'Dos personas hacen que se pague de nuevo: {reason}',
  'Two people raised or removed the cap.': 'Dos personas subieron o quitaron el tope.',
  'Two people raised or removed the rule.': 'Dos personas subieron o quitaron la regla.',
  'Two people restarted the rail.': 'Dos personas reanudaron la vía de pago.',
  'Two people released it.': 'Dos personas lo liberaron.',
  'Nobody applied it in time.': 'Nadie lo aplicó a tiempo.',
  'Settlement {id} stands here otherwise by now, {?why}. Nothing was stored.':
    'La liquidación {id} ya está aquí de otra forma, {why}. No se guardó nada.',
  'All of these settlements came by another way meanwhile, as they were brought.':
    'Entretanto, todas estas liquidaciones llegaron por otro camino, tal como se trajeron.',
  'Of the settlements that were to be replaced one stands here otherwise than when it was asked for. Nothing was stored.':
    'De las liquidaciones por reemplazar, una está aquí de otra forma que cuando se pidió. No se guardó nada.',
  // Of alerts whose matter is gone.
  'The payment was accepted.': 'El pago se aceptó.',
  'A payment was accepted.': 'Se aceptó un pago.',
  'The payment has ended.': 'El pago terminó.',
  'The rail has told how it ended.': 'La vía informó cómo terminó.',
  'The rail takes our credentials again.': 'La vía acepta otra vez nuestras credenciales.',
  'Our credentials are accepted.': 'Nuestras credenciales se aceptan.',
  'The account can receive again.': 'La cuenta puede recibir otra vez.',
  'NetSuite has been told.': 'Se informó a NetSuite.',
  'The closing arrived.': 'Llegó el cierre.',
  'The pay-day has begun.': 'Comenzó la jornada de pagos.',
  'It was corrected and is being paid.': 'Se corrigió y se está pagando.',
  'It was told of, and is being paid.': 'Llegó el aviso y se está pagando.',
  'It was told of, and breaks a rule.': 'Llegó el aviso y rompe una regla.',
  'A plan with what waited was applied.': 'Se aplicó un plan con lo que esperaba.',
  'Nothing is left to be paid of it.': 'Ya no queda nada por pagar.',
  'The provider owes nothing any more.': 'El proveedor ya no debe nada.',
  'The cap’s window is over. What still does not fit has an alert of the next one.':
    'Terminó el período del tope. Lo que aún no cabe tiene una alerta del siguiente.',
  'The UTC day of the run is over. What still does not fit has an alert of the next one.':
    'Terminó el día UTC de la ejecución. Lo que aún no cabe tiene una alerta del siguiente.',
  'The cooling time is over: what waited is paid by itself.':
    'Terminó el tiempo de espera: lo que aguardaba se paga por sí solo.',
  'Nothing of the run waits any more.': 'Ya nada de la ejecución espera.',
  'The document agrees with what was counted, or nothing of it is to be paid any more.':
    'El documento coincide con lo contado, o ya no hay nada que pagar de él.',
  'The document has changed again: a newer alert says how it stands.':
    'El documento cambió otra vez: una alerta más nueva dice cómo está.',
  '{actor} decided: {?action}.': '{actor} decidió: {action}.',
  'GSC tells the seller as it should be.': 'GSC informa al vendedor como corresponde.',
  'NetSuite has taken the seller.': 'NetSuite aceptó al vendedor.',
  'Stripe knows our accounts.': 'Stripe conoce nuestras cuentas.',
  'It takes alerts again.': 'Acepta alertas otra vez.',
  'A later run found nothing to act on.': 'Una comparación posterior no encontró nada que atender.',
  'A later run found what is urgent.': 'Una comparación posterior encontró algo urgente.',
  'A later run found nothing that is urgent any more.': 'Una comparación posterior ya no encontró nada urgente.',
  // Of what is paid.
  'the seller can be paid now': 'ya se puede pagar al vendedor',
  'all of it was set off': 'todo se descontó de lo que debe',
  'nothing is owed': 'no se debe nada',
  'the booking is closed': 'la reserva está cerrada',
  'Dispute Open': 'Disputa abierta',
  'Dispute Open: {disputes}': 'Disputa abierta: {disputes}',
  'our credentials were refused': 'se rechazaron nuestras credenciales',
  // Of settlements that break a rule.
  'the settlement is {status}': 'el estado de la liquidación es {status}',
  'the settlement names no winner': 'la liquidación no nombra a ningún ganador',
  '{code} is no payable currency': '{code} no es una moneda en la que se pague',
  '{=who} is owed {money}, the settlement is in {currency}':
    'a {who} se le debe {money}; la liquidación es en {currency}',
  '{=who} is owed {money}': 'a {who} se le debe {money}',
  '{=who} is named twice': '{who} aparece dos veces',
  'the winners are owed {sum}, the total is {total}': 'a los ganadores se les debe {sum}; el total es {total}',
  'winner {id} is paid for contest {contest} by settlement {settlement}':
    'al ganador {id} se le paga por el concurso {contest} con la liquidación {settlement}',
  // Of billing.
  'Stripe does not have it.': 'Stripe no lo tiene.',
  'not looked up in Stripe: there were too many': 'sin consultar en Stripe: eran demasiados',
  'a refund is pending at Stripe: it is compared once Stripe has ended it':
    'un reembolso está pendiente en Stripe: se compara cuando Stripe lo termine',
  'a refund is pending on record, and not at Stripe any more':
    'un reembolso está pendiente en el registro y ya no en Stripe',
}
