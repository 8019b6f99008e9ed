import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { type Stack, startStack } from '../src/stack/stack.ts'
import { fill } from './admin-data.ts'
import { fillDecisions } from './admin-decision-data.ts'
import { type ApiDescription, isOf, listsOf, listsWithoutSample, type Some, samplesOf } from './admin-samples.ts'

// `pnpm bench admin`: how soon the operators' API answers every list, and what the console shows first, with 100,000
// balances in the database and all that belongs to them. The admin service and PostgreSQL are processes of their own;
// one request follows the other, as one person looks through pages.

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    balances: { type: 'string', default: '100000' },
    requests: { type: 'string', default: '60' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`  --balances N   in the database (default 100,000)
  --requests N   of each kind (default 60)`)
  process.exit(0)
}
/** At the 95th percentile, milliseconds. */
const LIMIT_MS = 100
const WARM_UP = 5
const DATES = 5

const COUNTRIES = [
  { id: 'cl', name: 'Chile', currency: 'CLP', enabled: true },
  { id: 'pe', name: 'Perú', currency: 'PEN', enabled: true },
  { id: 'co', name: 'Colombia', currency: 'COP', enabled: true },
  { id: 'mx', name: 'México', currency: 'MXN', enabled: true },
]

const balances = Number(values.balances)
const directory = await mkdtemp(join(tmpdir(), 'remesa-bench-'))
const stack = await startStack({ env: process.env, logDirectory: join(directory, 'logs'), services: ['admin'] })
let isSlow = false
try {
  const description = await describedBy(stack)
  const forgotten = listsWithoutSample(description)
  if (forgotten.length > 0)
    throw new Error(`no sample asks for ${forgotten.join(', ')}: admin-samples.ts needs one of each`)
  await stack.load({ countries: COUNTRIES, sellers: [], documents: [], closings: [] })
  const began = performance.now()
  const others = Math.ceil(balances / 5)
  await fill(stack.database, {
    sellers: Math.ceil(balances / DATES),
    dates: DATES,
    transfers: others,
    payouts: others,
    alerts: Math.ceil(balances / 50),
    deadLetters: Math.ceil(balances / 100),
  })
  await fillDecisions(stack.database, {
    plans: DATES,
    approvals: Math.ceil(balances / 50),
    imports: 50,
    debts: Math.ceil(balances / 20),
    cooling: Math.ceil(balances / 1_000),
    reconciledDays: 365,
    findings: others,
  })
  console.log(
    `${balances.toLocaleString('en')} balances of ${DATES} dates, made in ${Math.round((performance.now() - began) / 1_000)} s`,
  )
  isSlow = await measure(stack, listsOf(description))
} finally {
  await stack.stop()
  await rm(directory, { recursive: true, force: true })
}
process.exit(isSlow ? 1 : 0)

async function describedBy({ adminUrl }: Stack): Promise<ApiDescription> {
  const response = await fetch(`${adminUrl}/openapi.json`)
  return (await response.json()) as ApiDescription
}

/** @returns whether a list takes longer than it may */
async function measure({ adminUrl, database, sandbox }: Stack, lists: readonly string[]): Promise<boolean> {
  const wish = { subject: 'bench', roles: ['viewer'], expiresInSeconds: 3_600 }
  const { token } = (await sandbox.control('oidc', 'mint', wish)) as { token: string }
  const get = async (path: string): Promise<object> => {
    const response = await fetch(adminUrl + path, { headers: { authorization: `Bearer ${token}` } })
    const text = await response.text()
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as object
  }
  let slow = false
  console.log(`Load of the machine before the first request: ${loadavg()[0]?.toFixed(1)}`)
  console.log('   median       p95   rows')
  for (const path of samplesOf(await someOf(database))) {
    for (let count = 0; count < WARM_UP; count++) await get(path)
    const times: number[] = []
    let rows = 0
    for (let count = 0; count < Number(values.requests); count++) {
      const began = performance.now()
      const answer = await get(path)
      times.push(performance.now() - began)
      rows = Object.values(answer).find(Array.isArray)?.length ?? 1
    }
    times.sort((a, b) => a - b)
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
    const isOver = lists.some((list) => isOf(list, path)) && at(0.95) >= LIMIT_MS
    slow ||= isOver
    const figures = [at(0.5), at(0.95)].map((time) => `${time.toFixed(1).padStart(7)} ms`).join('')
    console.log(`${figures}${String(rows).padStart(7)}   ${path}${isOver ? `   over ${LIMIT_MS} ms` : ''}`)
  }
  return slow
}

/** What the samples name: the middle of long lists, and what has much in it. */
async function someOf(database: Stack['database']): Promise<Some> {
  const report = (kind: string) =>
    sql`(select id from reconciliation_reports where kind = ${sql.lit(kind)} order by started_at desc limit 1)`
  const { rows } = await sql<Some>`
    with plan as (select id from payment_plans where state = 'planned' order by planned_at desc limit 1)
    select (select id from seller_balances where status = 'paid' limit 1) as balance,
      (select seller_id from seller_balances limit 1) as seller,
      (select id from seller_balances order by business_date, id offset 500 limit 1) as cursor,
      (select id from sellers where legal_name like 'Comercial%' order by legal_name, id offset 50 limit 1) as comercial,
      (select id from payout_transfers order by created_at, id offset 500 limit 1) as transfer,
      (select id from payouts order by created_at, id offset 500 limit 1) as payout, (select id from plan) as plan,
      (select payable_id from payment_plan_lines where plan_id = (select id from plan) and left_out is null
        order by payable_id offset 500 limit 1) as "planLine",
      (select id from control_approvals where kind = 'settlement_import' limit 1) as "importApproval",
      ${report('billing')} as "billingReport", ${report('fpay')} as "railReport"`.execute(database)
  const [some] = rows
  if (!some || Object.values(some).includes(null)) throw new Error(`the tables are too empty: ${JSON.stringify(some)}`)
  return some
}
