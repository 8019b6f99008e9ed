import type { Sentences } from './dictionary.ts'
import { esCodes } from './es-codes.ts'

/** What reconciliations recommend: of billing, and of the rails' books. */
export const esAdvice: Sentences = {
  'Nothing was compared: {error}. Mend that, and reconcile {?span} again.':
    'No se comparó nada: {error}. Corríjalo y vuelva a conciliar {span}.',
  '{id} alone is {money} of {all} at risk ({?category}): look at it first.':
    '{id} solo es {money} de los {all} en riesgo ({category}): revíselo primero.',
  'No webhook of Stripe’s was recorded from {?span}: {=payments} ({?money}). Resend the events of that time, or sync {?ids}.':
    'No se registró ningún webhook de Stripe de {span}: {payments} ({money}). Reenvíe los eventos de ese período, o copie {ids}.',
  '{=payments} in Stripe ({?money}) {are} not in the database, from {?span}: sync {?ids}.':
    'En Stripe y no en la base de datos, de {span}: {payments} ({money}). Copie {ids}.',
  '{=payments} recorded exactly {hours} h {?which} than Stripe has {it}, across the edge of the window: the writer’s time zone is not UTC. Mend it, then sync {?ids}.':
    'Con la hora registrada exactamente {hours} h {which} que en Stripe, al otro lado del borde del período: {payments}. La zona horaria de quien los escribe no es UTC. Corríjala y luego copie {ids}.',
  '{=payments} recorded by hand ({?money}) {are} not in Stripe: enter the Stripe ids, or void them: {?ids}.':
    'Registrados a mano y ausentes de Stripe: {payments} ({money}). Ingrese los ids de Stripe, o anúlelos: {ids}.',
  '{=payments} in the database ({?money}) {are} unknown to Stripe: look for another account or test mode, else void them: {?ids}.':
    'En la base de datos y desconocidos para Stripe: {payments} ({money}). Busque otra cuenta o el modo de prueba; si no, anúlelos: {ids}.',
  '{=payments} {differ} by exactly a factor of 10, 100 or 1,000 ({?money}): somebody mistakes minor units. Mend the writer, then sync {?ids}.':
    'Con un monto exactamente 10, 100 o 1.000 veces mayor o menor: {payments} ({money}). Alguien confunde las unidades mínimas. Corrija a quien los escribe y luego copie {ids}.',
  '{=payments} with another amount than in Stripe ({?money}): sync {?ids}.':
    'Con otro monto que en Stripe: {payments} ({money}). Copie {ids}.',
  '{=payments} with other refunds than in Stripe ({?money}): sync {?ids}.':
    'Con otros reembolsos que en Stripe: {payments} ({money}). Copie {ids}.',
  '{=payments} in another currency than in Stripe ({?money}): find out who wrote it, then sync {?ids}.':
    'En otra moneda que en Stripe: {payments} ({money}). Averigüe quién los escribió y luego copie {ids}.',
  '{=payments} charged more than once ({?money} not on record): give the customers back what is too much: {?ids}.':
    'Cobrados más de una vez: {payments} ({money} sin registrar). Devuelva a los clientes lo que sobra: {ids}.',
  '{=payments} recorded again under another id ({?money} counted twice): delete {?ids}.':
    'Registrados otra vez con otro id: {payments} ({money} contados dos veces). Elimine {ids}.',
  '{=payments} recorded under the id of the charge, not of its payment: sync {?ids}, which records the payment, and then delete what stands under these ids.':
    'Registrados con el id del cargo y no con el de su cobro: {payments}. Copie {ids}, lo que registra el cobro, y luego elimine lo que está con esos ids.',
  '{=payments} in the database ({?money}) {are} not in Stripe’s lists of the window, and {were} not looked up, there being too many: find out who wrote them from {?span}, then reconcile shorter windows: {?ids}.':
    'En la base de datos, no en las listas de Stripe del período, y sin consultar por ser demasiados: {payments} ({money}). Averigüe quién los escribió de {span} y luego concilie períodos más cortos: {ids}.',
  '{=payments} with refunds on record ({?money}) that are not in Stripe’s lists of the window, and were not looked up, there being too many: sync what was not looked up, which asks Stripe about each, and reconcile again: {?ids}.':
    'Con reembolsos registrados ({money}) que no están en las listas de Stripe del período y no se consultaron por ser demasiados: {payments}. Copie lo que no se consultó, lo que pregunta a Stripe por cada uno, y vuelva a conciliar: {ids}.',
  '{=payments} with refunds that are pending at Stripe: nothing to do until Stripe has ended them; the later comparisons of that day tell how: {?ids}.':
    'Con reembolsos pendientes en Stripe: {payments}. No hay nada que hacer hasta que Stripe los termine; las comparaciones posteriores de ese día dirán cómo: {ids}.',
  '{=payments} with refunds that are pending on record, and not at Stripe any more: sync {?ids}.':
    'Con reembolsos pendientes en el registro y ya no en Stripe: {payments}. Copie {ids}.',
  '{=payments} refunded outside the window: nothing to do, the refund belongs to its own day: {?ids}.':
    'Reembolsados fuera del período: {payments}. No hay nada que hacer, el reembolso pertenece a su propio día: {ids}.',
  '{=payments} with another time than in Stripe, across the edge of the window: sync {?ids}.':
    'Con otra hora que en Stripe, al otro lado del borde del período: {payments}. Copie {ids}.',
  '{where} could not be read to the end: run this again before anybody acts on it.':
    'No se pudo leer {where} hasta el final: vuelva a comparar antes de que alguien actúe.',
  '{where} has a second payment of what is paid once: fetch the money back. {?ids}.':
    '{where} tiene un segundo pago de lo que se paga una vez: recupere el dinero. {ids}.',
  '{where} has payments that we do not know of, believe refused or believe returned: hold what they pay before it is paid again. {?ids}.':
    '{where} tiene pagos que no conocemos, o que creemos rechazados o devueltos: retenga lo que pagan antes de que se pague otra vez. {ids}.',
  'We hold payments for made that {where} has not made or has taken back: the payees were told. {?ids}.':
    'Damos por hechos pagos que {where} no hizo o retiró: ya se avisó a quienes cobran. {ids}.',
  '{where} moved another currency than we asked for: find out what was sent. {?ids}.':
    '{where} movió otra moneda que la pedida: averigüe qué se envió. {ids}.',
  'More is out at {where} than we asked for: fetch the difference back. {?ids}.':
    'Por {where} salió más de lo pedido: recupere la diferencia. {ids}.',
  'Less is out at {where} than we recorded: find out what came back, and pay it. {?ids}.':
    'Por {where} salió menos de lo registrado: averigüe qué volvió y páguelo. {ids}.',
  '{where} has paid what we still wait for: look at the callbacks and the polling. {?ids}.':
    '{where} pagó lo que aún esperamos: revise sus avisos y las consultas periódicas. {ids}.',
  '{where} does not have what we take for accepted, or has ended it: look it up, then release it. {?ids}.':
    '{where} no tiene lo que damos por aceptado, o lo terminó: consúltelo y luego libérelo. {ids}.',
}

/** What stands within them. */
export const esAdviceParts: Sentences = {
  '1 payment': '1 cobro',
  '{count} payments': '{count} cobros',
  '{ids} and {count} more': '{ids} y {count} más',
  '{first} to {last}': '{first} a {last}',
  nothing: 'sin diferencia de dinero',
  later: 'más tarde',
  earlier: 'más temprano',
  ...Object.fromEntries(
    (
      [
        ...['missing_in_database', 'missing_in_stripe', 'amount_mismatch', 'refund_mismatch', 'currency_mismatch'],
        ...['duplicate', 'not_looked_up', 'timing'],
      ] as const
    ).map((category) => [category.replaceAll('_', ' '), esCodes[`code.${category}`]]),
  ),
}
