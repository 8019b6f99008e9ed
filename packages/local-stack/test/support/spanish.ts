import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import type { Stack } from '../../src/stack/stack.ts'
import { settled } from '../../src/testing/browser.ts'

/**
 * Reads the pages that show most of the API's own texts, in Spanish. Call it before anybody gives a reason: people's words
 * may be English.
 * @returns what of ours is English on them, with what stands around it
 */
export async function englishInSpanish(page: Page, { adminUrl, database }: Stack): Promise<readonly string[]> {
  await page.evaluate(`localStorage.setItem('remesa.language', 'es')`)
  const { rows } = await sql<{ path: string }>`
    (select distinct on (status) '/explain/' || id as path from seller_balances where status in ('blocked', 'failed'))
    union all (select '/balances/' || id from seller_balances where status = 'failed' limit 1)
    union all (select '/explain/' || settlement_id from settlements where rejected_rule is not null limit 1)
    union all (select '/explain/' || booking_id from payouts limit 1)
    union all (select '/reconciliation/' || id from reconciliation_reports limit 1)`.execute(database)
  const found: string[] = []
  for (const path of [...rows.map((row) => row.path), '/audit', '/alerts', '/jobs', '/ledger?view=entries']) {
    await page.goto(adminUrl + path)
    await settled(page)
    for (const text of await englishOn(page)) found.push(`${path}: ${text}`)
  }
  return found
}

/** Our words for what happens; parts of names, as in `pay-seller-balance`, are no words. */
const ENGLISH =
  /(?<![-:])\b(the|is|are|was|were|has|not|its|with|which|paid|held|owed|failed|seller|balance|payout|transfer|booking|contest|attempt|settlement)\b(?!-)/gi

/** Without what is quoted as it came: codes, JSON, errors. */
async function englishOn(page: Page): Promise<readonly string[]> {
  const text = await page.evaluate<string>(`(() => {
    const main = document.querySelector('main').cloneNode(true)
    for (const quoted of main.querySelectorAll('pre, code, [lang=en]')) quoted.remove()
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT)
    const found = []
    while (texts.nextNode()) found.push(texts.currentNode.data)
    return found.join(' | ')
  })()`)
  return [...text.matchAll(ENGLISH)].map(({ index }) => text.slice(Math.max(0, index - 40), index + 40))
}
