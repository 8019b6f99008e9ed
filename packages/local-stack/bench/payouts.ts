import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { upsertStripeAccounts } from '@remesa/database/user-stripe-accounts'
import { DESTINATION_POLICY } from '@remesa/domain/stripe-account'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { sql } from 'kysely'
import { closeSettlements, settlementIdsOf, untilSettled } from '../src/settlements.ts'
import { type Stack, startStack } from '../src/stack/stack.ts'
import { cpuLines, cpuSeconds } from './cpu.ts'

// `pnpm bench payouts`: from settlements published to transfers completed, with the payouts service, PostgreSQL, Pub/Sub
// and Stripe's sandbox as processes of their own; accounts are known beforehand. First with a Stripe that answers at
// once, then with one that takes 200 ms and allows 25 requests per second, as it does by default, then with one whose
// limit changes in mid-run.

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    settlements: { type: 'string', default: '50' },
    winners: { type: 'string', default: '200' },
    instances: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '40' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`  --settlements N   of the run with an instant Stripe (default 50)
  --winners N       of each (default 200)
  --instances N     of the payouts service in that run (default 1)
  --seconds N       at each limit (default 40)
  --only WHAT       instant or limited`)
  process.exit(0)
}
const LIMIT = 25
const LOWER_LIMIT = 10
const LATENCY_MS = 200
/** How long a change of the limit may take to be heeded. */
const ADAPTS_WITHIN_S = 10
/** Over so many seconds a rate is a rate. */
const WINDOW_S = 3

/** The waits of production in place of the local stack's moments. */
const WAITS = {
  STRIPE_TIMEOUT_MS: '20000',
  STRIPE_MAX_WAIT_MS: '10000',
  PAYMENT_LEASE_MS: '60000',
  PAYOUT_RETRY_FIRST_MS: '2000',
  PAYOUT_SCHEDULER_GRACE_MS: '120000',
}
const RATES = { STRIPE_REQUESTS_PER_SECOND: String(LIMIT), STRIPE_ACCOUNT_REQUESTS_PER_SECOND: '100' }

if (values.only !== 'limited') {
  await withStack({ instances: Number(values.instances), serviceEnv: WAITS }, measureInstant)
}
if (values.only !== 'instant') await withStack({ serviceEnv: { ...WAITS, ...RATES } }, measureLimited)
process.exit(0)

async function withStack(
  options: Partial<Parameters<typeof startStack>[0]>,
  measure: (stack: Stack) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-bench-'))
  const logDirectory = join(directory, 'logs')
  const stack = await startStack({ env: process.env, logDirectory, services: ['payouts'], ...options })
  try {
    await stack.sandbox.control('stripe', 'setWebhook', { endpoint: null }) // nobody listens: no events are measured
    await measure(stack)
  } finally {
    await stack.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function measureInstant(stack: Stack): Promise<void> {
  const [settlements, winners] = [Number(values.settlements), Number(values.winners)]
  const marketplace = await aMarketplace(stack, { settlements, winners })
  const transfers = settlements * winners
  const before = await cpuSeconds()
  const began = Date.now()
  await closeSettlements(stack, marketplace)
  await untilSettled(stack, settlementIdsOf(marketplace), { patienceMs: 60_000, onProgress: () => {} })
  const { rows } = await sql<{ last: Date; completed: number; jobs: number }>`
    select max(completed_at) as last, count(*) filter (where status = 'completed')::int as completed,
      (select count(*)::int from payout_jobs where status = 'complete') as jobs
    from payout_transfers`.execute(stack.database)
  const [{ last, completed, jobs } = { last: new Date(), completed: 0, jobs: 0 }] = rows
  const seconds = (last.getTime() - began) / 1000
  const { stripe } = await stack.sandbox.books()
  console.log(
    `Instant Stripe: ${settlements} settlements of ${winners} winners, ${values.instances} payouts service(s)`,
  )
  console.log(`  ${completed} of ${transfers} transfers completed, ${jobs} jobs complete, in ${seconds.toFixed(1)} s:`)
  console.log(
    `  ${Math.round(completed / seconds)} transfers per second, from settlements published to the last completed`,
  )
  console.log(`  Stripe’s books have ${stripe.payments.length} transfers. CPU seconds:`)
  for (const line of await cpuLines(before, transfers, 'transfer')) console.log(line)
}

async function measureLimited(stack: Stack): Promise<void> {
  const phaseS = Number(values.seconds)
  const marketplace = await aMarketplace(stack, {
    settlements: Math.ceil((phaseS * (2 * LIMIT + LOWER_LIMIT) * 1.2) / 100),
    winners: 100,
  })
  await stack.sandbox.control('stripe', 'setLatency', { ms: LATENCY_MS })
  const limit = (perEndpoint: number) => stack.sandbox.control('stripe', 'setRateLimits', { perEndpoint })
  await limit(LIMIT)
  const counts = countCalls(stack)
  await closeSettlements(stack, marketplace)
  console.log(`Stripe with ${LATENCY_MS} ms of latency, ${LIMIT} requests per second allowed`)
  try {
    await measurePhases(counts, { phaseS, limit })
  } finally {
    counts.stop()
  }
}

async function measurePhases(
  counts: ReturnType<typeof countCalls>,
  { phaseS, limit }: { phaseS: number; limit: (perEndpoint: number) => Promise<unknown> },
): Promise<void> {
  await counts.until('the first transfer', ({ ok }) => ok > 0)
  for (const allowed of [LIMIT, LOWER_LIMIT, LIMIT]) {
    const from = counts.seconds()
    await limit(allowed)
    await sleep(phaseS * 1_000)
    tellOfPhase(counts.samples, { allowed, from, to: counts.seconds(), isFirst: allowed === LIMIT && from < phaseS })
  }
  const { refused, ok } = counts.samples.at(-1) ?? { refused: 0, ok: 0 }
  console.log(`  in all ${ok} transfers, ${refused} answered 429`)
}

function tellOfPhase(
  samples: readonly Sample[],
  { allowed, from, to, isFirst }: { allowed: number; from: number; to: number; isFirst: boolean },
): void {
  const settledFrom = isFirst ? from : from + ADAPTS_WITHIN_S
  const { ok, refused } = between(samples, settledFrom, to)
  const rate = ok / (to - settledFrom)
  const share = (100 * refused) / Math.max(1, ok + refused)
  const what = isFirst ? `at ${allowed}/s` : `after the limit became ${allowed}/s, from ${ADAPTS_WITHIN_S} s on`
  console.log(
    `  ${what}: ${rate.toFixed(1)} transfers/s, ${((100 * rate) / allowed).toFixed(1)} % of what is allowed; ` +
      `${refused} of ${ok + refused} answered 429 (${share.toFixed(2)} %)`,
  )
  if (isFirst) return
  const early = between(samples, from, settledFrom)
  const adapted = adaptedAfter(samples, { allowed, from, to })
  console.log(
    `    adapted ${adapted === undefined ? 'never' : `after ${adapted.toFixed(1)} s`}; ` +
      `${early.refused} answered 429 in the first ${ADAPTS_WITHIN_S} s`,
  )
}

/** When the rate came within a tenth of what is allowed, over some seconds; undefined when it never did. */
function adaptedAfter(
  samples: readonly Sample[],
  { allowed, from, to }: { allowed: number; from: number; to: number },
): number | undefined {
  for (let at = from; at + WINDOW_S <= to; at += 0.5) {
    const rate = between(samples, at, at + WINDOW_S).ok / WINDOW_S
    if (Math.abs(rate - allowed) <= allowed / 10) return at - from
  }
  return undefined
}

interface Sample {
  /** Seconds since counting began. */
  readonly at: number
  readonly ok: number
  readonly refused: number
}

/** Counts of all calls up to two moments, the difference of them. */
function between(samples: readonly Sample[], from: number, to: number): Pick<Sample, 'ok' | 'refused'> {
  const [a, b] = [countsAt(samples, from), countsAt(samples, to)]
  return { ok: b.ok - a.ok, refused: b.refused - a.refused }
}

/** Between two looks, calls are taken to have been spread evenly. */
function countsAt(samples: readonly Sample[], at: number): Pick<Sample, 'ok' | 'refused'> {
  const later = samples.find((sample) => sample.at >= at) ?? samples.at(-1)
  const earlier = samples.findLast((sample) => sample.at <= at) ?? samples[0]
  if (!later || !earlier || later === earlier) return earlier ?? later ?? { ok: 0, refused: 0 }
  const share = (at - earlier.at) / (later.at - earlier.at)
  const mid = (a: number, b: number): number => Math.round(a + (b - a) * share)
  return { ok: mid(earlier.ok, later.ok), refused: mid(earlier.refused, later.refused) }
}

/** Looks at the service's own metrics, twice a second. */
function countCalls({ services: [payouts] }: Stack) {
  const samples: Sample[] = []
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  const look = async (): Promise<void> => {
    const text = await (await fetch(`${payouts?.url}/metrics`)).text()
    const counted = (outcome: string): number =>
      Array.from(text.matchAll(/^remesa_provider_call_seconds_count\{([^}]*)\} (\d+)$/gm))
        .filter(([, labels = '']) => labels.includes('POST /v1/transfers') && labels.includes(`outcome="${outcome}"`))
        .reduce((sum, [, , count]) => sum + Number(count), 0)
    samples.push({ at: seconds(), ok: counted('ok'), refused: counted('429') })
  }
  const timer = setInterval(() => void look(), 500)
  return {
    samples,
    seconds,
    async until(what: string, holds: (sample: Sample) => boolean) {
      for (let looks = 0; !holds(samples.at(-1) ?? { at: 0, ok: 0, refused: 0 }); looks++) {
        if (looks > 300) throw new Error(`waited in vain for ${what}`)
        await sleep(100)
      }
    },
    stop: () => clearInterval(timer),
  }
}

/** Settlements whose winners are all different, with accounts that Stripe has told us of. */
async function aMarketplace(
  { database }: Stack,
  { settlements, winners }: { settlements: number; winners: number },
): Promise<Marketplace> {
  const users = Array.from({ length: settlements * winners }, (_, at) => String(at).padStart(6, '0'))
  const able = { transfersActive: true, payoutsEnabled: true, detailsSubmitted: true, disabledReason: null }
  const now = new Date()
  for (let at = 0; at < users.length; at += 1_000) {
    const news = users.slice(at, at + 1_000).map((user) => {
      return { userId: `U${user}`, stripeAccountId: `acct_${user}`, facts: able, asOf: now }
    })
    await database.transaction().execute((tx) => upsertStripeAccounts(tx, news, { now, policy: DESTINATION_POLICY }))
  }
  const ids = Array.from({ length: settlements }, (_, at) => `SE${String(at).padStart(4, '0')}`)
  return {
    countries: [],
    sellers: [],
    documents: [],
    closings: [],
    settlements: ids.map((settlementId) => ({
      settlementId,
      contestId: `CT-${settlementId}`,
      currency: 'USD',
      total: `${winners * 10}.00`,
      status: 'closed',
    })),
    winners: users.map((user, at) => ({
      settlementId: ids[Math.floor(at / winners)] ?? '',
      userId: `U${user}`,
      stripeAccountId: `acct_${user}`,
      amount: '10.00',
    })),
  }
}
