import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { buildConsole } from '../src/console.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { runPayDay } from '../src/run.ts'
import type { Stack } from '../src/stack/stack.ts'
import type { Summary } from '../src/summary.ts'
import { act, chromiumPath, launchBrowser, MENU_PAGES, settled, type Visitor, visitor } from '../src/testing/browser.ts'
import { aStack } from './support/stacks.ts'

// The console in the system's own browser, against every process there is. The tests build on each other: the first one
// watches the run whose payouts, findings and alerts the others act on.

const DATE = businessDate('2026-11-19')
const PATIENCE_MS = 60_000
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const chromium = chromiumPath(process.env)
if (!chromium) {
  process.stderr.write('console: skipped, since no browser is installed; set CHROMIUM_PATH to a Chromium\n')
}
const inBrowser = (title: string, run: () => Promise<void>): void => (chromium ? test : test.skip)(title, run, 150_000)

const stops: (() => Promise<unknown>)[] = []
let stack: Stack
let browser: Browser
let olga: Visitor
let adam: Visitor

beforeAll(async () => {
  if (!chromium) return
  stack = await aStack({ serviceEnv: { ADMIN_APPROVAL_ABOVE: 'USD:0' } }, stops)
  const trouble = await buildConsole(process.env, stack.logDirectory)
  if (trouble) throw new Error(trouble)
  browser = await launchBrowser(chromium)
  stops.push(() => browser.close())
  olga = await visitor(browser, { adminUrl: stack.adminUrl, person: 'olga' })
  adam = await visitor(browser, { adminUrl: stack.adminUrl, person: 'adam' })
}, 180_000)
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const goTo = async ({ page }: Visitor, path: string): Promise<Page> => {
  await page.goto(stack.adminUrl + path)
  await settled(page)
  return page
}

const statusOf = async (table: 'payouts' | 'dead_letters', id: string) => {
  const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)} where id = ${id}`.execute(
    stack.database,
  )
  return rows[0]
}

async function until(what: () => Promise<boolean>, name: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`${name}: not within ${PATIENCE_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

inBrowser(
  'the run goes live from reset to finished on a page that is never loaded again',
  async () => {
    const { page } = olga
    await page.getByText('No run has been opened for this day yet.').waitFor()
    await page.evaluate(`
    window.seen = new Set()
    setInterval(() => document.querySelectorAll('main .badge').forEach((badge) => seen.add(badge.textContent)), 20)`)
    const marketplace = generateMarketplace({
      sellers: 30,
      settlements: 4,
      bookings: { count: 60, now: Temporal.Now.instant() },
      payments: 300,
      businessDate: DATE,
    })
    const summary: Summary = await runPayDay(
      stack,
      { marketplace, businessDate: DATE, setupSeconds: 0 },
      { patienceMs: PATIENCE_MS, onProgress: () => {}, onPhase: () => {} },
    )
    await page.getByText('The run of Nov 19, 2026: finished · Opened').waitFor({ timeout: PATIENCE_MS })
    const paid = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'paid', exact: true }) })
    await paid.getByText(String(summary.balances.paid), { exact: true }).waitFor()
    const seen = await page.evaluate<readonly string[]>('[...seen]')
    expect(seen).toEqual(expect.arrayContaining(['none', 'running', 'finished'])) // and the window is the same one
  },
  300_000,
)

inBrowser('three clicks lead from today to the time line of a seller who was paid', async () => {
  const page = await goTo(olga, '/')
  await page.getByRole('main').getByRole('link', { name: 'paid', exact: true }).click()
  await page.getByRole('main').getByRole('table').getByRole('link').first().click()
  await page.getByRole('heading', { name: 'Time line' }).waitFor()
  expect(new URL(page.url()).pathname).toMatch(/^\/(balances|sellers)\/.+/)
})

inBrowser('a held payout is released by two people, and never by the one who asked', async () => {
  const { rows } = await sql<{ id: string }>`
    select id from payouts where status = 'on_hold' order by id limit 1`.execute(stack.database)
  const id = rows[0]?.id ?? ''
  const asking = await goTo(olga, `/payouts/${id}`)
  await act(asking, 'Pay now', 'the customer withdrew the dispute by phone')
  await asking.getByText('A second person must approve it.').first().waitFor()
  const own = await goTo(olga, '/approvals')
  expect(await own.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  expect(await statusOf('payouts', id)).toMatchObject({ status: 'on_hold' })

  const deciding = await goTo(adam, '/approvals')
  await act(deciding, 'Approve', 'seen the letter')
  await until(async () => (await statusOf('payouts', id))?.status === 'transferred', 'the payout')
  const after = await goTo(olga, `/payouts/${id}`)
  await after.getByText('operator:adam').first().waitFor()
  await after.getByText('operator:olga').first().waitFor()
})

inBrowser('a dead letter is read and replayed', async () => {
  await sql`insert into outbox (topic, data) values (${topics.payoutTransfer.name}, '{"wrong": true}')`.execute(
    stack.database,
  )
  const waiting = async () => (await sql`select 1 from dead_letters`.execute(stack.database)).rows.length > 0
  await until(waiting, 'the dead letter')
  const page = await goTo(olga, '/dead-letters')
  await page.getByRole('checkbox', { name: 'Choose all on this page' }).check()
  await act(page, 'Replay the chosen (1)', 'the sender has been mended')
  await page.getByText('Replayed: 1 of 1.').first().waitFor()
})

inBrowser('a finding is synced: what is missing in our books is copied from Stripe', async () => {
  const missing = async () => {
    const { rows } = await sql<{ report_id: string; is_copied: boolean }>`
      select report_id, exists (select from payments p where p.payment_id = f.payment_id) as is_copied
      from reconciliation_findings f where category = 'missing_in_database'`.execute(stack.database)
    return rows
  }
  const before = await missing()
  expect(before.map((one) => one.is_copied)).toContain(false)
  const page = await goTo(olga, `/reconciliation/${before[0]?.report_id}?category=missing_in_database`)
  await page.getByRole('table').getByText('missing in our books').first().waitFor()
  await act(page, 'Copy what is missing from Stripe', 'the webhooks were away')
  await until(async () => (await missing()).every((one) => one.is_copied), 'the copies')
})

inBrowser(
  'no page has a violation that axe calls serious, in light or dark',
  async () => {
    const violations: string[] = []
    for (const path of [...MENU_PAGES, ...(await detailPages()), '/search?q=a', '/nowhere']) {
      const page = await goTo(olga, path)
      for (const found of await violationsOf(page)) violations.push(`${path}: ${found}`)
      await page.emulateMedia({ colorScheme: 'dark' })
      for (const found of await violationsOf(page, { runOnly: 'color-contrast' }))
        violations.push(`${path}, dark: ${found}`)
      await page.emulateMedia({ colorScheme: 'light' })
    }
    expect(violations).toEqual([])
    expect([...olga.complaints, ...adam.complaints]).toEqual([])
  },
  180_000,
)

/** One of each kind. */
async function detailPages(): Promise<readonly string[]> {
  const { rows } = await sql<{ path: string }>`
    (select '/balances/' || id as path from seller_balances where status = 'paid' limit 1)
    union all (select '/explain/' || id from seller_balances where status = 'blocked' limit 1)
    union all (select '/sellers/' || id from sellers limit 1)
    union all (select '/payouts/' || id from payouts limit 1)
    union all (select '/transfers/' || id from payout_transfers where status = 'completed' limit 1)
    union all (select '/reconciliation/' || id from reconciliation_reports limit 1)
    union all (select '/dead-letters/' || id from dead_letters limit 1)`.execute(stack.database)
  return rows.map(({ path }) => path)
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string | null
    readonly nodes: readonly { readonly target: readonly unknown[] }[]
  }[]
}

/** @param rules - default all */
async function violationsOf(page: Page, rules: object = {}): Promise<readonly string[]> {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(${JSON.stringify({ resultTypes: ['violations'], ...rules })})`,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

inBrowser('an alert is acknowledged with the keyboard alone', async () => {
  const page = await goTo(olga, '/')
  const focused = () => page.evaluate<string>(`document.activeElement?.textContent.trim() ?? ''`)
  const tabTo = async (name: RegExp) => {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab')
      if (name.test(await focused())) return
    }
    throw new Error(`the keyboard does not reach ${name}`)
  }
  await tabTo(/^Skip to the content$/)
  await tabTo(/^Alerts$/)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor()
  await settled(page)
  await tabTo(/^Acknowledge$/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Acknowledge' }).waitFor()
  await page.keyboard.type('I am on it')
  await tabTo(/^Acknowledge$/)
  await page.keyboard.press('Enter')
  await page.getByText('Done: Acknowledge.').first().waitFor()
  expect(await focused()).not.toBe('') // the focus is where it was, or nearby, and not lost
  const { rows } =
    await sql`select 1 from finance_alerts where status = 'acknowledged' and note = 'I am on it'`.execute(
      stack.database,
    )
  expect(rows).toHaveLength(1)
})

inBrowser('the API’s description can be browsed under the same policy', async () => {
  const { page, complaints } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'vera' })
  await page.goto(`${stack.adminUrl}/docs`)
  await page.getByText('Remesa, for operators').first().waitFor()
  expect(complaints).toEqual([])
})

inBrowser('whoever signs out is asked to sign in, and sees nothing until then', async () => {
  const { page } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'vera' })
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  await page.getByRole('link', { name: 'Vera, viewer' }).click()
  await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor()
})
