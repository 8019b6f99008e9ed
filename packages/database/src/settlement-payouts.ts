import { currency as currencyOf } from '@remesa/domain/currency'
import { type SettlementProblem, settlementProblem } from '@remesa/domain/settlement'
import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import { type LedgerEntry, moved, owedFromContests, payeeAccount, recordEntries, userPayee } from './ledger.ts'
import { insertPayoutJobs } from './payout-jobs.ts'
import { insertTransfers, jobIdOf, markAwaitingDestination, type PayoutTransfer } from './payout-transfers.ts'
import type { Schema } from './schema.ts'
import { untoldKey } from './settlement-sweep.ts'
import { type LockedSettlement, lockSettlements, markRejected } from './settlements.ts'
import { type AccountLink, linkStripeAccounts } from './user-stripe-accounts.ts'

/** What became of a settlement. */
export type SettlementAnswer =
  | { readonly kind: 'created'; readonly jobId: string; readonly transferIds: readonly string[] }
  /** It has its job already: nothing was done. */
  | { readonly kind: 'already'; readonly jobId: string }
  /** It breaks a rule: nobody of it is paid. */
  | { readonly kind: 'rejected'; readonly problem: SettlementProblem }
  /** It breaks a rule as one does that is still being written: nothing was decided. */
  | { readonly kind: 'not_yet'; readonly problem: SettlementProblem }

const WHILE_WRITTEN: ReadonlySet<SettlementProblem['rule']> = new Set(['not_closed', 'no_winners'])

/**
 * Turns closed settlements into payout jobs: job, transfers, what is owed, audit, all or nothing, and once however often
 * it is asked. All winners of a settlement get their transfer, or none does.
 * @param mayBeUnfinished - settlements that the marketplace may still be writing
 * @returns an answer for each settlement that exists, and the alerts to raise in the same transaction
 */
export async function createPayoutJobs(
  tx: Transaction<Schema>,
  settlementIds: readonly string[],
  now: Date,
  mayBeUnfinished: ReadonlySet<string> = new Set(),
): Promise<{ answers: ReadonlyMap<string, SettlementAnswer>; alerts: readonly NewAlert[] }> {
  const locked = await lockSettlements(tx, settlementIds)
  const answers = new Map<string, SettlementAnswer>()
  const paidBefore = await payeesOfContests(
    tx,
    locked.filter(({ jobId }) => jobId === null),
  )
  const payable: LockedSettlement[] = []
  const rejected: { locked: LockedSettlement; problem: SettlementProblem }[] = []
  for (const one of locked) {
    const { settlementId, contestId } = one.settlement
    if (one.jobId !== null) {
      answers.set(settlementId, { kind: 'already', jobId: one.jobId })
      continue
    }
    const problem = settlementProblem(one.settlement, one.winners) ?? paidBeforeProblem(one, paidBefore)
    if (problem && mayBeUnfinished.has(settlementId) && WHILE_WRITTEN.has(problem.rule)) {
      answers.set(settlementId, { kind: 'not_yet', problem })
      continue
    }
    if (problem) {
      rejected.push({ locked: one, problem })
      answers.set(settlementId, { kind: 'rejected', problem })
      continue
    }
    payable.push(one)
    for (const { userId } of one.winners) paidBefore.set(payeeKey(contestId, userId), settlementId)
  }
  const { created, alerts } = await openJobs(tx, payable, now)
  for (const [settlementId, job] of created) answers.set(settlementId, job)
  await reject(tx, rejected, now)
  return {
    answers,
    alerts: [...alerts, ...rejected.map(({ locked: { settlement }, problem }) => rejectedAlert(settlement, problem))],
  }
}

const ACTOR = 'payouts'

async function openJobs(
  tx: Transaction<Schema>,
  payable: readonly LockedSettlement[],
  now: Date,
): Promise<{
  created: ReadonlyMap<string, SettlementAnswer & { kind: 'created' }>
  alerts: readonly NewAlert[]
}> {
  if (payable.length === 0) return { created: new Map(), alerts: [] }
  const jobIds = await insertPayoutJobs(
    tx,
    payable.map(({ settlement: { settlementId }, winners }) => ({ settlementId, transfers: winners.length })),
    now,
  )
  const jobOf = ({ settlement: { settlementId } }: LockedSettlement): string => {
    const jobId = jobIds.get(settlementId)
    if (!jobId) throw new Error(`settlement ${settlementId} got a job while its row was ours`)
    return jobId
  }
  const asked = payable.flatMap((one) =>
    one.winners.map(({ userId, amount, currency }) => ({
      jobId: jobOf(one),
      contestId: one.settlement.contestId,
      userId,
      money: { amount, currency: currencyOf(currency) },
    })),
  )
  const transfers = await insertTransfers(tx, asked, now)
  // The rule that a winner is paid once for a contest was checked under the settlements' locks.
  if (transfers.length !== asked.length) throw new Error('a winner got a transfer while the contest was ours')
  const named = payable.flatMap((one) =>
    one.winners.flatMap(({ userId, stripeAccountId }) =>
      stripeAccountId ? [{ jobId: jobOf(one), userId, stripeAccountId }] : [],
    ),
  )
  const refusedLinks = await linkStripeAccounts(
    tx,
    named.map(({ userId, stripeAccountId }) => ({ userId, stripeAccountId })),
    now,
  )
  await recordEntries(tx, transfers.map(owedEntry))
  const mended = payable.filter(({ rejectedRule }) => rejectedRule !== null)
  await markRejected(
    tx,
    mended.map(({ settlement: { settlementId } }) => ({ settlementId, rule: null })),
    now,
  )
  await resolveAlerts(tx, {
    dedupKeys: mended.map(({ settlement }) => alertKey(settlement.settlementId)),
    note: 'It was corrected and is being paid.',
  })
  await resolveAlerts(tx, {
    dedupKeys: payable.map(({ settlement }) => untoldKey(settlement.settlementId)),
    note: 'It was told of, and is being paid.',
  })
  await recordAudit(
    tx,
    payable.map((one) => ({
      actor: ACTOR,
      action: 'payout_job.created',
      subject: { type: 'payout_job', id: jobOf(one) },
      after: {
        status: 'pending',
        settlementId: one.settlement.settlementId,
        transfers: one.winners.length,
        total: one.settlement.total,
        currency: one.settlement.currency,
      },
    })),
  )
  const isRefused = new Set(refusedLinks.map(linkKey))
  const contradicted = named.filter((link) => isRefused.has(linkKey(link)))
  await holdContradicted(tx, transfers, contradicted, now)
  const ofJob = Map.groupBy(transfers, ({ owner }) => jobIdOf(owner)[0])
  const created = payable.map((one) => {
    const jobId = jobOf(one)
    const transferIds = (ofJob.get(jobId) ?? []).map(({ transferId }) => transferId)
    return [one.settlement.settlementId, { kind: 'created', jobId, transferIds }] as const
  })
  return { created: new Map(created), alerts: contradicted.map(differsAlert) }
}

const linkKey = ({ userId, stripeAccountId }: AccountLink): string => JSON.stringify([userId, stripeAccountId])

/** Nobody's money goes to an account that the settlement did not name: it waits until a person has told which is right. */
async function holdContradicted(
  tx: Transaction<Schema>,
  transfers: readonly PayoutTransfer[],
  contradicted: readonly { readonly jobId: string; readonly userId: string }[],
  now: Date,
): Promise<void> {
  const payee = (jobId: string | undefined, userId: string) => JSON.stringify([jobId, userId])
  const payees = new Set(contradicted.map(({ jobId, userId }) => payee(jobId, userId)))
  const held = transfers.filter(({ owner, userId }) => payees.has(payee(jobIdOf(owner)[0], userId)))
  await markAwaitingDestination(
    tx,
    held.map(({ transferId }) => ({ transferId, reason: 'account_differs' })),
    now,
  )
  await recordAudit(
    tx,
    held.map(({ transferId }) => ({
      actor: ACTOR,
      action: 'payout_transfer.held',
      subject: { type: 'payout_transfer', id: transferId },
      reason: 'account_differs',
      before: { status: 'pending' },
      after: { status: 'awaiting_destination' },
    })),
  )
}

const differsAlert = ({ userId, stripeAccountId }: AccountLink): NewAlert => ({
  kind: 'destination_differs',
  dedupKey: `destination_differs:user:${userId}`,
  subject: { type: 'user', id: userId },
  businessDate: null,
  details: { named: stripeAccountId },
})

/** A repeated message finds the same rule broken: people hear of it again, but nothing was decided. */
async function reject(
  tx: Transaction<Schema>,
  rejected: readonly { locked: LockedSettlement; problem: SettlementProblem }[],
  now: Date,
): Promise<void> {
  const news = rejected.filter(({ locked, problem }) => locked.rejectedRule !== problem.rule)
  await resolveAlerts(tx, {
    dedupKeys: news.map(({ locked: { settlement } }) => untoldKey(settlement.settlementId)),
    note: 'It was told of, and breaks a rule.',
  })
  await markRejected(
    tx,
    news.map(({ locked: { settlement }, problem }) => ({ settlementId: settlement.settlementId, rule: problem.rule })),
    now,
  )
  await recordAudit(
    tx,
    news.map(({ locked: { settlement, rejectedRule }, problem }) => ({
      actor: ACTOR,
      action: 'settlement.rejected',
      subject: { type: 'settlement', id: settlement.settlementId },
      reason: problem.found,
      before: { rejectedRule },
      after: { rejectedRule: problem.rule },
    })),
  )
}

const payeeKey = (contestId: string, userId: string): string => JSON.stringify([contestId, userId])

/** Who has a transfer for these settlements' contests, and by which settlement. */
async function payeesOfContests(
  tx: Transaction<Schema>,
  settlements: readonly LockedSettlement[],
): Promise<Map<string, string>> {
  const contestIds = [...new Set(settlements.map(({ settlement }) => settlement.contestId))]
  const rows = await tx
    .selectFrom('payout_transfers as t')
    .innerJoin('payout_jobs as j', 'j.id', 't.job_id')
    .select(['t.user_id', 'j.settlement_id'])
    .select(sql<string>`t.contest_id`.as('contest_id')) // one that has a job has a contest
    .where(sql<boolean>`t.contest_id = any(${contestIds}::text[])`)
    .execute()
  return new Map(rows.map((row) => [payeeKey(row.contest_id, row.user_id), row.settlement_id]))
}

function paidBeforeProblem(
  { settlement, winners }: LockedSettlement,
  paidBefore: ReadonlyMap<string, string>,
): SettlementProblem | undefined {
  for (const { userId } of winners) {
    const by = paidBefore.get(payeeKey(settlement.contestId, userId))
    if (by !== undefined) {
      const found = `winner ${userId} is paid for contest ${settlement.contestId} by settlement ${by}`
      return { rule: 'winner_paid_before', found }
    }
  }
  return undefined
}

const owedEntry = ({ transferId, userId, money }: PayoutTransfer): LedgerEntry => ({
  idempotencyKey: `owed:${transferId}`,
  kind: 'owed',
  payable: { type: 'payout_transfer', id: transferId },
  postings: moved(money, { from: owedFromContests, to: payeeAccount(userPayee(userId)) }),
})

const alertKey = (settlementId: string): string => `settlement_rejected:${settlementId}`

const rejectedAlert = (
  { settlementId, contestId, currency, total }: LockedSettlement['settlement'],
  { rule, found }: SettlementProblem,
): NewAlert => ({
  kind: 'settlement_rejected',
  dedupKey: alertKey(settlementId),
  subject: { type: 'settlement', id: settlementId },
  businessDate: null,
  details: { rule, found, contestId, total: total.toString(), currency },
})
