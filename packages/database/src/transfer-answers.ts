import type { PaymentPatience } from '@remesa/domain/payment-steps'
import { isComplete } from '@remesa/domain/payout-job'
import {
  afterBookingTransfer,
  afterTransfer,
  isTerminal,
  type TransferStatus,
  type TransferStep,
} from '@remesa/domain/payout-transfer'
import { isTurnedAway, type PaymentOutcome } from '@remesa/domain/rail'
import type { Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import { type EndedTransfer, endBookingPayouts } from './booking-transfer-ends.ts'
import type { NewAlert } from './finance-alerts.ts'
import { type LedgerEntry, moved, paidFrom, payeeAccount, recordEntries, reservedFor, userPayee } from './ledger.ts'
import { recordAnswers } from './payment-attempts.ts'
import { lockJobs, updateCounts, updateStatus } from './payout-jobs.ts'
import {
  countTerminalByJobId,
  entryNumber,
  jobIdOf,
  lockTransfers,
  markCompleted,
  markFailedTerminal,
  markRetryable,
  markUnanswered,
  type PayoutTransfer,
} from './payout-transfers.ts'
import { oneOfEachAttempt, pauseRails, resumeRails, unexplainedAcceptances } from './rail-answers.ts'
import { closeSettledDebts } from './receivables.ts'
import type { Schema } from './schema.ts'
import { resolveSettled, transferAlertKey } from './transfer-alerts.ts'
import type { TransferClaim } from './transfer-claims.ts'

// The last of claim, call, record (design §5) for payout transfers.

/** What the rail answered to a claim. */
export interface AnsweredTransfer {
  readonly claim: TransferClaim
  readonly outcome: PaymentOutcome
}

/** What follows a recorded answer, for the worker to put on its way in the same transaction. */
export interface RecordedTransfer {
  readonly transferId: string
  /** What the answer makes of the transfer; null when another call with the key told its end before. */
  readonly status: TransferStatus | null
  /** Pay again then; null when nothing more happens by itself. */
  readonly retryAt: Date | null
}

/**
 * Records what the rail answered: attempt, transfer, job, ledger, audit, all or nothing.
 * @param options.random - in [0, 1), spreads the retries
 * @returns `recorded` in the order of the results, the jobs that came to their end, and the alerts to raise in the same
 *   transaction
 * @throws when a transfer does not stand where its attempt says it must: a bug of ours, and nothing is recorded
 */
export async function recordTransfers(
  tx: Transaction<Schema>,
  results: readonly AnsweredTransfer[],
  options: { now: Date; patience: PaymentPatience; random: () => number },
): Promise<{
  recorded: readonly RecordedTransfer[]
  completedJobs: readonly string[]
  /** Bookings that waited for the end of a transfer that they want back: they must be looked at again. */
  bookingIds: readonly string[]
  alerts: readonly NewAlert[]
}> {
  const { now, patience } = options
  const rows = await lockTransfers(
    tx,
    results.map(({ claim }) => claim.transferId),
  )
  const planned = results.map(({ claim, outcome }): PlannedAnswer => {
    const transfer = rows.get(claim.transferId)
    if (!transfer) throw new Error(`payout transfer ${claim.transferId} was claimed and is gone`)
    const counted = { ...claim.counted, isWantedBack: transfer.withdrawRequested }
    const after = claim.owner.kind === 'booking' ? afterBookingTransfer : afterTransfer
    const step = after(outcome, counted, patience, options.random())
    const retryAt = step.retryAfterMs === undefined ? null : new Date(now.getTime() + step.retryAfterMs)
    // An acceptance may come after the refusal of another call with its key put the transfer back. It is a fact all the
    // same, and a try of its own, which was not counted and for which nothing is reserved any more.
    const late = transfer.status === 'retryable'
    const tryNumber = transfer.attempts + (late ? 1 : 0)
    const number = entryNumber({ ...transfer, attempts: tryNumber })
    return { claim, outcome, step, retryAt, late, transfer, tryNumber, entryNumber: number }
  })
  const chosen = oneOfEachAttempt(planned)
  const movedIds = await recordAnswers(tx, [...chosen].map(answerOf), now)
  const applied = planned.filter((plan) => chosen.has(plan) && movedIds.has(plan.claim.attempt.attemptId))
  const isApplied = new Set(applied)

  await moveTransfers(tx, applied, now)
  const ended = applied.filter(({ step }) => isTerminal(step.status))
  const completedJobs = await settleJobs(tx, [...new Set(ended.flatMap(({ claim }) => jobIdOf(claim.owner)))], now)
  await resumeRails(tx, applied, now)
  await pauseRails(
    tx,
    new Map(
      applied.flatMap(({ claim, step }) => pauseOf(step, now).map((until) => [claim.attempt.rail, until] as const)),
    ),
  )
  await resolveSettled(
    tx,
    applied.flatMap(({ claim, step }) => (step.status === 'completed' ? [claim] : [])),
  )
  const payouts = await endBookingPayouts(tx, ended.flatMap(endOfPayout), now)
  await recordEntries(tx, [...applied.flatMap(entryOf), ...payouts.entries])
  await recordAudit(tx, [...applied.map(auditOf), ...completedJobs.map(jobAuditOf), ...payouts.audit])
  await closeSettledDebts(tx, payouts.keptBack)
  const contradictions = await unexplainedAcceptances(
    tx,
    planned.filter((plan) => !isApplied.has(plan)),
  )
  return {
    recorded: planned.map((plan) => {
      const counts = isApplied.has(plan)
      return {
        transferId: plan.claim.transferId,
        status: counts ? plan.step.status : null,
        retryAt: counts ? plan.retryAt : null,
      }
    }),
    completedJobs: completedJobs.map(({ jobId }) => jobId),
    bookingIds: [...new Set(applied.flatMap(waitingBooking))],
    alerts: [
      ...applied.flatMap(alertOf),
      ...payouts.alerts,
      ...contradictions.map(({ answer, reference, recorded }) =>
        alertAbout(answer, 'payment_mismatch', { reference, recorded }),
      ),
    ],
  }
}

const ACTOR = 'payouts'

interface PlannedAnswer extends AnsweredTransfer {
  readonly step: TransferStep
  readonly retryAt: Date | null
  /** As it stood before this answer. */
  readonly transfer: PayoutTransfer
  readonly late: boolean
  /** Which try of the transfer this answer ends. */
  readonly tryNumber: number
  /** Names its entry in the ledger. */
  readonly entryNumber: number
}

const answerOf = ({ claim, outcome, step, retryAt }: PlannedAnswer) => ({
  attempt: claim.attempt,
  state: step.attempt,
  retryAt,
  reference: outcome.kind === 'accepted' ? outcome.reference : null,
  refusalReason: refusalOf(outcome),
  facts: outcome.facts,
  settledAt: outcome.kind === 'accepted' && outcome.status.state === 'paid' ? outcome.status.paidAt : null,
})

async function moveTransfers(tx: Transaction<Schema>, applied: readonly PlannedAnswer[], now: Date): Promise<void> {
  const to = (status: TransferStatus) => applied.filter(({ step }) => step.status === status)
  const endOf = ({ claim, late, step }: PlannedAnswer) => ({ transferId: claim.transferId, late, counts: step.counts })
  await markCompleted(
    tx,
    to('completed').map((plan) => ({ ...endOf(plan), reference: referenceOf(plan) })),
    now,
  )
  await markFailedTerminal(
    tx,
    to('failed_terminal').map((plan) => ({ ...endOf(plan), reason: reasonOf(plan) })),
    now,
  )
  await markRetryable(
    tx,
    to('retryable').map((plan) => ({
      transferId: plan.claim.transferId,
      retryAt: retryTimeOf(plan),
      reason: reasonOf(plan),
      counts: plan.step.counts,
      isTurnedAway: plan.claim.isNewTry && isTurnedAway(plan.outcome),
    })),
    now,
  )
  await markUnanswered(
    tx,
    to('processing').map((plan) => ({ transferId: plan.claim.transferId, retryAt: retryTimeOf(plan) })),
    now,
  )
}

function referenceOf({ claim, outcome }: PlannedAnswer): string {
  if (outcome.kind !== 'accepted') throw new Error(`transfer ${claim.transferId} is completed without an acceptance`)
  return outcome.reference
}

function reasonOf({ claim, outcome }: PlannedAnswer): string {
  const reason = refusalOf(outcome)
  if (reason === null) throw new Error(`transfer ${claim.transferId} is refused without a reason`)
  return reason
}

function retryTimeOf({ claim, retryAt }: PlannedAnswer): Date {
  if (!retryAt) throw new Error(`transfer ${claim.transferId} waits, and nobody says for when`)
  return retryAt
}

interface EndedJob {
  readonly jobId: string
  readonly counts: { readonly total: number; readonly completed: number; readonly failed: number }
}

/**
 * Counts anew how many transfers of these jobs have ended. The jobs' rows are taken first, so that of two workers who end
 * a job's last two transfers at once, the second counts both.
 * @returns the jobs that are complete by this
 */
async function settleJobs(tx: Transaction<Schema>, jobIds: readonly string[], now: Date): Promise<readonly EndedJob[]> {
  if (jobIds.length === 0) return []
  await lockJobs(tx, jobIds)
  const counts = await updateCounts(tx, await countTerminalByJobId(tx, jobIds), now)
  const ended = [...counts].flatMap(([jobId, jobCounts]) =>
    isComplete(jobCounts) ? [{ jobId, counts: jobCounts }] : [],
  )
  await updateStatus(
    tx,
    ended.map(({ jobId }) => jobId),
    { from: 'processing', to: 'complete', now },
  )
  return ended
}

/** The payout that this answer ends, where it ends a booking's. */
const endOfPayout = (plan: PlannedAnswer): readonly EndedTransfer[] =>
  plan.claim.owner.kind === 'booking'
    ? [
        {
          transferId: plan.claim.transferId,
          payoutId: plan.claim.owner.payoutId,
          failureReason: plan.step.status === 'completed' ? null : reasonOf(plan),
          isWantedBack: plan.transfer.withdrawRequested,
        },
      ]
    : []

const waitingBooking = ({ claim: { owner }, transfer, step }: PlannedAnswer): readonly string[] =>
  owner.kind === 'booking' && transfer.withdrawRequested && step.status !== 'processing' ? [owner.bookingId] : []

const pauseOf = ({ pauseRailMs }: TransferStep, now: Date): readonly Date[] =>
  pauseRailMs ? [new Date(now.getTime() + pauseRailMs)] : []

/**
 * Every answer that ends a try is booked, refusals too: what the try reserved goes to where the money went, or back to
 * the payee (docs/decisions/0013). Where nobody answered, it stays reserved.
 */
function entryOf({ claim, step, late, entryNumber: number }: PlannedAnswer): readonly LedgerEntry[] {
  const payee = payeeAccount(userPayee(claim.userId))
  const { rail, instruction } = claim.attempt
  const reserved = reservedFor(rail)
  const end = tryEnd(step)
  if (!end) return []
  return [
    {
      idempotencyKey: `ledger:payout:${claim.transferId}:${number}`,
      kind: end.kind,
      payable: { type: 'payout_transfer', id: claim.transferId },
      postings: [
        ...(late ? moved(instruction.money, { from: payee, to: reserved }) : []),
        ...moved(instruction.money, { from: reserved, to: end.paid ? paidFrom(rail) : payee }),
      ],
    },
  ]
}

function tryEnd({ attempt }: TransferStep): { kind: LedgerEntry['kind']; paid: boolean } | undefined {
  switch (attempt) {
    case 'claimed':
      return undefined
    case 'accepted':
    case 'paid':
      return { kind: 'payment_paid', paid: true }
    case 'reversed':
      return { kind: 'payment_reversed', paid: false }
    case 'postponed':
    case 'declined':
      return { kind: 'payment_refused', paid: false }
  }
}

const auditOf = ({ claim, outcome, step, transfer, tryNumber }: PlannedAnswer): AuditRow => ({
  actor: ACTOR,
  action: `payout_transfer.${outcome.kind}`,
  subject: { type: 'payout_transfer', id: claim.transferId },
  reason: refusalOf(outcome),
  before: { status: transfer.status },
  after: {
    status: step.status,
    try: tryNumber,
    key: claim.attempt.instruction.idempotencyKey,
    ...(outcome.kind === 'accepted' && { reference: outcome.reference }),
  },
})

const jobAuditOf = ({ jobId, counts: { completed, failed } }: EndedJob): AuditRow => ({
  actor: ACTOR,
  action: 'payout_job.completed',
  subject: { type: 'payout_job', id: jobId },
  before: { status: 'processing' },
  after: { status: 'complete', completed, failed },
})

/** That a booking's payout has failed is told of the payout, with the reason. */
const alertOf = (plan: PlannedAnswer): readonly NewAlert[] =>
  plan.step.alert && plan.step.alert !== 'booking_payout_failed' && !isToldOfPayout(plan)
    ? [
        alertAbout(plan, plan.step.alert, {
          outcome: plan.outcome.kind,
          refusal: refusalOf(plan.outcome),
          ...plan.outcome.facts,
        }),
      ]
    : []

const isToldOfPayout = ({ claim, step }: PlannedAnswer): boolean =>
  claim.owner.kind === 'booking' && step.alert === 'payment_rejected'

function alertAbout({ claim }: AnsweredTransfer, kind: NewAlert['kind'], details: object): NewAlert {
  const { rail, instruction } = claim.attempt
  const { amount, currency } = instruction.money
  const isRails = kind === 'rail_paused' || kind === 'rail_unavailable' || kind === 'insufficient_funds'
  return {
    kind,
    dedupKey: transferAlertKey(kind, claim),
    subject: isRails ? { type: 'rail', id: rail } : { type: 'payout_transfer', id: claim.transferId },
    businessDate: null,
    details: { rail, transferId: claim.transferId, amount: amount.toString(), currency, ...details },
  }
}

function refusalOf(outcome: PaymentOutcome): string | null {
  if (outcome.kind !== 'accepted') return outcome.reason
  return outcome.status.state === 'paid' ? null : outcome.status.state
}
