import type { Sentences } from './dictionary.ts'
import { esCodes } from './es-codes.ts'
import { esPlans } from './es-plans.ts'
import { esReasons } from './es-reasons.ts'

/** Why something was not done, or cannot be shown: titles and details of the API's problems. */
export const esProblems: Sentences = {
  // Titles, by kind of problem.
  'The request is not right': 'La solicitud no es correcta',
  'Not authenticated': 'Sin autenticar',
  'The sign-in did not work': 'El ingreso no funcionó',
  'Not permitted': 'No permitido',
  'The request is not the console’s own': 'La solicitud no es de la consola',
  'A second person must decide': 'Debe decidir otra persona',
  'Not found': 'No se encontró',
  'It does not fit the current state': 'No corresponde al estado actual',
  'An approval is being waited for': 'Se espera una aprobación',
  'The approval has been decided': 'La aprobación ya se decidió',
  'The approval is void': 'La aprobación quedó sin efecto',
  'A second person must approve it first': 'Antes debe aprobarlo otra persona',
  'It is another plan': 'Es otro plan',
  'The plan is void': 'El plan es nulo',
  'The request is too large': 'La solicitud es demasiado grande',
  'The body is not JSON': 'El cuerpo no es JSON',
  'The key names another request': 'La clave nombra otra solicitud',
  'Too many requests': 'Demasiadas solicitudes',
  'Something went wrong here': 'Algo falló aquí',
  'Tokens cannot be checked now': 'Los tokens no se pueden comprobar ahora',
  'Nobody can sign in now': 'Nadie puede ingresar ahora',
  'The console is not built': 'La consola no está compilada',
  // What there is not.
  'There is no {method} at this address.': 'No existe {method} en esta dirección.',
  'Remesa does not know {id}: neither an event of Stripe’s nor a comparison has told of it. Compare its day with Stripe to find it.':
    'Remesa no conoce {id}: ni un evento de Stripe ni una comparación informó de él. Compare su día con Stripe para encontrarlo.',
  'There is nothing of the id {id}.': 'No hay nada con el id {id}.',
  'There is no payout {id}.': 'No existe el pago {id}.',
  'There is no balance {id}.': 'No existe el saldo {id}.',
  'There is no transfer {id}.': 'No existe la transferencia {id}.',
  'There is no seller {id}.': 'No existe el vendedor {id}.',
  'There is no alert {id}.': 'No existe la alerta {id}.',
  'There is no approval {id}.': 'No existe la aprobación {id}.',
  'There is no approval {id} of settlements that were brought.':
    'No existe la aprobación {id} de liquidaciones importadas.',
  'There is no rail {name}.': 'No existe la vía de pago {name}.',
  'There is no cap {id}.': 'No existe el tope {id}.',
  'There is no rule {id}.': 'No existe la regla {id}.',
  'There is no plan {id}.': 'No existe el plan {id}.',
  'There is no pay-day of {date}.': 'No hay una jornada de pagos del {date}.',
  'There is no pay-day yet.': 'Aún no hay ninguna jornada de pagos.',
  'There is no job {name}.': 'No existe la tarea {name}.',
  'There is no dead letter {id}.': 'No existe el mensaje apartado {id}.',
  'There is no reconciliation {id}.': 'No existe la conciliación {id}.',
  'There is no finding {id}.': 'No existe el hallazgo {id}.',
  // Who may, and who has to.
  'This needs the role {?role}, which you do not have.': 'Esto requiere el rol de {role}, que usted no tiene.',
  'You asked for it yourself; somebody else must decide.': 'Lo pidió usted; debe decidir otra persona.',
  'You planned it yourself; somebody else must approve it.': 'Lo planeó usted; debe aprobarlo otra persona.',
  'This is asked for already; a second person decides first.': 'Esto ya se pidió; antes debe decidir otra persona.',
  'A change of this cap is asked for already; it is decided first.':
    'Ya se pidió un cambio de este tope; antes hay que decidirlo.',
  'A change of this rule is asked for already; it is decided first.':
    'Ya se pidió un cambio de esta regla; antes hay que decidirlo.',
  'A restart of {?rail} is asked for already; it is decided first.':
    'Ya se pidió reanudar {rail}; antes hay que decidirlo.',
  'An approval to {?action} this payout is open already; it is decided first.':
    'Ya hay una aprobación abierta para este pago ({action}); antes hay que decidirla.',
  'The approval is {?status} already.': 'El estado de la aprobación ya es «{status}».',
  'The alert is {?status} already.': 'El estado de la alerta ya es «{status}».',
  // What is no longer so.
  'What would be paid now is no longer this plan, so it is void. Plan again.':
    'Lo que se pagaría ahora ya no es este plan, así que es nulo. Planee otra vez.',
  'A second person must approve this plan before it is applied.':
    'Otra persona debe aprobar este plan antes de aplicarlo.',
  'The plan has another hash than the one that was seen.': 'La huella del plan no es la que se vio.',
  'The plan is {?status} already.': 'El estado del plan ya es «{status}».',
  'The plan’s lines are not those of its hash: somebody changed them in the database. It is void. Plan again.':
    'Las líneas del plan no son las de su huella: alguien las cambió en la base de datos. Es nulo. Planee otra vez.',
  'It was planned too long ago, and nobody applied it in time, so it is void. Plan again.':
    'Se planeó hace demasiado tiempo y nadie lo aplicó a tiempo, así que es nulo. Planee otra vez.',
  'The plan was discarded by {who}. Plan again.': '{who} descartó el plan. Planee otra vez.',
  'The finding is settled.': 'El hallazgo está resuelto.',
  'The job is paused: resume it first.': 'La tarea está en pausa: reanúdela antes.',
  '{?rail} is not stopped.': '{rail} no está detenida.',
  'The account of {?type} {id} was not changed, or was released.':
    'La cuenta de {type} {id} no cambió, o ya se liberó.',
  '{id} owes nothing in {currency}.': '{id} no debe nada en {currency}.',
  '{id} owes less than that.': '{id} debe menos que eso.',
  'This payment at the bank has settled a part of the debt already.':
    'Este pago en el banco ya saldó una parte de la deuda.',
  'Settlement {id} stands here otherwise ({fields}), {?why}. Nothing was stored.':
    'La liquidación {id} está aquí de otra forma ({fields}), {why}. No se guardó nada.',
  // Payouts.
  'A payout that is {?status} cannot be asked to {?action}.':
    'Para un pago en estado «{status}» no se puede pedir: {action}.',
  'A payout that is on_hold for a dispute is not resumed: it goes on by itself once its disputes are resolved.':
    'Un pago retenido por una disputa no se reanuda: sigue por sí solo cuando sus disputas se resuelvan.',
  'Its transfer is on its way, and may be paid already.': 'Su transferencia va en camino y puede estar pagada.',
  'Its booking is closed: a payout of it was cancelled.': 'Su reserva está cerrada: se canceló un pago de ella.',
  // Balances and transfers.
  'A balance that is {?status} is not retried: {=why}.': 'Un saldo en estado «{status}» no se intenta otra vez: {why}.',
  'A transfer that is {?status} is not retried: {=why}.':
    'Una transferencia en estado «{status}» no se intenta otra vez: {why}.',
  'It cannot be paid again: {=why}.': 'No se puede pagar de nuevo: {why}.',
  'Only a blocked balance is released, and this one is {?status}.':
    'Solo se libera un saldo bloqueado, y este está en estado «{status}».',
  'Only a blocked balance is released, and this one is {?status}. Retry it instead.':
    'Solo se libera un saldo bloqueado, y este está en estado «{status}». En su lugar, inténtelo otra vez.',
  'The seller’s account changed lately: it goes by itself in time, or before it by two people.':
    'La cuenta del vendedor cambió hace poco: sale por sí solo a su hora, o antes si dos personas lo liberan.',
  '{=what}: {?blocked}. GSC’s next word on the seller releases it once that is mended.':
    '{what}: {blocked}. Corregido eso, lo libera la próxima noticia de GSC sobre el vendedor.',
  // Reconciliations.
  'Only payments of a finished report of billing can be copied.':
    'Solo se copian pagos de un informe de cobros terminado.',
  'The report found nothing about {ids}.': 'El informe no encontró nada sobre {ids}.',
  'Only reconciliations of whole UTC days can be repeated.': 'Solo se repiten conciliaciones de días UTC completos.',
  'The days before {date} are not over.': 'Los días antes del {date} no han terminado.',
  'The days before {date} are not over, or only just: what Stripe tells of them is still under way.':
    'Los días antes del {date} no han terminado, o apenas: lo que Stripe informa de ellos aún está en camino.',
  // The request itself.
  'This Idempotency-Key was used for another request; give each request its own.':
    'Esta Idempotency-Key se usó para otra solicitud; dé a cada una la suya.',
  'The request cannot be read.': 'No se puede leer la solicitud.',
  'The body is larger than {bytes} bytes.': 'El cuerpo supera los {bytes} bytes.',
  'Send the body as application/json.': 'Envíe el cuerpo como application/json.',
  'The body is not JSON.': 'El cuerpo no es JSON.',
  'The body is empty.': 'El cuerpo está vacío.',
  'Something went wrong here; it is logged. Send the request again.':
    'Algo falló aquí; quedó registrado. Envíe la solicitud otra vez.',
  '{?part}: {=what}.': '{part}: {what}.',
  // The session.
  'Too many sign-ins from here; try again in {seconds} s.':
    'Demasiados ingresos desde aquí; intente otra vez en {seconds} s.',
  'The console is not built: node services/admin/console/build.ts.':
    'La consola no está compilada: node services/admin/console/build.ts.',
  'Sign in, or send an access token: "Authorization: Bearer …".':
    'Ingrese, o envíe un token de acceso: "Authorization: Bearer …".',
  'The session has ended; sign in again.': 'La sesión terminó; ingrese otra vez.',
  'With a session this needs the value of the cookie {cookie} in the header {header}.':
    'Con una sesión esto requiere el valor de la cookie {cookie} en el encabezado {header}.',
}

/** What stands within them. */
export const esProblemParts: Sentences = {
  ...Object.fromEntries(
    Object.entries({ ...esCodes, ...esPlans }).flatMap(([key, told]) =>
      key.startsWith('code.') ? [[key.slice('code.'.length), told]] : [],
    ),
  ),
  ...esReasons,
  // What may be asked of a payout.
  hold: 'retenerlo',
  resume: 'quitar la retención',
  retry: 'pagarlo de nuevo',
  cancel: 'cancelarlo',
  force_release: 'pagarlo ahora',
  // Why nothing is paid again.
  'it may be paid already, and only its rail can tell: it is asked again by itself':
    'puede estar pagado, y solo su vía lo sabe: se le pregunta otra vez por sí solo',
  'what is owed is being compared at this moment': 'en este momento se compara lo que se debe',
  'nothing is owed': 'no se debe nada',
  'it is blocked; release it once its cause is mended': 'está bloqueado; libérelo cuando se corrija la causa',
  'the rail has taken it, and it is not known to have arrived': 'la vía lo tomó, y no se sabe que haya llegado',
  'it is paid': 'está pagado',
  'it waits for an account that can receive it, and goes once there is one':
    'espera una cuenta que pueda recibirlo, y sale cuando la haya',
  'its booking took it back': 'su reserva lo retiró',
  'its last attempt has not ended for certain, and may be paid':
    'no es seguro que su último intento haya terminado, y puede estar pagado',
  'it is of a booking’s payout; retry the payout {id}': 'es del pago de una reserva; pague de nuevo el pago {id}',
  'its payee has no account on record': 'quien cobra no tiene una cuenta registrada',
  'the ledger does not owe its payee so much': 'según el libro mayor no se le debe tanto a quien cobra',
  'the ledger does not owe the seller so much': 'según el libro mayor no se le debe tanto al vendedor',
  'it would be blocked at once, {?blocked}': 'se bloquearía en seguida: {blocked}',
  'its rail keeps the reference of what came back and takes no second payment for it: settle it with the seller outside, and leave it returned':
    'su vía guarda la referencia de lo que volvió y no acepta un segundo pago por ella: resuélvalo con el vendedor por fuera y déjelo devuelto',
  'its rail’s books contradict ours; compare them, and resolve the alert payment_mismatch first':
    'los libros de su vía contradicen los nuestros; compárelos y resuelva antes la alerta «la vía contradice nuestros libros»',
  'the rail’s compliance rules stopped it; legal decides, and the alert payment_compliance is resolved first':
    'lo detuvieron las reglas de cumplimiento de la vía; decide legal, y antes se resuelve la alerta «detenido por cumplimiento»',
  'a report says that its rail has it, or has it twice; look there, and settle the urgent finding of the report first':
    'un informe dice que su vía lo tiene, o lo tiene dos veces; revíselo y resuelva antes el hallazgo urgente del informe',
  'What blocked it still stands': 'Lo que lo bloqueó sigue igual',
  'It would be blocked again': 'Se bloquearía otra vez',
  // Why settlements are not stored.
  'and is being paid or is paid, so that nothing changes it any more':
    'y se está pagando o está pagada, así que ya nada la cambia',
  'and is being paid or is paid': 'y se está pagando o está pagada',
  'and was not to be replaced': 'y no se pidió reemplazarla',
  'and gives way only where `replace` is asked for': 'y solo se reemplaza donde se pide `replace`',
  '{=why}, and {count} more stand here otherwise': '{why}, y otras {count} están aquí de otra forma',
  // What is wrong with a part of a request.
  'is not right': 'no es correcto',
  'must not be empty': 'no puede estar vacío',
  'must have at most {count} characters': 'debe tener como máximo {count} caracteres',
  'must have no control characters': 'no puede tener caracteres de control',
  'must have no control characters, nor spaces around it': 'no puede tener caracteres de control ni espacios alrededor',
  'must be an id of ours, a UUID': 'debe ser un id nuestro, un UUID',
  'must be `next` of the page before': 'debe ser el `next` de la página anterior',
  'must be whole minor units': 'debe ser en unidades mínimas enteras',
  'must be whole minor units, above zero': 'debe ser en unidades mínimas enteras, mayor que cero',
  'is no currency that Remesa pays in': 'no es una moneda en la que Remesa paga',
  'names the payment of a debt that is repaid, and only of one':
    'nombra el pago de una deuda que se devuelve, y solo de una',
  'must be after `from`': 'debe ser posterior a `from`',
  'must be billing for a tolerance, or to leave refunds out':
    'debe ser de cobros para tener tolerancia o dejar fuera los reembolsos',
  'must be the whole hash of the plan': 'debe ser la huella completa del plan',
  'must be a Stripe account, acct_…, or null': 'debe ser una cuenta de Stripe, acct_…, o null',
  'must have one at least': 'debe tener al menos una',
  'must have at most {count}': 'debe tener como máximo {count}',
  'must have each one once': 'debe tener cada una una sola vez',
  'must have at most {count} winners together': 'debe tener como máximo {count} ganadores en total',
  'is missing: name the request, so that sending it twice does it once':
    'falta: nombre la solicitud, para que enviada dos veces se haga una sola',
  'must have 1 to 200 visible ASCII characters': 'debe tener de 1 a 200 caracteres ASCII visibles',
}
