import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import type { AttemptState } from '@remesa/domain/payment-steps'
import { esAlerts } from './es-alerts.ts'

/** What happened, in Spanish, by the API's English words for it. What is not here is shown as the API has it. */
const TITLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(FINANCE_ALERT_KINDS.map((kind) => [sentenceOf(kind), esAlerts[kind]])),
  'Seller created': 'Vendedor creado',
  'Seller updated': 'Vendedor actualizado',
  'Seller refused': 'Vendedor rechazado',
  'Seller vendor synced': 'Vendedor llevado a NetSuite',
  'Seller balance retrieved': 'Saldo calculado',
  'Seller balance blocked': 'Saldo bloqueado',
  'Seller balance released': 'Saldo liberado',
  'Seller balance retried': 'Saldo intentado otra vez',
  'Seller balance paid again': 'Saldo pagado de nuevo',
  'Seller balance closing arrived': 'Llegó el cierre del saldo',
  'Balance repayment requested': 'Se pidió pagar el saldo de nuevo',
  'Transfer repayment requested': 'Se pidió pagar la transferencia de nuevo',
  'Control approved': 'Otra persona aprobó',
  'Control refused': 'Otra persona rechazó',
  'Control void': 'Solicitud sin efecto',
  'Payment claimed': 'Pago tomado',
  'Payment accepted': 'Pago aceptado por la vía',
  'Payment paid': 'Pago hecho',
  'Payment rejected': 'Pago rechazado',
  'NetSuite told': 'NetSuite informado',
  'GSC told': 'GSC informado',
  'Payout scheduled': 'Pago programado',
  'Payout held': 'Pago retenido',
  'Payout resumed': 'Pago reanudado',
  'Payout released': 'Pago liberado',
  'Payout overridden': 'Pago liberado por un operador',
  'Payout retried': 'Pago intentado otra vez',
  'Payout transferred': 'Pago transferido',
  'Payout failed': 'Pago fallido',
  'Payout cancelled': 'Pago cancelado',
  'Payout transfer held': 'Transferencia retenida',
  'Payout transfer released': 'Transferencia liberada',
  'Payout transfer claimed': 'Transferencia tomada',
  'Payout transfer accepted': 'Transferencia aceptada por Stripe',
  'Payout transfer declined for good': 'Transferencia rechazada en definitiva',
  'Payout transfer withdrawn': 'Transferencia retirada',
  'Payout transfer retried': 'Transferencia intentada otra vez',
  'Payout transfer paid again': 'Transferencia pagada de nuevo',
  'Payout job created': 'Trabajo de pagos creado',
  'Payout job started': 'Trabajo de pagos iniciado',
  'Payout job completed': 'Trabajo de pagos terminado',
  'Payout job reopened': 'Trabajo de pagos reabierto',
  'Settlement imported': 'Liquidación importada',
  'Settlement rejected': 'Liquidación rechazada',
  'The marketplace settled the contest': 'El marketplace liquidó el concurso',
  'It breaks a rule': 'Rompe una regla',
  'Stripe account updated': 'Cuenta de Stripe actualizada',
  Owed: 'Se debe',
  'Payment reserved': 'Pago reservado',
  'Payment refused': 'Pago rechazado',
  Withdrawn: 'Retirado',
  Payment: 'Pago',
  'Reading of NetSuite’s documents': 'Lectura de los documentos de NetSuite',
  'Look at the payment': 'Consulta del pago',
  'Report to NetSuite': 'Informe a NetSuite',
  'Report to GSC': 'Informe a GSC',
}

const STATES: Readonly<Record<AttemptState, string>> = {
  claimed: 'tomado',
  postponed: 'pospuesto',
  accepted: 'aceptado',
  paid: 'pagado',
  declined: 'rechazado',
  reversed: 'devuelto',
}
const ENDS: Readonly<Record<string, string>> = { succeeded: 'hecho', failed: 'falló', 'goes on': 'sigue' }

/** @param text - a title of a time line, or a sentence of an explanation's story: with a reason in brackets, and by whom */
export function happenedInSpanish(text: string): string {
  const [, title = text, reason = '', who] = /^(.*?)( \(.*\))?(?:, by (\S+))?$/s.exec(text) ?? []
  return `${titleInSpanish(title)}${reason}${who === undefined ? '' : `, por ${who}`}`
}

function titleInSpanish(title: string): string {
  const known = TITLES[title]
  if (known !== undefined) return known
  const [, generation, rail, state] = /^Attempt (\d+) through (\w+): (\w+)$/.exec(title) ?? []
  if (generation && rail && state) return `Intento ${generation} por ${rail}: ${STATES[state as AttemptState] ?? state}`
  const [, job, end] = /^(.+): (succeeded|failed|goes on)$/.exec(title) ?? []
  if (job && end) return `${TITLES[job] ?? job}: ${ENDS[end] ?? end}`
  const [, entry] = /^Ledger: (.+)$/.exec(title) ?? []
  return entry ? `Libro mayor: ${TITLES[entry] ?? entry}` : title
}
