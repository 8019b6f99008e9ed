import {
  type Approval,
  decideApproval,
  insertApproval,
  isApprovable,
  lockOpenApproval,
  type SeenPayout,
} from '@remesa/database/approvals'
import { recordAudit } from '@remesa/database/audit'
import { overridePayout } from '@remesa/database/booking-overrides'
import { type BookingPayout, findPayout } from '@remesa/database/booking-payouts'
import { lockPayout } from '@remesa/database/payout-reads'
import type { Schema } from '@remesa/database/schema'
import type { BookingOverride } from '@remesa/domain/booking-payout'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql, type Transaction } from 'kysely'
import { type ApprovalLimits, takesTwo } from './approval-limits.ts'
import { type Outcome, refused } from './outcome.ts'
import { payoutJson, toWire } from './wire.ts'

/** Two clocks that differ in development only. */
export interface Clock {
  readonly now: Date
  /** What the rules of bookings take for now. */
  readonly rulesNow: Date
}

/** An action as somebody asked for it. */
export interface Wish {
  readonly payoutId: string
  readonly action: BookingOverride
  /** `operator:<subject>`. */
  readonly actor: string
  readonly reason: string
  readonly clock: Clock
}

/**
 * Does to a payout what an operator asked for; or, above the limit of its currency, writes down that a second person has to
 * agree. An approval that is open is void once the payout was acted on.
 */
export async function actOnPayout(tx: Transaction<Schema>, wish: Wish, limits: ApprovalLimits): Promise<Outcome> {
  const { payoutId, action } = wish
  const found = await lockPayout(tx, payoutId, action)
  if (!found) return refused('not-found', `There is no payout ${payoutId}.`)
  const open = await lockOpenApproval(tx, payoutId)
  const needsTwo = found.seen.sums.some((sum) => takesTwo(limits, sum))
  if (isApprovable(action) && needsTwo) {
    return askForApproval(tx, { ...wish, action }, { seen: found.seen, open })
  }
  const outcome = await override(tx, wish)
  if (outcome.kind === 'done' && open) await voidApproval(tx, open, wish, `The payout was changed: ${action}.`)
  return outcome
}

async function askForApproval(
  tx: Transaction<Schema>,
  wish: Wish & { readonly action: Approval['action'] },
  { seen, open }: { seen: SeenPayout; open: Approval | undefined },
): Promise<Outcome> {
  const trial = await attempted(tx, wish)
  if (trial.kind === 'refused') return trial
  if (open && isUnchanged(open.seen, seen)) {
    const detail = `An approval to ${open.action} this payout is open already; it is decided first.`
    return refused('approval-open', detail, { approval: toWire(open) })
  }
  if (open) await voidApproval(tx, open, wish, DRIFTED)
  const approval = await insertApproval(tx, { ...wish, seen, requestedBy: wish.actor }, wish.clock.now)
  await recordAudit(tx, [
    {
      actor: wish.actor,
      action: 'payout.approval_requested',
      subject: { type: 'payout', id: wish.payoutId },
      reason: wish.reason,
      after: { approvalId: approval.id, action: wish.action, ...seen },
    },
  ])
  return { kind: 'done', status: 202, answer: await answerOf(tx, wish.payoutId, approval) }
}

/** Why an approval is void that was asked for a payout that has changed since. */
export const DRIFTED =
  'The payout’s amount, what is open of its booking, status or disputes are no longer what they were when it was asked for.'

/** Ends an approval that can no longer be given. */
export async function voidApproval(
  tx: Transaction<Schema>,
  { id, payoutId }: Approval,
  { actor, clock }: Pick<Wish, 'actor' | 'clock'>,
  reason: string,
): Promise<Approval> {
  const approval = await decideApproval(tx, id, { status: 'void', reason }, clock.now)
  await recordAudit(tx, [
    {
      actor,
      action: 'payout.approval_void',
      subject: { type: 'payout', id: payoutId },
      reason,
      before: { approvalId: id, status: 'open' },
      after: { approvalId: id, status: 'void' },
    },
  ])
  return approval
}

/** Acts, and has the booking looked at again, in the same transaction. */
export async function override(tx: Transaction<Schema>, wish: Wish): Promise<Outcome> {
  const done = await overridePayout(tx, { ...wish, now: wish.clock.rulesNow })
  switch (done.kind) {
    case 'done':
      await enqueue(tx, topics.bookingPayout, [{ data: { bookingId: done.bookingId } }])
      return { kind: 'done', status: 200, answer: await answerOf(tx, wish.payoutId, null) }
    case 'wrong_state': {
      const payout = await getPayout(tx, wish.payoutId)
      return refused('wrong-state', asSentence(done.reason), { current: payoutJson(payout) })
    }
    case 'not_found':
      return refused('not-found', `There is no payout ${wish.payoutId}.`)
  }
}

/** What would become of it: all that was done is undone. The rules of what fits which state stand in one place. */
async function attempted(tx: Transaction<Schema>, wish: Wish): Promise<Outcome> {
  await sql`savepoint attempted`.execute(tx)
  const outcome = await override(tx, wish)
  await sql`rollback to savepoint attempted`.execute(tx)
  return outcome
}

export const answerOf = async (tx: Transaction<Schema>, payoutId: string, approval: Approval | null) => ({
  payout: payoutJson(await getPayout(tx, payoutId)),
  approval: toWire(approval),
})

const asSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

async function getPayout(tx: Transaction<Schema>, id: string): Promise<BookingPayout> {
  const payout = await findPayout(tx, id)
  if (!payout) throw new Error(`payout ${id} is gone`)
  return payout
}

/** @returns whether a payout still stands as it was seen */
export const isUnchanged = (one: SeenPayout, other: SeenPayout): boolean =>
  one.status === other.status &&
  one.amount === other.amount &&
  one.currency === other.currency &&
  isSameList(one.sums.map(toText), other.sums.map(toText)) &&
  isSameList(one.openDisputes, other.openDisputes)

const toText = ({ amount, currency }: SeenPayout['sums'][number]): string => `${amount} ${currency}`

const isSameList = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index])
