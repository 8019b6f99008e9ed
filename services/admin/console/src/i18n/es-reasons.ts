import type { WithdrawReason } from '@remesa/domain/booking-payout-steps'
import type { LateReason } from '@remesa/domain/late-document'
import type { PaymentOutcome } from '@remesa/domain/rail'
import type { SettlementRule } from '@remesa/domain/settlement'
import { esAlertNames } from './es-alerts.ts'
import { esCodes } from './es-codes.ts'
import { esPlans } from './es-plans.ts'

type OutcomeReason = Extract<PaymentOutcome, { kind: 'unknown' | 'declined_may_change' }>['reason']

const OF_OUTCOMES: Readonly<Record<OutcomeReason, string>> = {
  no_answer: 'sin respuesta',
  in_progress: 'aún en curso',
  server_error: 'error del servidor',
  replayed_error: 'error repetido',
  garbled: 'respuesta ilegible',
  credentials: 'credenciales rechazadas',
  mismatch: 'no coincide',
  funds: 'fondos insuficientes',
  rate_limited: 'demasiadas solicitudes',
  rail_unavailable: 'la vía no está disponible',
  superseded: 'abandonado por un intento nuevo',
}

const OF_WITHDRAWALS: Readonly<Record<WithdrawReason, string>> = {
  dispute_open: 'hay una disputa abierta',
  less_is_due: 'se debe menos',
  booking_closed: 'la reserva está cerrada',
  was_wanted_back: 'se pidió de vuelta',
}

const OF_RULES: Readonly<Record<SettlementRule, string>> = {
  not_closed: 'el concurso no está cerrado',
  no_winners: 'sin ganadores',
  unknown_currency: 'moneda desconocida',
  mixed_currency: 'monedas mezcladas',
  amount_not_positive: 'monto que no es positivo',
  duplicate_winner: 'ganador repetido',
  sum_differs: 'la suma difiere del total',
  winner_paid_before: 'un ganador ya se pagó por otra liquidación',
}

const OF_LATE_DOCUMENTS: Readonly<Record<LateReason, string>> = {
  unreadable: 'ilegible',
  not_counted: 'sin contar',
  seller_changed: 'cambió de vendedor',
  voided: 'anulado',
  deleted: 'eliminado',
  currency_changed: 'cambió de moneda',
  withheld: 'retenido',
  amount_changed: 'cambió de monto',
}

/** What made a booking be looked at, and what else is a reason. */
const OTHERS: Readonly<Record<string, string>> = {
  booking_completed: 'reserva completada',
  tip_added: 'propina agregada',
  tip_failed: 'propina fallida',
  tip_refunded: 'propina reembolsada',
  dispute_opened: 'disputa abierta',
  dispute_resolved: 'disputa resuelta',
  looked_again: 'nueva revisión',
  never_transferred: 'nunca se transfirió',
  receivable: 'deuda del proveedor',
}

/** Reasons that are codes, where one word of theirs is no person's word: those of the dictionary have an underscore. */
export const esReasons: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries({ ...esCodes, ...esPlans }).flatMap(([key, told]) =>
      key.startsWith('code.') && key.includes('_') ? [[key.slice('code.'.length), told]] : [],
    ),
  ),
  ...esAlertNames,
  ...OF_OUTCOMES,
  ...OF_WITHDRAWALS,
  ...OF_RULES,
  ...OF_LATE_DOCUMENTS,
  ...OTHERS,
}
