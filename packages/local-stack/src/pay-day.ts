import { type RunProgress, runProgress, sellerCounts, unreported } from '@remesa/database/run-summary'
import type { BusinessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import type { Stack } from './stack/stack.ts'
import { backlogOf, outboxOf, untilDone, type Watch, whatHolds } from './watch.ts'

/** Where a pay-day stands, for whoever watches. */
export type PayDayProgress =
  | { readonly phase: 'profiles'; readonly sellers: number; readonly synced: number }
  | { readonly phase: 'pay-day'; readonly run: RunProgress; readonly unreported: number }

type PayDayWatch = Watch<PayDayProgress>

/** Sends the marketplace's seller events and waits until every seller, and every account of one, is known to NetSuite. */
export async function syncProfiles(stack: Stack, marketplace: Marketplace, watch: PayDayWatch): Promise<void> {
  const { sellers } = marketplace
  const accounts = sellers.filter(({ fpayId }) => fpayId !== null).length
  await stack.sandbox.publishSellerEvents()
  await untilDone(stack, watch, async () => {
    const { sellers: known, inErp, withFpayId } = await sellerCounts(stack.database)
    const waiting = await backlogOf(stack, [topics.sellerProfile, topics.sellerVendorSync])
    watch.onProgress({ phase: 'profiles', sellers: sellers.length, synced: inErp })
    return {
      done: known >= sellers.length && inErp >= sellers.length && withFpayId >= accounts && waiting === 0,
      moved: `${known} ${inErp} ${withFpayId} ${waiting}`,
      stuck: async () => [
        `${sellers.length - known} of ${sellers.length} sellers never arrived, ${known - inErp} are not in NetSuite`,
      ],
    }
  })
}

/** Opens the pay-day of a business date and waits until every balance has ended and everybody was told. */
export async function payDay(stack: Stack, businessDate: BusinessDate, watch: PayDayWatch): Promise<void> {
  await resetPayments(stack, businessDate)
  await untilPaid(stack, businessDate, watch)
}

/** Asks for a pay-day, as the scheduler does each morning. */
export async function resetPayments(stack: Stack, businessDate: BusinessDate): Promise<void> {
  await stack.database.transaction().execute((tx) => enqueue(tx, topics.paymentReset, [{ data: { businessDate } }]))
}

/** Waits until every balance of the date has ended, NetSuite and GSC know, and no reset is on its way. */
export async function untilPaid(
  stack: Pick<Stack, 'database' | 'casualties'>,
  businessDate: BusinessDate,
  watch: PayDayWatch,
): Promise<void> {
  await untilDone(stack, watch, async () => {
    const run = await runProgress(stack.database, businessDate)
    const open = await unreported(stack.database, businessDate)
    if (run) watch.onProgress({ phase: 'pay-day', run, unreported: open })
    const resets = await outboxOf(stack, topics.paymentReset.name)
    return {
      done: run?.initialized === true && run.open === 0 && open === 0 && resets === 0,
      moved: JSON.stringify([run, open]),
      stuck: () => whatIsStuck(stack, businessDate),
    }
  })
}

/** For each kind of open balance how many there are, one of them, and why its last try failed. */
async function whatIsStuck(stack: Pick<Stack, 'database'>, businessDate: BusinessDate): Promise<readonly string[]> {
  const { rows: balances } = await sql<{ status: string; count: number; example: string; reason: string | null }>`
    select b.status, count(*)::int as count, min(b.id::text) as example,
      min(coalesce(b.jobs->'retrieval'->>'error', b.jobs->'payment'->>'error', b.jobs->'status_check'->>'error',
        b.jobs->'erp'->>'error', b.jobs->'gsc'->>'error', a.refusal_reason, a.state)) as reason
    from seller_balances b
    left join lateral (
      select refusal_reason, state from payment_attempts
      where payable_type = 'seller_balance' and payable_id = b.id order by generation desc limit 1
    ) a on true
    where b.business_date = ${businessDate}
      and (b.status not in ('no_payment_due', 'paid', 'failed', 'blocked', 'returned')
        or (b.status in ('paid', 'failed') and (b.erp_told_at is null or b.gsc_told_at is null)))
    group by b.status order by b.status`.execute(stack.database)
  return [
    ...balances.map(({ status, count, example, reason }) =>
      [`${count} balances are ${told(status)}`, `e.g. ${example}`, reason && `last: ${reason}`]
        .filter(Boolean)
        .join(', '),
    ),
    ...(await whatHolds(stack)),
  ]
}

const told = (status: string): string =>
  status === 'paid' || status === 'failed' ? `${status}, but not told of` : status
