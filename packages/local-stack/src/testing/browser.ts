import { accessSync, constants } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { consoleLink } from '../operators.ts'

/** Where Debian and its like put it. */
const USUAL_PATH = '/usr/bin/chromium'

/** For whatever a page is waited for: no promise about speed, so it holds on a busy machine too. */
const PATIENCE_MS = 60_000

/**
 * The browser that tests drive: `CHROMIUM_PATH`, or the system's. None is downloaded.
 * @param env - `process.env`
 * @returns undefined where none is installed
 */
export function chromiumPath(env: NodeJS.ProcessEnv): string | undefined {
  const path = env.CHROMIUM_PATH || USUAL_PATH
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    return undefined
  }
}

export const launchBrowser = (executablePath: string): Promise<Browser> =>
  // Chromium's own sandbox needs what root and most containers do not have; the pages are ours, so that one process may
  // hold them all. Nothing draws with a graphics card.
  chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', '--renderer-process-limit=1'],
      ...['--disable-gpu', '--in-process-gpu'],
    ],
  })

/** Somebody at a screen of their own. */
export interface Visitor {
  readonly page: Page
  readonly context: BrowserContext
  /** What browsers complain about: errors in scripts, whatever the content security policy stopped. */
  readonly complaints: readonly string[]
}

/** Opens a browser of their own for somebody whom the sandbox's issuer knows, signed in, at the page of today. */
export async function visitor(
  browser: Browser,
  { adminUrl, person, ...look }: { adminUrl: string; person: string; dark?: boolean; width?: number; height?: number },
): Promise<Visitor> {
  const { width = 1280, height = 800, dark = false } = look
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-US',
    timezoneId: 'America/Santiago',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => void complaints.push(`${page.url()}: ${error.message}`))
  await page.goto(consoleLink(adminUrl, person))
  await page.getByRole('heading', { level: 1 }).waitFor()
  return { page, context, complaints }
}

/** Every page of the console that a list leads to or that stands in its menu. */
export const MENU_PAGES = [
  '/',
  '/alerts',
  '/approvals',
  '/sellers',
  '/balances',
  '/payouts',
  '/transfers',
  '/plans',
  '/reconciliation',
  '/debts',
  '/ledger',
  '/audit',
  '/dead-letters',
  '/jobs',
  '/system',
] as const

/** Everything that the page asked for has come, and is shown. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.locator('[aria-busy="true"], .loading').first().waitFor({ state: 'detached' })
}

/** What takes a reason: the button, the dialog that it opens, and the button in it of the same name. */
export async function act(page: Page, button: string, reason: string): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: button, exact: true }).first().click()
  const dialog = page.getByRole('dialog', { name: button })
  await dialog.getByRole('textbox', { name: /reason|note/i }).fill(reason)
  await dialog.getByRole('button', { name: button, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
}
