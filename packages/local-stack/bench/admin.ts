import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { type Stack, startStack } from '../src/stack/stack.ts'
import { fill } from './admin-data.ts'

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
  console.log(
    `${balances.toLocaleString('en')} balances of ${DATES} dates, made in ${Math.round((performance.now() - began) / 1_000)} s`,
  )
  isSlow = await measure(stack)
} finally {
  await stack.stop()
  await rm(directory, { recursive: true, force: true })
}
process.exit(isSlow ? 1 : 0)

/** @returns whether a list takes longer than it may */
async function measure({ adminUrl, database, sandbox }: Stack): Promise<boolean> {
  const wish = { subject: 'bench', roles: ['viewer'], expiresInSeconds: 3_600 }
  const { token } = (await sandbox.control('oidc', 'mint', wish)) as { token: string }
  const get = async (path: string): Promise<Answer> => {
    const response = await fetch(adminUrl + path, { headers: { authorization: `Bearer ${token}` } })
    const text = await response.text()
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as Answer
  }
  const isList = (path: string): boolean => !/^\/v1\/(ledger\/proof|today|system|audit\/seals)/.test(path)
  let slow = false
  console.log(`Load of the machine before the first request: ${loadavg()[0]?.toFixed(1)}`)
  console.log('   median       p95   rows')
  for (const path of await paths(database, get)) {
    for (let count = 0; count < WARM_UP; count++) await get(path)
    const times: number[] = []
    let rows = 0
    for (let count = 0; count < Number(values.requests); count++) {
      const began = performance.now()
      const answer = await get(path)
      times.push(performance.now() - began)
      rows = answer.items?.length ?? answer.payouts?.length ?? answer.approvals?.length ?? 1
    }
    times.sort((a, b) => a - b)
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
    const isOver = isList(path) && at(0.95) >= LIMIT_MS
    slow ||= isOver
    const figures = [at(0.5), at(0.95)].map((time) => `${time.toFixed(1).padStart(7)} ms`).join('')
    console.log(`${figures}${String(rows).padStart(7)}   ${path}${isOver ? `   over ${LIMIT_MS} ms` : ''}`)
  }
  return slow
}

interface Answer {
  readonly items?: readonly { readonly id: string }[]
  readonly payouts?: readonly unknown[]
  readonly approvals?: readonly unknown[]
  readonly next?: string | null
}

/** First pages, pages far down, filters that leave much, little and nothing, and what people type. */
async function paths(database: Stack['database'], get: (path: string) => Promise<Answer>): Promise<readonly string[]> {
  const { rows } = await sql<{ balance: string; seller: string; cursor: string; transfer: string; payout: string }>`
    select (select id from seller_balances where status = 'paid' limit 1) as balance,
      (select seller_id from seller_balances limit 1) as seller,
      (select id from seller_balances order by business_date, id offset 500 limit 1) as cursor,
      (select id from payout_transfers limit 1) as transfer, (select id from payouts limit 1) as payout
    `.execute(database)
  const [some] = rows
  if (!some) throw new Error('the tables are empty')
  const { next } = await get('/v1/sellers?q=comercial')
  return [
    '/v1/balances',
    '/v1/balances?limit=200',
    `/v1/balances?cursor=${some.cursor}`,
    '/v1/balances?status=paid',
    '/v1/balances?status=failed',
    '/v1/balances?status=initialized',
    `/v1/balances?status=paid&cursor=${some.cursor}`,
    '/v1/balances?date=2026-11-18',
    '/v1/balances?date=2026-11-18&status=blocked',
    '/v1/balances?country=mx',
    '/v1/balances?currency=USD&status=returned',
    '/v1/balances?min=4990000',
    '/v1/balances?min=99999999',
    '/v1/balances?min=1000&max=2000&currency=PEN',
    '/v1/balances?q=comercial',
    '/v1/balances?q=importadora+austral+17',
    '/v1/balances?q=10000042-2',
    '/v1/balances?q=nobody',
    `/v1/balances?sellerId=${some.seller}`,
    `/v1/balances/${some.balance}`,
    '/v1/sellers',
    '/v1/sellers?q=com',
    `/v1/sellers?q=comercial&cursor=${next}`,
    '/v1/sellers?q=nobody',
    `/v1/sellers/${some.seller}`,
    '/v1/transfers',
    '/v1/transfers?status=awaiting_destination',
    '/v1/transfers?status=failed_terminal',
    '/v1/transfers?userId=user-9',
    '/v1/transfers?q=CT-17',
    `/v1/transfers/${some.transfer}`,
    '/v1/payouts',
    '/v1/payouts?status=on_hold',
    '/v1/payouts?providerId=provider-9',
    `/v1/payouts/${some.payout}`,
    '/v1/approvals',
    '/v1/alerts',
    '/v1/alerts?status=open',
    '/v1/alerts?severity=critical&status=open',
    '/v1/dead-letters',
    '/v1/dead-letters?waiting=true',
    '/v1/ledger/accounts',
    '/v1/ledger/accounts?q=payee:',
    '/v1/ledger/accounts?q=comercial+andina',
    '/v1/ledger/entries',
    '/v1/ledger/entries?account=paid_from:fpay',
    `/v1/ledger/entries?account=payee:${some.seller}`,
    `/v1/ledger/entries?payableId=${some.balance}`,
    '/v1/audit',
    '/v1/audit?actor=operator:olga',
    '/v1/audit?actor=pay-seller-balance&action=payment.accepted',
    '/v1/audit?action=nothing.ever',
    `/v1/audit?subjectType=seller_balance&subjectId=${some.balance}`,
    '/v1/jobs',
    '/v1/search?q=comercial',
    '/v1/search?q=BK-77',
    `/v1/search?q=${some.balance}`,
    `/v1/explain/${some.balance}`,
    '/v1/explain/BK-77',
    '/v1/explain/ST-1',
    '/v1/today',
    '/v1/system',
    '/v1/audit/seals',
    '/v1/ledger/proof',
  ]
}
