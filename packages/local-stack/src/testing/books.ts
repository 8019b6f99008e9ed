import { inspect } from 'node:util'
import { type LedgerProof, ledgerProof } from '@remesa/database/ledger'
import type { JobName, JobNote } from '@remesa/database/schema'
import type { FinanceAlertKind } from '@remesa/domain/finance-alert'
import type { AttemptState } from '@remesa/domain/payment-steps'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import { sql } from 'kysely'
import type { World } from './world.ts'

// What tests read to judge: rows as they are, and the other side's books.

/** A balance as its row says. */
export interface BalanceRow {
  readonly status: SellerBalanceStatus
  readonly blocked_reason: string | null
  readonly attempts: number
  readonly funds_refusals: number
  readonly next_try_at: Date | null
  readonly status_checks: number
  readonly erp_vendor_payment_id: string | null
  readonly erp_told_at: Date | null
  readonly gsc_told_at: Date | null
  readonly report_lease_expires_at: Date | null
  readonly jobs: Partial<Record<JobName, JobNote>>
}

export async function balanceRow(world: World, sellerBalanceId: string): Promise<BalanceRow> {
  const { rows } = await sql<BalanceRow>`
    select * from seller_balances where id = ${sellerBalanceId}`.execute(world.database)
  if (!rows[0]) throw new Error(`no balance ${sellerBalanceId}`)
  return rows[0]
}

export interface AttemptRow {
  readonly generation: number
  readonly idempotency_key: string
  readonly state: AttemptState
  readonly calls: number
  readonly lease_expires_at: Date | null
  readonly provider_reference: string | null
  readonly refusal_reason: string | null
}

/** Oldest generation first. */
export async function attemptRows(world: World, sellerBalanceId: string): Promise<readonly AttemptRow[]> {
  const { rows } = await sql<AttemptRow>`
    select generation, idempotency_key, state, calls, lease_expires_at, provider_reference, refusal_reason
    from payment_attempts where payable_id = ${sellerBalanceId} order by generation`.execute(world.database)
  return rows
}

/** Finance alerts about a subject, and how often each was raised. */
export async function alertsAbout(world: World, subjectId: string): Promise<Partial<Record<FinanceAlertKind, number>>> {
  const { rows } = await sql<{ kind: FinanceAlertKind; times: number }>`
    select kind, sum(times)::int as times from finance_alerts where subject_id = ${subjectId}
    group by kind order by kind`.execute(world.database)
  return Object.fromEntries(rows.map(({ kind, times }) => [kind, times]))
}

/** What was decided about a subject, oldest first. */
export async function auditTrail(world: World, subjectId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ action: string; was: string | null; is: string | null }>`
    select action, before->>'status' as was, after->>'status' as is from audit_log
    where subject_id = ${subjectId} order by id`.execute(world.database)
  return rows.map(({ action, was, is }) => (is ? `${action}: ${was ?? 'nothing'} → ${is}` : action))
}

/** Sums of the ledger's postings about one balance, by account without its name: `payee`, `in_transit`, `paid_from`. */
export async function postedFor(world: World, sellerBalanceId: string): Promise<Readonly<Record<string, bigint>>> {
  const { rows } = await sql<{ account: string; sum: bigint }>`
    select split_part(p.account, ':', 1) as account, sum(p.amount)::bigint as sum
    from ledger_entries e join ledger_postings p on p.entry_id = e.id where e.payable_id = ${sellerBalanceId}
    group by 1 having sum(p.amount) <> 0 order by 1`.execute(world.database)
  return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]))
}

/** What the banks paid out and was not sent back, minor units by account. */
export function paidOut(world: World): ReadonlyMap<string, bigint> {
  const paid = new Map<string, bigint>()
  for (const bank of [world.sandbox.fpay, world.sandbox.payoneer]) {
    for (const { account, money, returned } of bank.books.payments()) {
      if (!returned) paid.set(account, (paid.get(account) ?? 0n) + money.amount)
    }
  }
  return paid
}

/** What is wrong with the ledger; nothing, or something is badly wrong. */
export async function ledgerFaults(
  world: World,
): Promise<Pick<LedgerProof, 'disagreements'> & { unbalanced: string[] }> {
  const { currencies, disagreements } = await ledgerProof(world.database)
  return { disagreements, unbalanced: currencies.filter(({ sum }) => sum !== 0n).map(({ currency }) => currency) }
}

/** Stops a world, at the end of a file's tests. @throws Error when its ledger has come to be wrong meanwhile */
export async function stopWithTrueLedger(world: World): Promise<void> {
  const faults = await ledgerFaults(world).finally(() => world.stop())
  if (faults.disagreements.length + faults.unbalanced.length > 0) {
    throw new Error(`the ledger is wrong: ${inspect(faults, { depth: 5 })}`)
  }
}
