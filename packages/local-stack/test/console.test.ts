import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { businessDate } from '@remesa/domain/business-date'
import { topics } from '@remesa/messaging/catalogue'
import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { buildConsole } from '../src/console.ts'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { operatorsText } from '../src/operators.ts'
import { runPayDay } from '../src/run.ts'
import type { Stack } from '../src/stack/stack.ts'
import type { Summary } from '../src/summary.ts'
import { violationsOf } from '../src/testing/axe.ts'
import { act, chromiumPath, launchBrowser, MENU_PAGES, settled, type Visitor, visitor } from '../src/testing/browser.ts'
import { englishInSpanish } from './support/spanish.ts'
import { aStack } from './support/stacks.ts'

// The console in the system's own browser, against every process there is. The tests build on each other: the first one
// watches the run whose payouts, findings and alerts the others act on.

const DATE = businessDate('2026-11-19')
const PATIENCE_MS = 60_000
const SCREEN = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }

const chromium = chromiumPath(process.env)
if (!chromium) {
  process.stderr.write('console: skipped, since no browser is installed; set CHROMIUM_PATH to a Chromium\n')
}
const inBrowser = (title: string, run: () => Promise<void>, timeoutMs = 150_000): void =>
  (chromium ? test : test.skip)(title, run, timeoutMs)

const stops: (() => Promise<unknown>)[] = []
let stack: Stack
let browser: Browser
let olga: Visitor
let adam: Visitor

beforeAll(async () => {
  if (!chromium) return
  // Banks that take their time: of a run that is over within a second a busy machine may show its end alone. Who is paid
  // late is looked at soon: nobody here has callbacks to save.
  const serviceEnv = { ADMIN_APPROVAL_ABOVE: 'USD:0', PAYMENT_FIRST_CHECK_MS: '2500' }
  stack = await aStack({ serviceEnv, settleDelayMs: 2_000 }, stops)
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
      sellers: 20,
      settlements: 3,
      bookings: { count: 24, now: Temporal.Now.instant() },
      payments: 100,
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

inBrowser('a Spanish console says nothing of ours in English', async () => {
  const { page, context } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'vera' })
  expect(await englishInSpanish(page, stack)).toEqual([])
  await context.close()
})

inBrowser('what start prints is three clicks away from the time line of the first seller who was paid', async () => {
  const [link = ''] = /http\S+login_hint=vera/.exec(await operatorsText(stack)) ?? []
  const context = await browser.newContext({ locale: 'en-US' })
  await context.addInitScript(`addEventListener('click', ({ isTrusted }) => {
    if (isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1
  })`)
  const page = await context.newPage()
  await page.goto(link) // the first click, in the terminal
  await page.getByRole('main').getByRole('link', { name: 'paid', exact: true }).click()
  await page.getByRole('main').getByRole('table').getByRole('link').first().click()
  await page.getByRole('heading', { name: 'Time line' }).waitFor()
  await page.getByRole('listitem').filter({ hasText: 'Ledger: Payment paid' }).waitFor()
  expect(new URL(page.url()).pathname).toMatch(/^\/balances\/.+/)
  expect(1 + (await page.evaluate<number>('Number(sessionStorage.clicks)'))).toBeLessThanOrEqual(3)
  await context.close() // a page that is open asks for news
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

inBrowser('a balance that failed for good is paid again by two people, under a key of its own', async () => {
  const { rows } = await sql<{ id: string }>`
    select b.id from seller_balances b where b.status = 'failed' and not exists (
      select from finance_alerts a where a.subject_id = b.id::text and a.kind in ('payment_compliance', 'payment_mismatch'))
    order by b.id limit 1`.execute(stack.database)
  const id = rows[0]?.id ?? ''
  const generation = async () => {
    const { rows: attempts } = await sql<{ generation: number }>`
      select max(generation) as generation from payment_attempts where payable_id = ${id}`.execute(stack.database)
    return attempts[0]?.generation
  }
  const before = (await generation()) ?? 0
  const asking = await goTo(olga, `/balances/${id}`)
  await act(asking, 'Pay again', 'the bank has reopened the account')
  await asking.getByText('A second person must approve it.').first().waitFor()
  expect(await generation()).toBe(before)
  const deciding = await goTo(adam, '/approvals?status=open')
  await act(deciding, 'Approve', 'seen the letter of the bank')
  await until(async () => (await generation()) === before + 1, 'the second payment')
  const after = await goTo(olga, `/balances/${id}`)
  await after.getByText('operator:adam').first().waitFor()
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
  const report = `/reconciliation/${before[0]?.report_id}`
  const page = await goTo(olga, `${report}?category=missing_in_database`)
  await page.getByRole('table').getByText('missing in our books').first().waitFor()
  await act(page, 'Copy', 'this one was reported')
  await until(async () => (await missing()).some((one) => one.is_copied), 'the first copy')
  expect((await missing()).map((one) => one.is_copied)).toContain(false)
  await act(page, 'Copy from Stripe', 'the webhooks were away')
  await until(async () => (await missing()).every((one) => one.is_copied), 'the copies')
})

inBrowser(
  'days that are compared again lead from the old report to the newest, which lacks what was mended',
  async () => {
    const { rows } = await sql<{ id: string }>`
    select id from reconciliation_reports where kind = 'billing' order by started_at limit 1`.execute(stack.database)
    const page = await goTo(olga, `/reconciliation/${rows[0]?.id}`)
    await act(page, 'Compare again', 'the missing payments were copied')
    const notice = page.getByRole('status').filter({ hasText: 'compared again' })
    await notice.getByText('discrepancy found').waitFor({ timeout: PATIENCE_MS }) // it has ended
    await notice.getByRole('link').click()
    await page.waitForURL((url) => !url.pathname.endsWith(rows[0]?.id ?? ''))
    await settled(page)
    await page.getByRole('combobox', { name: 'Category' }).selectOption('missing_in_database')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.getByText('Nothing matches.').waitFor()
  },
)

inBrowser('a comparison is started, and stands in the list when it has ended, without a reload', async () => {
  const page = await goTo(olga, '/reconciliation?books=payoneer')
  await page.getByText('Nothing matches.').waitFor()
  await page.getByRole('button', { name: 'Compare' }).click()
  const dialog = page.getByRole('dialog', { name: 'Compare' })
  await dialog.getByRole('combobox', { name: 'Books' }).selectOption('payoneer')
  await dialog.getByLabel('First day').fill(DATE)
  await dialog.getByLabel('Last day').fill('2026-11-18')
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('the bank asks')
  await dialog.getByRole('button', { name: 'Compare' }).click()
  await dialog.getByText('Choose two days').waitFor()
  await dialog.getByLabel('Last day').fill(DATE)
  await dialog.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('table').getByRole('link', { name: 'Nov 19, 2026, UTC' }).waitFor({ timeout: PATIENCE_MS })
})

inBrowser('a cap is set by one person, and raised by two', async () => {
  const page = await goTo(olga, '/system')
  await page.getByRole('button', { name: 'Set a cap' }).click()
  const setting = page.getByRole('dialog', { name: 'Set a cap' })
  await setting.getByRole('combobox', { name: 'Rail' }).selectOption('Payoneer')
  await setting.getByRole('textbox', { name: 'Amount' }).fill('1000.5.0')
  await setting.getByRole('textbox', { name: /Reason/ }).fill('agreed with the bank')
  await setting.getByRole('button', { name: 'Set a cap' }).click()
  await setting.getByText('An amount needs a currency').waitFor()
  await setting.getByRole('textbox', { name: 'Amount' }).fill('1000.50')
  await setting.getByRole('button', { name: 'Set a cap' }).click()
  const cap = page.getByRole('row').filter({ hasText: 'agreed with the bank' })
  await cap.getByText('$1,000.50').waitFor()
  await cap.getByRole('button', { name: 'Change' }).click()
  const change = page.getByRole('dialog', { name: 'Change' })
  await change.getByRole('textbox', { name: 'Amount' }).fill('2000')
  await change.getByRole('textbox', { name: /Reason/ }).fill('they agreed to more')
  await change.getByRole('button', { name: 'Change' }).click()
  await page.getByText('A second person must approve it.').first().waitFor()
  await act(await goTo(adam, '/approvals?status=open'), 'Approve', 'I have seen the letter')
  await cap
    .or(page.getByRole('row').filter({ hasText: 'they agreed to more' }))
    .getByText('$2,000.00')
    .waitFor()
})

inBrowser(
  'a pay-day is planned by one person, and approved by another with the hash that is on the screen',
  async () => {
    const rule = await goTo(olga, '/plans')
    await rule.getByRole('button', { name: 'Set a rule' }).click()
    await rule.getByRole('dialog').getByRole('textbox', { name: 'Amount' }).fill('0')
    await rule
      .getByRole('dialog')
      .getByRole('textbox', { name: /reason/i })
      .fill('dollars are agreed to')
    await rule.getByRole('dialog').getByRole('button', { name: 'Set a rule' }).click()
    await rule.getByRole('dialog').waitFor({ state: 'detached' })
    await act(rule, 'Plan a run', 'before the pay-day')
    const planned = rule.getByRole('heading', { level: 1, name: 'Plan, pay-day of sellers of 2026-11-19' })
    await planned.waitFor()
    await rule.getByText('What it leaves out, by reason').waitFor()
    expect(await rule.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    const deciding = await goTo(adam, new URL(rule.url()).pathname)
    await act(deciding, 'Approve', 'the totals are right')
    await rule.getByText('operator:adam').waitFor()
    await act(rule, 'Apply', 'agreed')
    await rule.getByText('Done: Apply.').first().waitFor()
    await rule.getByRole('main').getByText('applied', { exact: true }).waitFor()
  },
)

inBrowser('the system page shows how providers answer, and that every service is heard', async () => {
  const page = await goTo(olga, '/system')
  const stripe = page
    .getByRole('table', { name: /calls of outside/ })
    .getByRole('row')
    .filter({ hasText: 'Stripe' })
  await stripe
    .getByText(/^\d+ ms$/)
    .first()
    .waitFor()
  const heard = page.getByRole('table', { name: /Whose metrics/ }).getByText('heard', { exact: true })
  await heard.first().waitFor()
  expect(await heard.count()).toBe(stack.services.length)
})

inBrowser('messages to Slack link to the console', async () => {
  const told = async () => JSON.stringify(await stack.sandbox.control('slack', 'messages', undefined))
  await until(async () => (await told()).includes(stack.adminUrl), 'the link')
})

inBrowser(
  'no page has a violation that axe calls serious, in light or dark, or is wider than a phone',
  async () => {
    const violations: string[] = []
    for (const path of [...MENU_PAGES, ...(await detailPages()), '/search?q=a', '/nowhere']) {
      const page = await goTo(olga, path)
      for (const found of await violationsOf(page)) violations.push(`${path}: ${found}`)
      await page.emulateMedia({ colorScheme: 'dark' })
      for (const found of await violationsOf(page, { runOnly: 'color-contrast' }))
        violations.push(`${path}, dark: ${found}`)
      await page.emulateMedia({ colorScheme: 'light' })
      await page.setViewportSize(PHONE)
      const tooWide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      if (tooWide > 0) violations.push(`${path}: ${tooWide} px too wide for a phone`)
      await page.setViewportSize(SCREEN)
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
    union all (select '/plans/' || id from payment_plans limit 1)
    union all (select '/dead-letters/' || id from dead_letters limit 1)`.execute(stack.database)
  return rows.map(({ path }) => path)
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
  const { page, context, complaints } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'vera' })
  await page.goto(`${stack.adminUrl}/docs`)
  await page.getByText('Remesa, for operators').first().waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

inBrowser('whoever signs out is asked to sign in, and sees nothing until then', async () => {
  const { page } = await visitor(browser, { adminUrl: stack.adminUrl, person: 'vera' })
  await page.getByRole('button', { name: 'Vera' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  await page.getByRole('link', { name: 'Vera, viewer' }).click()
  await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor()
})
