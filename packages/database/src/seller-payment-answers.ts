import { sellerBalanceKey } from '@remesa/domain/idempotency-key'
import { afterPay, CALLS_BEFORE_ALERT, type PaymentPatience, type PaymentStep } from '@remesa/domain/payment-steps'
import type { PaymentOutcome, RailName } from '@remesa/domain/rail'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import { jobNote } from './job-notes.ts'
import { inTransit, type LedgerEntry, moved, payeeAccount, recordEntries } from './ledger.ts'
import { recordAnswers } from './payment-attempts.ts'
import {
  oneOfEachAttempt,
  pauseRails,
  railPausedKey,
  resumeRails,
  type TakenReference,
  takenReferences,
  unexplainedAcceptances,
} from './rail-answers.ts'
import type { Schema } from './schema.ts'
import type { SellerPaymentClaim } from './seller-payment-claims.ts'

// The last of claim, call, record (design §5) for seller balances.

/** What a rail answered to a claim. */
export interface AnsweredClaim {
  readonly claim: SellerPaymentClaim
  readonly outcome: PaymentOutcome
}

/** What follows a recorded answer, for the worker to put on its way in the same transaction. */
export interface RecordedPayment {
  readonly sellerBalanceId: string
  /** What the answer makes of the balance; null when another call with the key told its end before. */
  readonly status: SellerBalanceStatus | null
  /** Pay again then; null when nothing more happens by itself. */
  readonly retryAt: Date | null
}

/**
 * Records what the rail answered: attempt, balance, ledger, audit, all or nothing.
 * @param options.random - in [0, 1), spreads the retries
 * @returns `recorded` in the order of the results, and the alerts to raise in the same transaction
 * @throws when a balance does not stand where its attempt says it must: a bug of ours, and nothing is recorded
 */
export async function recordSellerPayments(
  tx: Transaction<Schema>,
  results: readonly AnsweredClaim[],
  options: { now: Date; patience: PaymentPatience; random: () => number },
): Promise<{ recorded: readonly RecordedPayment[]; alerts: readonly NewAlert[] }> {
  const { now, patience } = options
  const statuses = await lockBalances(
    tx,
    results.map(({ claim }) => claim.sellerBalanceId),
  )
  const taken = await takenReferences(tx, results)
  const planned = results.map((result): PlannedAnswer => {
    const { claim } = result
    const takenReference = taken.get(result)
    const outcome = takenReference ? mismatch(result.outcome) : result.outcome
    const step = afterPay(outcome, claim.counted, patience, options.random())
    const retryAt = step.retryAfterMs === undefined ? null : after(now, step.retryAfterMs)
    return { claim, outcome, step, retryAt, takenReference }
  })
  const chosen = oneOfEachAttempt(planned)
  const movedIds = await recordAnswers(tx, [...chosen].map(answerOf), now)
  const applied = planned.filter((plan) => chosen.has(plan) && movedIds.has(plan.claim.attempt.attemptId))
  const others = planned.filter((plan) => !applied.includes(plan))
  await moveBalances(tx, applied, now)
  await resumeRails(tx, applied, now)
  await pauseRails(tx, pausesOf(applied, now))
  const dedupKeys = applied.filter(({ outcome }) => outcome.kind === 'accepted').flatMap(settledKeys)
  await resolveAlerts(tx, { dedupKeys, note: 'The payment was accepted.' })
  await recordEntries(tx, applied.filter(({ outcome }) => outcome.kind === 'accepted').map(acceptedEntry))
  await recordAudit(
    tx,
    applied
      .filter(({ outcome }) => outcome.kind !== 'unknown') // nothing was decided; the attempt's row keeps the facts
      .map(({ claim, outcome, step }) => ({
        actor: ACTOR,
        action: `payment.${outcome.kind}`,
        subject: { type: 'seller_balance', id: claim.sellerBalanceId },
        reason: refusalOf(outcome),
        before: { status: statuses.get(claim.sellerBalanceId) },
        after: { status: step.balance, key: claim.attempt.instruction.idempotencyKey, ...referenceOf(outcome) },
      })),
  )
  const contradictions = await unexplainedAcceptances(tx, others)
  return {
    recorded: planned.map((plan) => {
      const { claim, step, retryAt } = plan
      const isApplied = applied.includes(plan)
      return {
        sellerBalanceId: claim.sellerBalanceId,
        status: isApplied ? step.balance : null,
        retryAt: isApplied ? retryAt : null,
      }
    }),
    alerts: [
      ...applied.flatMap((plan) => (plan.step.alert ? [paymentAlert(plan, plan.step.alert)] : [])),
      ...contradictions.map(({ answer, reference, recorded }) =>
        alert(answer.claim, 'payment_mismatch', { reference, recorded }),
      ),
    ],
  }
}

const ACTOR = 'pay-seller-balance'

interface PlannedAnswer extends AnsweredClaim {
  readonly step: PaymentStep
  readonly retryAt: Date | null
  /** Why an acceptance is not taken for one. */
  readonly takenReference: TakenReference | undefined
}

/** It may be paid, and the rail's word does not tell which payment it is. */
const mismatch = ({ facts }: PaymentOutcome): PaymentOutcome => ({ kind: 'unknown', reason: 'mismatch', facts })

/** In the order of their ids, as everywhere, so that two batches cannot wait in a circle. */
async function lockBalances(
  tx: Transaction<Schema>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SellerBalanceStatus>> {
  const { rows } = await sql<{ id: string; status: SellerBalanceStatus }>`
    select id, status from seller_balances where id = any(${ids}::uuid[]) order by id for update`.execute(tx)
  return new Map(rows.map(({ id, status }) => [id, status]))
}

const answerOf = ({ claim, outcome, step, retryAt }: PlannedAnswer) => ({
  attempt: claim.attempt,
  state: step.attempt,
  retryAt,
  reference: outcome.kind === 'accepted' ? outcome.reference : null,
  refusalReason: refusalOf(outcome),
  facts: outcome.facts,
})

async function moveBalances(tx: Transaction<Schema>, applied: readonly PlannedAnswer[], now: Date): Promise<void> {
  if (applied.length === 0) return
  const rows = applied.map(({ claim, outcome, step, retryAt }) => ({
    id: claim.sellerBalanceId,
    status: step.balance,
    attempts: step.counts === 'attempt' ? 1 : 0,
    funds_refusals: step.counts === 'funds_refusal' ? 1 : 0,
    // While it is paying the attempt's lease says when; the balance's own wait is for after a refusal.
    next_try_at: step.balance === 'paying' ? null : (retryAt?.toISOString() ?? null),
    job: jobNote(jobEnd(outcome), { messageId: claim.messageId, now, error: refusalOf(outcome) }),
  }))
  // An acceptance may arrive after a refusal of another call with the same key put the balance back: it still counts.
  const { rows: movedRows } = await sql<{ id: string }>`
    update seller_balances b set status = r.status, attempts = b.attempts + r.attempts,
      funds_refusals = b.funds_refusals + r.funds_refusals, next_try_at = r.next_try_at,
      erp_told_at = null, gsc_told_at = null, report_lease_expires_at = null, updated_at = ${now},
      jobs = b.jobs || jsonb_build_object('payment', r.job)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, status text, attempts int,
      funds_refusals int, next_try_at timestamptz, job jsonb)
    where b.id = any(${rows.map(({ id }) => id)}::uuid[]) and b.id = r.id -- by index: an array can be counted
      and (b.status = 'paying' or (r.status = 'payment_pending' and b.status in ('payable', 'awaiting_funds')))
    returning b.id`.execute(tx)
  const movedIds = new Set(movedRows.map(({ id }) => id))
  const left = applied.find(({ claim }) => !movedIds.has(claim.sellerBalanceId))
  if (left)
    throw new Error(`seller balance ${left.claim.sellerBalanceId} is not being paid, yet its attempt was answered`)
}

const jobEnd = (outcome: PaymentOutcome): Parameters<typeof jobNote>[0] =>
  outcome.kind === 'accepted' ? 'succeeded' : outcome.kind === 'unknown' ? 'goes_on' : 'failed'

const pausesOf = (applied: readonly PlannedAnswer[], now: Date): ReadonlyMap<RailName, Date> =>
  new Map(
    applied.flatMap(({ claim, step }) =>
      step.pauseRailMs ? [[claim.attempt.rail, after(now, step.pauseRailMs)] as const] : [],
    ),
  )

/**
 * What an acceptance settles of what people may have been told about this balance, whichever generation it was about. A
 * payment that went well at once has none, and costs no statement.
 */
function settledKeys({ claim: { sellerBalanceId, attempt, counted } }: PlannedAnswer): readonly string[] {
  const { generation } = attempt.instruction
  if (generation === 1 && counted.fundsRefusals === 0 && counted.calls < CALLS_BEFORE_ALERT) return []
  return Array.from({ length: generation }, (_, index) => sellerBalanceKey(sellerBalanceId, index + 1)).flatMap(
    (key) => [`insufficient_funds:${key}`, `payment_unknown:${key}`],
  )
}

const acceptedEntry = ({ claim: { sellerBalanceId, sellerId, attempt } }: PlannedAnswer): LedgerEntry => ({
  idempotencyKey: `ledger:${attempt.instruction.idempotencyKey}:accepted`,
  kind: 'payment_accepted',
  payable: { type: 'seller_balance', id: sellerBalanceId },
  postings: moved(attempt.instruction.money, { from: payeeAccount(sellerId), to: inTransit(attempt.rail) }),
})

const paymentAlert = ({ claim, outcome, takenReference }: PlannedAnswer, kind: NewAlert['kind']): NewAlert =>
  alert(claim, kind, {
    outcome: outcome.kind,
    refusal: refusalOf(outcome),
    ...outcome.facts,
    ...(takenReference && { key: claim.attempt.instruction.idempotencyKey, ...takenReference }),
  })

function alert(claim: SellerPaymentClaim, kind: NewAlert['kind'], details: object): NewAlert {
  const { rail, instruction } = claim.attempt
  const money = { amount: instruction.money.amount.toString(), currency: instruction.money.currency }
  // A rail that rests concerns everybody at once: one alert until it is resolved, not one per balance.
  const dedupKey = kind === 'rail_paused' ? railPausedKey(rail) : `${kind}:${instruction.idempotencyKey}`
  return {
    kind,
    dedupKey,
    subject:
      kind === 'rail_paused' ? { type: 'rail', id: rail } : { type: 'seller_balance', id: claim.sellerBalanceId },
    businessDate: claim.businessDate,
    details: { rail, ...money, ...details },
  }
}

const refusalOf = (outcome: PaymentOutcome): string | null => ('reason' in outcome ? outcome.reason : null)
const referenceOf = (outcome: PaymentOutcome) => (outcome.kind === 'accepted' ? { reference: outcome.reference } : {})
const after = (now: Date, ms: number): Date => new Date(now.getTime() + ms)
