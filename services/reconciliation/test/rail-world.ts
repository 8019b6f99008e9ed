import { randomUUID } from 'node:crypto'
import { listRailFindings } from '@remesa/database/rail-findings'
import { businessDateAt } from '@remesa/domain/business-date'
import { money } from '@remesa/domain/money'
import type { AttemptState } from '@remesa/domain/payment-steps'
import type { PaymentInstruction, PaymentOutcome, RailName } from '@remesa/domain/rail'
import type { ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { openBooks } from '@remesa/rails/books'
import type { SandboxOptions } from '@remesa/sandbox/sandbox'
import { sql } from 'kysely'
import { type RailReconciliationParts, reconcileRail } from '../src/reconcile-rails.ts'

const HOUR_MS = 3_600_000

/** What the books of each side are opened with. */
export const environmentOf = ({ sandbox, railEnvironment, stripeEnvironment }: World): Record<string, string> => ({
  ...railEnvironment,
  ...stripeEnvironment,
  NETSUITE_BASE_URL: sandbox.netsuite.url,
  NETSUITE_ACCOUNT_ID: sandbox.netsuite.credentials.account,
  NETSUITE_CLIENT_ID: sandbox.netsuite.credentials.clientId,
  NETSUITE_CERTIFICATE_ID: sandbox.netsuite.credentials.certificateId,
  NETSUITE_PRIVATE_KEY: sandbox.netsuite.credentials.privateKeyPem,
  NETSUITE_KEY_ALGORITHM: 'ES256',
  NETSUITE_RETRY_FIRST_MS: '2',
})

const RAIL_OF: Readonly<Record<Exclude<ReconciledBooks, 'netsuite'>, RailName>> = {
  'stripe-transfers': 'stripe',
  fpay: 'fpay',
  payoneer: 'payoneer',
}

/** Every provider over HTTP, and a database, in which a test makes payments on one side, the other, or both. */
export async function aRailWorld(sandbox: SandboxOptions = {}) {
  const world = await startWorld({ sandbox })
  await sql`insert into rails (name) values ('fpay'), ('payoneer'), ('stripe') on conflict do nothing`.execute(
    world.database,
  )

  const pay = async (books: Exclude<ReconciledBooks, 'netsuite'>, instruction: PaymentInstruction): Promise<string> => {
    const rail = books === 'stripe-transfers' ? world.stripe : world.rails.get(RAIL_OF[books])
    const outcome = (await rail?.pay(instruction)) as PaymentOutcome
    if (outcome.kind !== 'accepted') throw new Error(`${books} did not pay: ${JSON.stringify(outcome)}`)
    return outcome.reference
  }

  /** Puts a payment on record as the protocol would have left it, now. */
  async function record(
    books: Exclude<ReconciledBooks, 'netsuite'>,
    instruction: PaymentInstruction,
    as: { state: AttemptState; reference?: string; money?: PaymentInstruction['money'] },
  ): Promise<string> {
    const id = randomUUID()
    const { state, reference = null, money: recorded = instruction.money } = as
    const isAccepted = ['accepted', 'paid', 'reversed'].includes(state)
    const at = world.now()
    await sql`
      insert into payment_attempts (id, payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
        destination, instruction, state, lease_token, lease_expires_at, provider_reference, first_called_at, accepted_at,
        settled_at, updated_at)
      values (${id}, ${books === 'stripe-transfers' ? 'payout_transfer' : 'seller_balance'}, ${instruction.payableId},
        ${RAIL_OF[books]}, ${instruction.generation}, ${instruction.idempotencyKey}, ${recorded.amount},
        ${recorded.currency}, ${instruction.destination}, '{}', ${state}, ${state === 'claimed' ? id : null},
        ${state === 'claimed' ? at : null}, ${reference}, ${at}, ${isAccepted ? at : null},
        ${isAccepted ? at : null}, ${at})`.execute(world.database)
    return id
  }

  const env = environmentOf(world)
  const opened = new Map(
    (['stripe-transfers', 'fpay', 'payoneer', 'netsuite'] as const).map((books) => {
      const one = openBooks(books, env, { retryFirstMs: 2 })
      world.stopWith(() => one.close())
      return [books, one] as const
    }),
  )
  const parts: RailReconciliationParts = {
    ...{ database: world.database, books: opened, timeZone: 'America/Santiago', now: world.now, logger: world.logger },
  }
  const startedAt = world.now()

  /** Three hours later, when nothing ordinary is under way any more; of NetSuite's whole days, once they are over. */
  async function reconcile(rail: ReconciledBooks, changes: Partial<RailReconciliationParts> = {}) {
    world.moveClock((rail === 'netsuite' ? 30 : 3) * HOUR_MS)
    const [from, to] = rail === 'netsuite' ? dayOf(startedAt) : around(startedAt)
    const run = await reconcileRail({ ...parts, ...changes }, { rail, from, to })
    const findings = await listRailFindings(world.database, { reportId: run.result.reportId, limit: 1_000 })
    const told = findings.map(
      ({ category, provider, payableId }) => `${category} ${provider?.reference ?? null} ${payableId}`,
    )
    return { ...run, findings, told: told.sort() }
  }
  return { world, parts, pay, record, reconcile, ...(await booksOf(world)) }
}

const around = (at: Date): [Date, Date] => [new Date(at.getTime() - HOUR_MS), new Date(at.getTime() + HOUR_MS)]

/** The marketplace's day, which late in its evening is not that of UTC, named as windows of NetSuite's days are. */
function dayOf(at: Date): [Date, Date] {
  const day = Date.parse(businessDateAt(Temporal.Instant.fromEpochMilliseconds(at.getTime()), 'America/Santiago'))
  return [new Date(day), new Date(day + 24 * HOUR_MS)]
}

/** The UTC day so many days from the one at `now`, as messages name it. */
export function utcDay(now: Date, days: number): { startDate: string; endDate: string } {
  const day = (after: number) => new Date(now.getTime() + after * 24 * HOUR_MS).toISOString().slice(0, 10)
  return { startDate: day(days), endDate: day(days + 1) }
}

const ATTEMPT_OF = { paid: 'paid', failed: 'declined', returned: 'reversed' } as const

/** Seller balances that were paid, and what NetSuite has of them. */
async function booksOf({ database, netsuite, sandbox, now }: World) {
  const { subsidiaries, currencies } = sandbox.netsuite.ids()
  const ids = { subsidiaryId: subsidiaries.cl ?? '', currencyId: currencies.CLP ?? '' }
  const { rows: runs } = await sql<{ id: string }>`
    insert into pay_day_runs (business_date, initialized_at) values ('2026-11-19', now()) returning id`.execute(
    database,
  )
  const vendor = { name: 'Seller', gscSellerId: 'SC1', taxId: '76192083-9', ...ids }
  const { erpId: vendorId } = await netsuite.upsertVendor('gsc-seller-SC1', vendor)
  const day = businessDateAt(Temporal.Instant.fromEpochMilliseconds(now().getTime()), 'America/Santiago')
  let made = 0

  /** A balance that was paid at FPay just now. */
  async function aPaidBalance(status: 'paid' | 'failed' | 'returned' = 'paid', currency = 'CLP') {
    made += 1
    const [id, reference, at] = [randomUUID(), `fpo_of_${made}`, now()]
    await sql`
      with seller as (
        insert into sellers (gsc_seller_id, legal_name, tax_id, operation_type, type, status)
        values (${`S${made}`}, 'Comercial', '76192083-9', 'local', '3P', 'active') returning id
      ), balance as (
        insert into seller_balances (id, run_id, seller_id, country, business_date, currency, status, amount_owed)
        select ${id}, ${runs[0]?.id}, id, 'cl', '2026-11-19', ${currency}, ${status}, 1000 from seller
      )
      insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
        destination, instruction, state, provider_reference, first_called_at, accepted_at, settled_at, updated_at)
      values ('seller_balance', ${id}, 'fpay', 1, ${`seller-balance:${id}`}, 1000, ${currency}, 'FP-1', '{}',
        ${ATTEMPT_OF[status]}, ${reference}, ${at}, ${at}, ${at}, ${at})`.execute(database)
    const tell = (erpId: string) =>
      sql`update seller_balances set erp_vendor_payment_id = ${erpId}, erp_told_at = ${at} where id = ${id}`.execute(
        database,
      )
    return { id, reference, tell }
  }

  /** Books a vendor payment in NetSuite, ours unless it says otherwise. @returns NetSuite's id */
  async function book(
    balance: { readonly id: string; readonly reference: string },
    amount: bigint,
    { externalId = `sb-${balance.id}`, memo = `fpay ${balance.reference}` } = {},
  ): Promise<string> {
    const tranId = `B-${externalId}`
    const bill = { tranId, gscSellerId: 'SC1', country: 'cl', currency: 'CLP', amount: String(amount) }
    const [billId = ''] = sandbox.netsuite.loadDocuments([{ documentType: 'vendorBill', date: '2026-11-19', ...bill }])
    const { erpId } = await netsuite.upsertVendorPayment(externalId, {
      ...{ vendorId, ...ids, accountId: '340', apAccountId: '114', date: day, memo },
      apply: [{ billId, amount: money(amount, 'CLP') }],
    })
    return erpId
  }
  return { aPaidBalance, book }
}

let sellers = 0
/** A payment that nobody was asked for yet. @param change - USD 10.00 of the first generation unless it says otherwise */
export function anInstruction(
  prefix: 'seller-balance' | 'payout',
  destination: string,
  change: Partial<PaymentInstruction> = {},
): PaymentInstruction {
  sellers += 1
  const { payableId = randomUUID(), generation = 1 } = change
  return {
    payableId,
    idempotencyKey: `${prefix}:${payableId}${generation === 1 ? '' : `:g${generation}`}`,
    generation,
    money: money(1_000n, 'USD'),
    ...{ destination, country: 'CL', beneficiary: { name: 'Comercial', taxId: '76192083-9' } },
    ...{ description: 'Seller balance', payeeId: `seller-${sellers}` },
    ...change,
  }
}
