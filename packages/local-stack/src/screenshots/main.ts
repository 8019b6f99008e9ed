import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import { buildConsole } from '../console.ts'
import { generateMarketplace } from '../marketplace/generate.ts'
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
  const paths = await pathsOf(stack)
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
