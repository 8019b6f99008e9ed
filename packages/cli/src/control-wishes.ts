import { z } from 'zod'
import { counted, money, moneyText, plain } from './text.ts'

type Wish = Readonly<Record<string, unknown>>

const settlements = z.looseObject({
  hash: z.string(),
  replace: z.boolean(),
  totals: z.array(money),
  settlements: z.number(),
  winners: z.number(),
  unchanged: z.number(),
  list: z.array(
    z.looseObject({
      settlementId: z.string(),
      contestId: z.string(),
      result: z.string(),
      total: z.string(),
      currency: z.string(),
      winners: z.number(),
    }),
  ),
  notListed: z.number(),
})

/** What a second person agrees to, and nothing else, on one line: the money first, in major units. */
export const wishText = (kind: string, wish: Wish): string =>
  kind === IMPORT ? importText(settlements.parse(wish)) : flatText(wish)

/** What of a wish takes lines of its own: the settlements of an import that owe most, and how many more there are. */
export function wishLines(kind: string, wish: Wish): readonly string[] {
  if (kind !== IMPORT) return []
  const { hash, list, notListed } = settlements.parse(wish)
  return [
    `SHA-256 ${plain(hash)}`,
    ...list.map(
      ({ settlementId, contestId, result, total, currency, winners }) =>
        `${plain(settlementId)} (${plain(contestId)}, ${plain(result)}): ${moneyText({ amount: total, currency })} to ${counted(winners, 'winner')}`,
    ),
    ...(notListed > 0 ? [`… and ${notListed} more, which owe less: remesa settlement waiting ID`] : []),
  ]
}

const IMPORT = 'settlement_import'

const importText = (wish: z.output<typeof settlements>): string =>
  [
    wish.totals.length > 0 ? wish.totals.map(moneyText).join(' + ') : 'nothing to pay',
    counted(wish.settlements, 'settlement'),
    counted(wish.winners, 'winner'),
    ...(wish.unchanged > 0 ? [`${wish.unchanged} more stand here already`] : []),
    ...(wish.replace ? ['what stands otherwise gives way'] : []),
  ].join(', ')

function flatText(wish: Wish): string {
  const { amount, from, to, currency, ...rest } = wish
  const sum = (value: unknown): string =>
    value === null ? 'none' : moneyText(money.parse({ amount: value, currency: currency ?? '?' }))
  return [
    ...(amount === undefined ? [] : [sum(amount)]),
    ...(from === undefined ? [] : [`${sum(from)} → ${sum(to)}`]),
    ...Object.entries(rest)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${spaced(name)} ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ].join(', ')
}

const spaced = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
