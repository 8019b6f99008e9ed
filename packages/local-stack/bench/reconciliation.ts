import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { compareReading } from '@remesa/database/reconciliation-comparison'
import { listReports } from '@remesa/database/reconciliation-reports'
import { startRun } from '@remesa/database/reconciliation-runs'
import { planSlices } from '@remesa/database/reconciliation-staging'
import { createTally } from '@remesa/domain/reconciliation-figures'
import { createRecommender } from '@remesa/domain/reconciliation-recommendations'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import { sql } from 'kysely'
import Stripe from 'stripe'
import { type Stack, startStack } from '../src/stack/stack.ts'
import { cpuLines, cpuSeconds } from './cpu.ts'

// `pnpm bench reconciliation`: first a whole run of the reconciliation service against Stripe's sandbox by HTTP pages,
// beside what the bare SDK takes to list the same, with PostgreSQL, Pub/Sub, sandbox and service as processes of their
// own; then the comparison itself, with what Stripe has already on this machine, at two sizes.

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    payments: { type: 'string', default: '1000000' },
    pages: { type: 'string', default: '1000' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`  --payments N   on each side of the comparison (default 1,000,000; a tenth of it first)
  --pages N      of 100 charges that the sandbox lists (default 1,000)
  --only WHAT    comparison or pages`)
  process.exit(0)
}

const DAY = { from: new Date('2026-11-12T00:00:00Z'), to: new Date('2026-11-13T00:00:00Z') }
const SLICES_AT_ONCE = 8
/** Of a page, where it does not come at once: Stripe takes longer. */
const LATENCY_MS = 100
/** Of so many payments one is not the same on both sides. */
const DIFFERS_ONE_IN = 1_000

const directory = await mkdtemp(join(tmpdir(), 'remesa-bench-'))
const stack = await startStack({
  env: process.env,
  logDirectory: join(directory, 'logs'),
  services: values.only === 'comparison' ? [] : ['reconciliation'],
  serviceEnv: { BILLING_RECONCILIATION_SLICES_AT_ONCE: String(SLICES_AT_ONCE) },
})
try {
  await stack.sandbox.control('stripe', 'setWebhook', { endpoint: null }) // nobody listens: no events are measured
  if (values.only !== 'comparison') await measurePages(stack, Number(values.pages) * 100)
  if (values.only !== 'pages') {
    const payments = Number(values.payments)
    for (const size of [Math.ceil(payments / 10), payments]) await measureComparison(stack, size)
  }
} finally {
  await stack.stop()
  await rm(directory, { recursive: true, force: true })
}
process.exit(0)

async function measureComparison({ database }: Stack, size: number): Promise<void> {
  const request = { kind: 'bench', window: DAY, includeRefunds: true, tolerancePercentage: 1, reportingCurrency: 'USD' }
  const run = await database.transaction().execute((tx) => startRun(tx, request, { leaseMs: 3_600_000 }))
  const { readingId } = run
  await planSlices(database, readingId, [
    { kind: 'charges', number: 0, ...DAY },
    { kind: 'refunds', number: 0, ...DAY },
  ])
  await fillBothSides({ database }, readingId, size)

  const memory = sampleComparison()
  const tally = createTally()
  const recommender = createRecommender(DAY)
  const began = performance.now()
  const comparison = await compareReading(database, run, (finding) => {
    tally.add(finding)
    recommender.add(finding)
  })
  recommender.recommend(comparison)
  const seconds = (performance.now() - began) / 1_000
  const { ownMiB, postgresMiB } = memory.stop()
  const compared = comparison.stripeTotals.reduce((sum, { payments }) => sum + payments, 0)
  const findings = (
    ['missing_in_database', 'missing_in_stripe', 'amount_mismatch', 'refund_mismatch', 'timing'] as const
  )
    .map((category) => `${tally.count(category)} ${category.replaceAll('_', ' ')}`)
    .join(', ')
  console.log(
    `Comparison of ${size.toLocaleString('en')} payments a side, 5 % with refunds, in ${seconds.toFixed(2)} s:`,
  )
  console.log(`  ${Math.round(compared / seconds).toLocaleString('en')} payments per second`)
  console.log(`  found: ${findings}`)
  console.log(
    `  memory at most: ${ownMiB} MiB of this process, ${postgresMiB} MiB of PostgreSQL’s own beside its cache`,
  )
}

/** Payments spread over the day, the same on both sides but for one in a thousand. */
async function fillBothSides({ database }: Pick<Stack, 'database'>, readingId: string, size: number): Promise<void> {
  const ids = sql`'pi_' || md5(n::text)`
  const created = sql`${DAY.from}::timestamptz + (n * 86400::bigint / ${sql.lit(size)}) * interval '1 second'`
  const refunded = sql`case when n % 20 = 3 then 500 else 0 end`
  const differs = sql.lit(DIFFERS_ONE_IN)
  for (const table of [
    'payments',
    'payment_refunds',
    'reconciliation_staged_payments',
    'reconciliation_staged_refunds',
  ] as const) {
    await sql`delete from ${sql.table(table)}`.execute(database)
  }
  await sql`
    insert into reconciliation_staged_payments (reading_id, payment_id, charge_id, currency, amount, refunded, created, charges)
    select ${readingId}::uuid, ${ids}, 'ch_' || n, 'USD', 1000 + n % 9000, ${refunded}, ${created}, 1
    from generate_series(0, ${sql.lit(size - 1)}) n where n % ${differs} <> 1`.execute(database)
  await sql`
    insert into reconciliation_staged_refunds (reading_id, refund_id, payment_id, currency, amount, created)
    select ${readingId}::uuid, 're_' || n, ${ids}, 'USD', 500, ${created}
    from generate_series(3, ${sql.lit(size - 1)}, 20) n where n % ${differs} <> 1`.execute(database)
  await sql`
    insert into payments (payment_id, charge_id, currency, amount, refunded, created, source, last_event_at)
    select ${ids}, 'ch_' || n, 'USD', 1000 + n % 9000 + (n % ${differs} = 2)::int, ${refunded} * (n % ${differs} <> 3)::int,
      ${created} + (n % ${differs} = 4)::int * interval '1 day', 'webhook', now()
    from generate_series(0, ${sql.lit(size - 1)}) n where n % ${differs} <> 0`.execute(database)
  await sql`
    insert into payment_refunds (refund_id, payment_id, currency, amount, status, created, last_event_at)
    select 're_' || n, ${ids}, 'USD', 500, 'succeeded', ${created}, now()
    from generate_series(3, ${sql.lit(size - 1)}, 20) n where n % ${differs} not in (0, 3)`.execute(database)
  await sql`analyze payments, payment_refunds`.execute(database) // as autovacuum does of tables that grow by the day
  await sql`
    update reconciliation_slices set done = true, staged = case kind
      when 'charges' then (select count(*) from reconciliation_staged_payments)
      else (select count(*) from reconciliation_staged_refunds) end
    where reading_id = ${readingId}`.execute(database)
}

/** The most that this process, and PostgreSQL's processes beside the cache they share, hold meanwhile; Linux only. */
function sampleComparison() {
  let [own, postgres] = [0, 0]
  const look = async (): Promise<void> => {
    own = Math.max(own, process.memoryUsage().rss)
    postgres = Math.max(postgres, await postgresBytes())
  }
  const timer = setInterval(() => void look(), 300)
  return {
    stop() {
      clearInterval(timer)
      const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)
      return { ownMiB: mebibytes(Math.max(own, process.memoryUsage().rss)), postgresMiB: mebibytes(postgres) }
    },
  }
}

async function postgresBytes(): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const held = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      if (!/^Name:\tpostgres$/m.test(status)) return 0
      return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
    }),
  )
  return held.reduce((sum, one) => sum + one, 0)
}

async function measurePages(stack: Stack, size: number): Promise<void> {
  const rows = Array.from({ length: size }, (_, at) => ({
    paymentId: `pi_${at}`,
    chargeId: `ch_${at}`,
    created: new Date(DAY.from.getTime() + Math.floor((at * 86_400) / size) * 1_000).toISOString(),
    currency: 'USD',
    amount: `${10 + (at % 90)}.00`,
  }))
  for (let at = 0; at < size; at += 2_000) {
    await stack.sandbox.control('stripe', 'loadPayments', { payments: rows.slice(at, at + 2_000), quietly: true })
  }
  await sql`delete from payments`.execute(stack.database)
  await sql`
    insert into payments (payment_id, charge_id, currency, amount, created, source, last_event_at)
    select 'pi_' || n, 'ch_' || n, 'USD', (10 + n % 90) * 100,
      ${DAY.from}::timestamptz + (n * 86400::bigint / ${sql.lit(size)}) * interval '1 second', 'webhook', now()
    from generate_series(0, ${sql.lit(size - 1)}) n where n % ${sql.lit(DIFFERS_ONE_IN)} <> 0`.execute(stack.database)

  console.log(`${(size / 100).toLocaleString('en')} pages of 100 charges from the sandbox by HTTP`)
  for (const latencyMs of [0, LATENCY_MS]) {
    await stack.sandbox.control('stripe', 'setLatency', { ms: latencyMs })
    const sliced = await listBare(stack, SLICES_AT_ONCE)
    const before = await cpuSeconds()
    const { durationMs, missing, rssMiB } = await runService(stack)
    const ours = durationMs / 1_000
    const rate = (seconds: number): string => `${seconds.toFixed(1)} s, ${Math.round(size / 100 / seconds)} pages/s`
    console.log(latencyMs === 0 ? '  pages that come at once:' : `  pages that take ${latencyMs} ms each:`)
    if (latencyMs === 0) console.log(`    bare SDK, page after page: ${rate(await listBare(stack, 1))}`)
    console.log(`    bare SDK, ${SLICES_AT_ONCE} slices at once: ${rate(sliced)}`)
    console.log(`    a whole run of the service, comparison and report included: ${rate(ours)}`)
    console.log(`    that is ${Math.round((100 * sliced) / ours)} % of the bare SDK’s speed with as many slices`)
    console.log(`    found ${missing} missing; memory of the service at most ${rssMiB} MiB. CPU seconds:`)
    for (const line of await cpuLines(before, size / 100, 'page')) console.log(line)
  }
}

/** @returns seconds that the SDK alone takes to list the day, by its own paging */
async function listBare({ sandbox }: Stack, slices: number): Promise<number> {
  const { hostname: host, port } = new URL(sandbox.urls.stripe)
  const stripe = new Stripe(sandbox.credentials.stripe.apiKey, {
    host,
    port: Number(port),
    protocol: 'http',
    telemetry: false,
  })
  const from = DAY.from.getTime() / 1_000
  const began = performance.now()
  await Promise.all(
    Array.from({ length: slices }, async (_, slice) => {
      const bound = (at: number): number => from + Math.floor((86_400 * at) / slices)
      for await (const charge of stripe.charges.list({
        limit: 100,
        created: { gte: bound(slice), lt: bound(slice + 1) },
      })) {
        if (charge.amount_captured < 0) throw new Error('no charge is negative')
      }
    }),
  )
  return (performance.now() - began) / 1_000
}

async function runService({ database, services }: Stack) {
  const before = new Set((await listReports(database, { kind: 'billing', limit: 10 })).map(({ id }) => id))
  const data = { startDate: '2026-11-12', endDate: '2026-11-13' }
  await database.transaction().execute((tx) => enqueue(tx, topics.billingReconciliation, [{ data }]))
  let rss = 0
  for (;;) {
    const report = (await listReports(database, { kind: 'billing', limit: 10 })).find(({ id }) => !before.has(id))
    const status = await readFile(`/proc/${services[0]?.child.pid}/status`, 'utf8').catch(() => '')
    rss = Math.max(rss, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0))
    if (report && report.durationMs !== null) {
      if (report.status === 'error') throw new Error(`the run failed: ${report.error}`)
      return {
        durationMs: report.durationMs,
        missing: report.result?.missingInDatabase.length ?? 0,
        rssMiB: Math.round(rss / 1024),
      }
    }
    await sleep(100)
  }
}
