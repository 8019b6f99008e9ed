import type { FinanceAlertKind } from '@remesa/domain/finance-alert'

/** What alerts say in Spanish. The English sentences are the domain's own, and come with each alert. */
export const esAlerts: Readonly<Record<FinanceAlertKind, string>> = {
  closing_missing: 'GSC no ha enviado el cierre de este saldo. Vale la cifra de NetSuite.',
  closing_different:
    'El cierre de GSC difiere de NetSuite, o de lo que GSC dijo antes. Vale la cifra de NetSuite; averigüe por qué.',
  bank_id_missing: 'El vendedor no tiene una cuenta donde pagarle. Se le paga en cuanto GSC envíe una.',
  rail_currency:
    'Payoneer solo paga en USD y este saldo está en otra moneda. Si el vendedor es local, pida a GSC que corrija su tipo de operación; los demás casos se resuelven a mano.',
  seller_closed: 'Se le debe dinero a un vendedor cerrado. Decida cómo pagarle.',
  document_currency: 'Un documento de NetSuite está en otra moneda que el saldo. Corríjalo allí.',
  documents_unreadable: 'No se puede leer un documento de NetSuite de este saldo. Corríjalo allí.',
  document_in_other_balance: 'Un documento de NetSuite ya cuenta en otro saldo. Revise su fecha.',
  tax_id_changed: 'GSC cambió el RUT de un vendedor. El cambio se rechazó: un RUT nunca cambia.',
  tax_id_invalid: 'El RUT de un vendedor no es válido en su país. Pida a GSC que lo corrija.',
  unknown_seller: 'GSC habla de un vendedor que ni GSC ni nosotros encontramos.',
  vendor_refused: 'NetSuite se negó a crear o actualizar el proveedor de un vendedor.',
  insufficient_funds:
    'A la vía de pago le faltan fondos, o agotó su límite. Agregue fondos; el pago se intenta otra vez.',
  payment_rejected: 'Un pago se rechazó en definitiva. Primero hay que corregir los datos de quien cobra.',
  payment_tries_used_up:
    'La vía rechazó un pago tantas veces como lo intentamos, por motivos pasajeros. Libérelo cuando hayan pasado.',
  payment_request_refused: 'La vía rechazó lo que pedimos, no a quien cobra: es una falla nuestra.',
  payment_compliance:
    'Las reglas de cumplimiento de la vía detuvieron un pago. Avise a legal; nunca lo pague otra vez tal como está.',
  payment_reversed: 'Un pago volvió después de pagado. La deuda está abierta otra vez; decida qué sigue.',
  payment_pending_too_long: 'Un pago lleva demasiado tiempo pendiente. Pregunte a la vía.',
  payment_handed_over: 'Un pago lleva días pendiente. Resuélvalo a mano con la vía.',
  payment_mismatch: 'Los libros de la vía contradicen los nuestros sobre un pago. Compárelos antes de pagar nada.',
  payment_unknown: 'La vía no dice si un pago se hizo. Seguimos preguntando; revise su portal.',
  rail_unavailable:
    'La vía responde cada vez con errores propios. Lo que había que pagar se intenta otra vez por sí solo; pregunte a la vía.',
  rail_paused: 'La vía rechaza nuestras credenciales. No se paga nada por ella hasta que se corrijan.',
  cap_reached:
    'Se alcanzó un tope de pagos. Lo que lo superaría espera hasta que pase la hora o el día del tope, o hasta que dos personas lo suban.',
  plan_required:
    'Una ejecución ya envió todo lo que puede sin un plan aprobado, y el resto espera. Haga el plan, que otra persona lo apruebe, y aplíquelo.',
  destination_changed:
    'El destino del dinero de quien cobra cambió hace poco, y lo que se le debe espera. Pregúntele por un medio conocido desde antes: se paga solo a la hora indicada, o en cuanto dos personas lo liberen; si no fue él, detenga la vía de pago.',
  rail_stopped:
    'Una persona detuvo esta vía de pago: no se paga nada nuevo por ella. Resuelta la causa, dos personas la reanudan.',
  provider_credentials:
    'NetSuite o GSC rechazan nuestras credenciales. Sin ellas no avanza ninguna jornada de pagos: hágalas corregir.',
  pay_day_stalled: 'Una jornada de pagos no llega a su fin. Averigüe qué esperan sus saldos.',
  late_document:
    'Un documento de NetSuite llegó, se aprobó o cambió después de leerse el saldo de su día. La diferencia nunca se paga por sí sola: resuélvala como dice el manual.',
  vendor_payment_refused: 'El vendedor está pagado, pero NetSuite rechazó el pago. Ingréselo a mano.',
  settlement_rejected:
    'La liquidación de un concurso rompe una regla y no se paga a ninguno de sus ganadores. Corríjala y envíela otra vez.',
  settlement_untold:
    'La liquidación de un concurso está cerrada y nadie nos avisó que hay que pagarla. Nunca se paga por sí sola: si se debe a sus ganadores, haga que se avise; si no, cierre esta alerta, como dice el manual.',
  settlements_untold:
    'Muchas liquidaciones de concursos están cerradas y nadie nos avisó que hay que pagarlas: se cargó un historial, o se pierden los avisos del marketplace. Nunca se pagan por sí solas: decida como dice el manual.',
  destination_disabled:
    'La cuenta de Stripe de un ganador o proveedor no puede recibir dinero. Se le paga en cuanto Stripe diga que puede.',
  destination_differs:
    'Una liquidación o reserva nombra otra cuenta de Stripe que la de quien cobra, o una de otro usuario. No se envía nada: averigüe cuál es la correcta, vincúlela y libere la transferencia.',
  reversal_refused:
    'No se pudo recuperar dinero de la cuenta de Stripe de un proveedor. Nos lo debe: se le descuenta de los próximos pagos.',
  booking_payout_failed:
    'Stripe no aceptó el pago de una reserva tantas veces como lo intentamos. Corrija la causa y luego pague de nuevo, o cancele.',
  alert_refused:
    'Slack o PagerDuty rechaza una alerta tal como es, así que no avisó a nadie: una clave de ruta equivocada, o una falla nuestra. Corríjala y envíe la alerta otra vez.',
  rail_books_differ:
    'Los libros de una vía, o los de NetSuite, contradicen los nuestros sobre dinero que se movió o no. Revise los hallazgos urgentes del informe antes de la próxima jornada de pagos.',
  rail_books_unclear:
    'Los libros de una vía, o los de NetSuite, difieren de los nuestros en algo que no urge, o no se pudieron leer hasta el final. Revise el informe.',
  settlement_notification_refused:
    'GSC no aceptó el aviso de cómo terminó el pago de una liquidación. Compárela con GSC.',
}

/** What kinds of alerts are called in Spanish; in English they go by their own names. */
export const esAlertNames: Readonly<Record<FinanceAlertKind, string>> = {
  closing_missing: 'falta el cierre',
  closing_different: 'el cierre difiere',
  bank_id_missing: 'sin cuenta a la que pagar',
  rail_currency: 'su vía no paga esta moneda',
  seller_closed: 'el vendedor está cerrado',
  document_currency: 'un documento en otra moneda',
  documents_unreadable: 'un documento que no se puede leer',
  document_in_other_balance: 'un documento que cuenta en otro saldo',
  late_document: 'documento tardío',
  tax_id_changed: 'cambió el RUT',
  tax_id_invalid: 'RUT no válido',
  unknown_seller: 'vendedor desconocido',
  vendor_refused: 'NetSuite rechaza al proveedor',
  insufficient_funds: 'fondos insuficientes',
  payment_rejected: 'pago rechazado',
  payment_tries_used_up: 'intentos agotados',
  payment_request_refused: 'solicitud rechazada',
  payment_compliance: 'detenido por cumplimiento',
  payment_reversed: 'pago devuelto',
  payment_pending_too_long: 'pendiente demasiado tiempo',
  payment_handed_over: 'pasado a una persona',
  payment_mismatch: 'la vía contradice nuestros libros',
  payment_unknown: 'pago de resultado desconocido',
  rail_unavailable: 'la vía no responde',
  rail_paused: 'la vía rechaza nuestras credenciales',
  rail_stopped: 'vía detenida',
  cap_reached: 'tope alcanzado',
  plan_required: 'falta un plan aprobado',
  destination_changed: 'cuenta cambiada hace poco',
  provider_credentials: 'credenciales rechazadas',
  pay_day_stalled: 'jornada detenida',
  vendor_payment_refused: 'NetSuite rechaza el pago',
  settlement_rejected: 'liquidación rechazada',
  settlement_untold: 'liquidación sin aviso',
  settlements_untold: 'muchas liquidaciones sin aviso',
  destination_disabled: 'cuenta que no puede recibir',
  destination_differs: 'cuenta distinta',
  reversal_refused: 'recuperación rechazada',
  booking_payout_failed: 'pago de reserva fallido',
  alert_refused: 'alerta rechazada',
  rail_books_differ: 'los libros de una vía difieren',
  rail_books_unclear: 'los libros de una vía, sin aclarar',
  settlement_notification_refused: 'GSC no aceptó el aviso',
}
