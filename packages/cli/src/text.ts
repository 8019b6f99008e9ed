import { stripVTControlCharacters } from 'node:util'
import { isCurrency } from '@remesa/domain/currency'
import { formatMajor } from '@remesa/domain/money'
import { z } from 'zod'

/** Minor units and their currency, as the API writes them. */
export const money = z.object({ amount: z.string().regex(/^-?\d+$/), currency: z.string() })
export type MoneyJson = z.output<typeof money>

/** `CLP 1250000`, `USD 12.50`; a currency that is not known here keeps its minor units. */
export const moneyText = (given: MoneyJson | null): string =>
  given === null
    ? '–'
    : isCurrency(given.currency)
      ? `${given.currency} ${formatMajor(BigInt(given.amount), given.currency)}`
      : `${plain(given.currency)} ${given.amount} minor units`

/** `2026-11-20 12:00:05Z`. */
export const timeText = (iso: string | null): string =>
  iso === null
    ? '–'
    : plain(iso)
        .replace('T', ' ')
        .replace(/\.\d+(?=Z|$)/, '')

/** `90 s`, `4 min`, `3 h`: how old something is. */
export function ageText(seconds: number | null): string {
  if (seconds === null) return '–'
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Without what could drive a terminal: names and reasons come from elsewhere. */
export const plain = (text: string): string => stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, ' ')

export const asJson = (value: unknown): string => JSON.stringify(value, null, 2)

/**
 * Rows under headings, aligned. A heading that begins with `>` stands for numbers, and is aligned to the right.
 * @returns one line that says so when there are none
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
  none = 'none',
): string {
  if (rows.length === 0) return none
  const texts = rows.map((row) => row.map((cell) => (cell === null || cell === '' ? '–' : plain(String(cell)))))
  const named = headings.map((heading) => heading.replace(/^>/, ''))
  const widths = named.map((heading, column) =>
    Math.max(...[heading, ...texts.map((row) => row[column] ?? '')].map(widthOf)),
  )
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - widthOf(cell))
        return headings[column]?.startsWith('>') ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd()
  return [lineOf(named), ...texts.map(lineOf)].join('\n')
}

const segmenter = new Intl.Segmenter()
/** In columns: accents that stand beside their letter take none. Full-width characters are rare here, and count as one. */
const widthOf = (text: string): number => Array.from(segmenter.segment(text)).length

/** Names before values, the values aligned. */
export const pairs = (
  entries: readonly (readonly [name: string, value: string | number | null | undefined])[],
): string => {
  const shown = entries.filter(([, value]) => value !== undefined)
  const width = Math.max(...shown.map(([name]) => widthOf(name)))
  return shown
    .map(([name, value]) => `${name.padEnd(width)}  ${value === null || value === '' ? '–' : plain(String(value))}`)
    .join('\n')
}
