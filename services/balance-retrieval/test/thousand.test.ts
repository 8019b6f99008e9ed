import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ledgerProof } from '@remesa/database/ledger'
import { claimSellersToInitialize, insertBalances, openRun } from '@remesa/database/pay-day-runs'
import { recordVendorsSynced, upsertSellerProfiles } from '@remesa/database/sellers'
import { currency } from '@remesa/domain/currency'
import { UPDATABLE_FIELDS } from '@remesa/domain/seller-updates'
import { THE_DAY } from '@remesa/local-stack/testing/sellers'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import type { MarketplaceDocument } from '@remesa/sandbox/marketplace'
import { customerIdOf, vendorIdOf } from '@remesa/sandbox/netsuite-ids'
import { sql } from 'kysely'
import { queries, retriever, toBePaid } from './retrieval.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const SELLERS = 1_000
const BATCH = 500

/** Sellers with three documents each, two bills and an invoice, of amounts that tell them apart. */
async function aThousandBalances(): Promise<readonly string[]> {
  const profiles = Array.from({ length: SELLERS }, (_, at) => ({
    gscSellerId: `SC-${at}`,
    legalName: `Comercial ${at}`,
    taxId: '76192083-9',
    email: null,
    phone: null,
    operationType: 'local' as const,
    type: '3P' as const,
    status: 'active' as const,
    countries: [{ country: 'cl', currency: currency('CLP'), enabled: true }],
    fpayId: `FP-${at}`,
    payoneerPayeeId: null,
  }))
  world.sandbox.netsuite.loadDocuments(
    profiles.flatMap(({ gscSellerId }, at): MarketplaceDocument[] => {
      const common = { gscSellerId, country: 'cl', date: THE_DAY, currency: 'CLP' }
      return [
        { ...common, documentType: 'vendorBill', tranId: `A-${at}`, amount: String(10_000 + at) },
        { ...common, documentType: 'vendorBill', tranId: `B-${at}`, amount: '7' },
        { ...common, documentType: 'invoice', tranId: `I-${at}`, amount: '1000' },
      ]
    }),
  )
  return world.database.transaction().execute(async (tx) => {
    const event = { sequence: 1n, eventTime: new Date('2026-11-20T12:00:00Z') }
    const upserts = await upsertSellerProfiles(
      tx,
      profiles.map((profile) => ({ profile, event })),
      { updatable: UPDATABLE_FIELDS, actor: 'test' },
    )
    await recordVendorsSynced(
      tx,
      upserts.map(({ sellerId, gscSellerId }) => ({
        sellerId: sellerId ?? '',
        erpId: vendorIdOf(gscSellerId),
        erpCustomerId: customerIdOf(gscSellerId),
        digest: 'test',
      })),
      'test',
    )
    const opened = await openRun(tx, THE_DAY, 'test')
    if (opened.kind !== 'opened') throw new Error('the run is not opened')
    const claimed = await claimSellersToInitialize(tx, { runId: opened.run.runId, limit: SELLERS })
    if (!claimed) throw new Error('there is nothing to initialize')
    return (await insertBalances(tx, claimed)).toRetrieve
  })
}

test('a thousand balances cost NetSuite at most 15 requests, also when every page is told of twice by Pub/Sub', async () => {
  const ids = await aThousandBalances()
  expect(ids).toHaveLength(SELLERS)
  const before = queries(world)
  for (let from = 0; from < SELLERS; from += BATCH) {
    const batch = ids.slice(from, from + BATCH).map((sellerBalanceId) => ({ sellerBalanceId }))
    const verdicts = await world.deliver(retriever(world), ...batch, ...batch.slice(0, 50))
    expect(verdicts.every(({ kind }) => kind === 'done')).toBe(true)
  }
  const asked = queries(world) - before
  expect(asked).toBeGreaterThan(SELLERS / BATCH) // 3,000 documents do not fit into one page a batch
  expect(asked).toBeLessThanOrEqual(15)

  // 10,000 + n + 7 − 1,000 for the n-th seller.
  const { rows } = await sql<{ wrong: number; total: bigint }>`
    select count(*) filter (where amount_owed is distinct from 9007 + substr(s.gsc_seller_id, 4)::int)::int as wrong,
      sum(amount_owed)::bigint as total
    from seller_balances b join sellers s on s.id = b.seller_id`.execute(world.database)
  expect(rows).toEqual([{ wrong: 0, total: BigInt(SELLERS) * 9_007n + 499_500n }])
  expect(new Set(await toBePaid(world)).size).toBe(SELLERS)
  expect(await toBePaid(world)).toHaveLength(SELLERS)
  expect(await ledgerProof(world.database)).toEqual({
    currencies: [{ currency: 'CLP', entries: SELLERS, sum: 0n }],
    disagreements: [],
  })
})
