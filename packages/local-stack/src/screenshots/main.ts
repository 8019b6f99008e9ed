import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { buildConsole } from '../console.ts'
import { generateMarketplace } from '../marketplace/generate.ts'
import { tokensOf } from '../operators.ts'
import { runPayDay } from '../run.ts'
import { type Stack, startStack } from '../stack/stack.ts'
import { act, chromiumPath, launchBrowser, settled, visitor } from '../testing/browser.ts'
import { webpOf } from './webp.ts'

// `pnpm screenshots`: the console's pages as docs/images has them, of a marketplace that is the same each time.

const IMAGES = fileURLToPath(new URL('../../../../docs/images/', import.meta.url))
const LOGS = join(tmpdir(), 'remesa-screenshots')
const DATE = businessDate('2026-11-19')
const SIZE = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }

const chromium = chromiumPath(process.env)
if (!chromium) {
  process.stderr.write('screenshots: no browser is installed; set CHROMIUM_PATH to a Chromium\n')
  process.exit(2)
}
const [stack, trouble] = await Promise.all([
  startStack({ env: process.env, logDirectory: LOGS, serviceEnv: { ADMIN_APPROVAL_ABOVE: 'USD:0' } }),
  buildConsole(process.env, LOGS),
])
const browser = await launchBrowser(chromium)
try {
  if (trouble) throw new Error(trouble)
  await livelyDay(stack)
  await mkdir(IMAGES, { recursive: true })
  const paths: Readonly<Record<string, string>> = { ...(await pathsOf(stack)), plan: await plannedContest(stack) }
  const held = paths.payout ?? ''
  const blank = await browser.newPage()
  for (const dark of [false, true]) {
    const { page } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'olga', dark, ...SIZE })
    if (!dark) {
      await page.goto(stack.adminUrl + held)
      await act(page, 'Pay now', 'the customer withdrew the dispute by phone')
    }
    for (const [name, path] of dark ? [['today-dark', '/'] as const] : Object.entries(paths)) {
      await page.goto(stack.adminUrl + path)
      await settled(page)
      await writeFile(join(IMAGES, `${name}.webp`), await webpOf(blank, await page.screenshot()))
    }
  }
  const { page: phone } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'olga', ...PHONE })
  await settled(phone)
  await writeFile(join(IMAGES, 'today-phone.webp'), await webpOf(blank, await phone.screenshot()))
} finally {
  await browser.close()
  await stack.stop()
}

/** A day with something of everything, and a message that was set aside. */
async function livelyDay(on: Stack): Promise<void> {
  const marketplace = generateMarketplace({
    sellers: 60,
    settlements: 6,
    bookings: { count: 60, now: Temporal.Now.instant() },
    payments: 400,
    businessDate: DATE,
  })
  await sql`insert into outbox (topic, data) values (${topics.payoutTransfer.name}, '{"wrong": true}')`.execute(
    on.database,
  )
  const events = { patienceMs: 60_000, onProgress: () => {}, onPhase: () => {} }
  await runPayDay(on, { marketplace, businessDate: DATE, setupSeconds: 0 }, events)
}

/** A contest whose winners wait for a plan. @returns the plan's page */
async function plannedContest(on: Stack): Promise<string> {
  const tokens = new Map((await tokensOf(on)).map(({ role, token }) => [role, token]))
  const ask = async (method: string, path: string, body: object, role = 'operator'): Promise<unknown> => {
    const headers = {
      authorization: `Bearer ${tokens.get(role)}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    }
    const answer = await fetch(on.adminUrl + path, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return answer.json()
  }
  const reason = 'every contest in dollars is agreed to'
  await ask('PUT', '/v1/plan-rules', { kind: 'payouts', currency: 'USD', amount: '0', reason })
  const winners = ['ana', 'ben', 'carla', 'diego', 'elisa', 'fabio'].map((userId, index) => ({
    ...{ userId, stripeAccountId: `acct_${userId}`, amount: String(90_000 - index * 12_500), currency: 'USD' },
  }))
  const total = String(winners.reduce((sum, { amount }) => sum + BigInt(amount), 0n))
  const settlement = { settlementId: 'SE-spring', contestId: 'CT-spring', currency: 'USD', total, status: 'closed' }
  const { approval } = (await ask('POST', '/v1/settlements', {
    ...{ reason, settlements: [{ ...settlement, winners }] },
  })) as { approval: { id: string } }
  await ask('POST', `/v1/control-approvals/${approval.id}/approve`, { reason }, 'approver')
  const waiting = sql`select from payout_transfers where contest_id = 'CT-spring' and status = 'pending'
    and exists (select from user_stripe_accounts a where a.user_id = payout_transfers.user_id and a.transfers_active)`
  while ((await waiting.execute(on.database)).rows.length < winners.length) await sleep(100)
  const { plan } = (await ask('POST', '/v1/plans', { kind: 'payouts', reason: 'the spring contest' })) as {
    plan: { id: string }
  }
  return `/plans/${plan.id}`
}

/** The pages, by the names of their images. */
async function pathsOf({ database }: Stack): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ name: string; path: string }>`
    (select 'balance' as name, '/balances/' || id as path from seller_balances where status = 'paid' order by id limit 1)
    union all (select 'explain', '/explain/' || id from seller_balances where status = 'blocked' order by id limit 1)
    union all (select 'seller', '/sellers/' || id from sellers order by id limit 1)
    union all (select 'payout', '/payouts/' || id from payouts where status = 'on_hold' order by id limit 1)
    union all (select 'report', '/reconciliation/' || report_id from reconciliation_findings limit 1)
    union all (select 'dead-letter', '/dead-letters/' || id from dead_letters limit 1)`.execute(database)
  return {
    today: '/',
    ...Object.fromEntries(
      [
        'alerts',
        'approvals',
        'balances',
        'payouts',
        'transfers',
        'plans',
        'reconciliation',
        'ledger',
        'audit',
        'dead-letters',
        'jobs',
        'system',
      ].map((name) => [name, `/${name}`]),
    ),
    ...Object.fromEntries(rows.map(({ name, path }) => [name, path])),
  }
}
