import { chooseRail } from '@remesa/domain/bank-choice'
import { currency as currencyOf } from '@remesa/domain/currency'
import { paysAgainAfterReturn, retryOfBalance, SETTLED_OUTSIDE } from '@remesa/domain/repayment'
import type { OperationType, SellerStatus } from '@remesa/domain/seller'
import type { BlockedReason, SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { RELEASED_BY } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { ControlApproval } from './control-approvals.ts'
import { latestAttempts } from './payment-attempts.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'
import { type Asking, askSecondPerson, closeEndAlerts, isSameWish, unsettledMatter } from './second-person.ts'
import { releaseByHand } from './seller-balances.ts'

// What operators do about one seller balance. The next claim decides by the rows, as always: nothing here makes an attempt
// or a key, and a balance that may be paid is left alone.

/** What came of what an operator asked for. */
export type BalanceAnswer =
  /** Done: `goesOn` says which message must follow in the same transaction. */
  | { readonly kind: 'done'; readonly goesOn: 'payment' | 'retrieval' }
  | Asking
  /** Nothing was changed; one sentence for people. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'not_found' }

/**
 * Has a balance tried now: what waits for funds, for its next try or for a message, at once; what failed for good or came
 * back, once a second person agrees.
 */
export async function retryBalance(tx: Transaction<Schema>, id: string, asked: Asked): Promise<BalanceAnswer> {
  const row = await lockBalance(tx, id)
  if (!row) return { kind: 'not_found' }
  const rule = retryOfBalance(row.status)
  switch (rule.kind) {
    case 'refused':
      return refused(`A balance that is ${row.status} is not retried: ${rule.why}.`)
    case 'now':
      return tryNow(tx, row, asked)
    case 'again':
      return askToPayAgain(tx, row, asked)
  }
}

/** Lets a blocked balance go on whose cause is mended: to payment, or to be read from NetSuite again. */
export async function releaseBalance(tx: Transaction<Schema>, id: string, asked: Asked): Promise<BalanceAnswer> {
  const row = await lockBalance(tx, id)
  if (!row) return { kind: 'not_found' }
  if (row.status !== 'blocked' || row.blocked_reason === null) {
    return refused(
      retryOfBalance(row.status).kind === 'refused'
        ? `Only a blocked balance is released, and this one is ${row.status}.`
        : `Only a blocked balance is released, and this one is ${row.status}. Retry it instead.`,
    )
  }
  if (RELEASED_BY[row.blocked_reason] === 'time') {
    return refused('The seller’s account changed lately: it goes by itself in time, or before it by two people.')
  }
  if (RELEASED_BY[row.blocked_reason] === 'seller_update') {
    const choice = railOf(row)
    if ('blocked' in choice) {
      const what = choice.blocked === row.blocked_reason ? 'What blocked it still stands' : 'It would be blocked again'
      return refused(`${what}: ${choice.blocked}. GSC’s next word on the seller releases it once that is mended.`)
    }
  }
  const [released] = await releaseByHand(tx, [id], asked)
  if (!released) throw new Error(`blocked seller balance ${id} was not released while its row was ours`)
  return { kind: 'done', goesOn: released.status === 'initialized' ? 'retrieval' : 'payment' }
}

/** @returns whether what two people are about to agree to is still how the balance stands. Locks the balance. */
export async function isRepaymentStillAsked(tx: Transaction<Schema>, approval: ControlApproval): Promise<boolean> {
  const row = await lockBalance(tx, approval.subjectId)
  if (!row || retryOfBalance(row.status).kind !== 'again') return false
  const seen = await seenOf(tx, row)
  return 'wish' in seen && isSameWish(seen.wish, approval.wish)
}

/**
 * Makes a balance that had ended unpaid payable again, as an approval says that has just been given: the next claim makes a
 * new generation. The deed is whose wish it was.
 * @throws from the database without a second person's approval of this very repayment
 */
export async function payBalanceAgain(tx: Transaction<Schema>, approval: ControlApproval, now: Date): Promise<void> {
  const { id, subjectId, requestedBy, reason } = approval
  const row = await lockBalance(tx, subjectId)
  if (!row) throw new Error(`seller balance ${subjectId} is gone`)
  await sql`
    update seller_balances set status = 'payable', attempts = 0, funds_refusals = 0, next_try_at = null,
      repayments = repayments + 1, report_lease_expires_at = null, updated_at = ${now}
    where id = ${subjectId}`.execute(tx)
  await recordAudit(tx, [
    {
      actor: requestedBy,
      action: 'seller_balance.paid_again',
      subject: subjectOf(subjectId),
      reason,
      before: { status: row.status },
      after: { status: 'payable', approvalId: id },
    },
  ])
  await closeEndAlerts(tx, subjectOf(subjectId), `Two people have it paid again: ${reason}`)
}

interface BalanceRow {
  id: string
  status: SellerBalanceStatus
  currency: string
  amount_owed: bigint | null
  blocked_reason: BlockedReason | null
  next_try_at: Date | null
  repayments: number
  seller_id: string
  operation_type: OperationType
  seller_status: SellerStatus
  fpay_id: string | null
  payoneer_payee_id: string | null
}

const subjectOf = (id: string) => ({ type: 'seller_balance', id })
const refused = (why: string): BalanceAnswer => ({ kind: 'refused', why })

/**
 * The seller is locked, too, for where the money would go is part of what people agree to; and first, as whoever changes it
 * locks it before its balances.
 */
async function lockBalance(tx: Transaction<Schema>, id: string): Promise<BalanceRow | undefined> {
  await sql`
    select from sellers where id = (select seller_id from seller_balances where id = ${id}) for share`.execute(tx)
  const { rows } = await sql<BalanceRow>`
    select b.id, b.status, b.currency, b.amount_owed, b.blocked_reason, b.next_try_at, b.repayments, b.seller_id,
      s.operation_type, s.status as seller_status, s.fpay_id, s.payoneer_payee_id
    from seller_balances b join sellers s on s.id = b.seller_id
    where b.id = ${id} for update of b`.execute(tx)
  return rows[0]
}

const railOf = (row: BalanceRow) =>
  chooseRail(
    {
      operationType: row.operation_type,
      status: row.seller_status,
      fpayId: row.fpay_id,
      payoneerPayeeId: row.payoneer_payee_id,
    },
    { currency: currencyOf(row.currency) },
  )

async function tryNow(tx: Transaction<Schema>, row: BalanceRow, { actor, reason, now }: Asked): Promise<BalanceAnswer> {
  await sql`
    update seller_balances set next_try_at = null, updated_at = ${now} where id = ${row.id}`.execute(tx)
  await recordAudit(tx, [
    {
      actor,
      action: 'seller_balance.retried',
      subject: subjectOf(row.id),
      reason,
      before: { status: row.status, nextTryAt: row.next_try_at?.toISOString() ?? null },
      after: { status: row.status, nextTryAt: null },
    },
  ])
  return { kind: 'done', goesOn: row.status === 'initialized' ? 'retrieval' : 'payment' }
}

async function askToPayAgain(tx: Transaction<Schema>, row: BalanceRow, asked: Asked): Promise<BalanceAnswer> {
  const seen = await seenOf(tx, row)
  if ('why' in seen) return refused(`It cannot be paid again: ${seen.why}.`)
  const { wish } = seen
  return askSecondPerson(tx, { kind: 'balance_repayment', subject: subjectOf(row.id), wish }, asked)
}

/** The balance as two people agree to pay it again, or why nobody may. */
async function seenOf(tx: Transaction<Schema>, row: BalanceRow) {
  // Under the lock: what an attempt was before it may be history.
  const attempt = (await latestAttempts(tx, 'seller_balance', [row.id])).get(row.id)
  if (attempt?.state !== 'declined' && attempt?.state !== 'reversed') {
    return { why: 'its last attempt has not ended for certain, and may be paid' }
  }
  const unsettled = await unsettledMatter(tx, subjectOf(row.id))
  if (unsettled) return { why: unsettled }
  const choice = railOf(row)
  if ('blocked' in choice) return { why: `it would be blocked at once, ${choice.blocked}` }
  if (attempt.state === 'reversed' && choice.rail === attempt.rail && !paysAgainAfterReturn(choice.rail)) {
    return { why: SETTLED_OUTSIDE }
  }
  if (row.amount_owed === null || !(await isOwed(tx, row, row.amount_owed))) {
    return { why: 'the ledger does not owe the seller so much' }
  }
  return {
    wish: {
      repayment: row.repayments + 1,
      status: row.status,
      amount: row.amount_owed,
      currency: row.currency,
      rail: choice.rail,
      destination: choice.destination,
      afterGeneration: attempt.generation,
    },
  }
}

async function isOwed(tx: Transaction<Schema>, { seller_id, currency }: BalanceRow, amount: bigint): Promise<boolean> {
  const { rows } = await sql<{ owed: bigint }>`
    select balance as owed from ledger_payee_balances
    where account = 'payee:' || ${seller_id}::text and currency = ${currency}`.execute(tx)
  return (rows[0]?.owed ?? 0n) >= amount
}
