import type { Summary } from '../src/summary.ts'

/** What a pay-day may take: seconds, up to so many sellers. */
const PAY_DAY_SECONDS = [
  { sellers: 200, seconds: 10 },
  { sellers: 5_000, seconds: 30 },
] as const
const RETRIEVALS_PER_1000 = 15
/** Of the second quarter's mean: less growth than this is noise of the collector. */
const MEMORY_PER_CENT = 110

/** Which limits a pay-day held, a line each, in words: a machine that is busy or small breaks some, so nothing fails by it. */
export function limitLines(
  summary: Pick<Summary, 'sellers' | 'seconds' | 'retrievalRequestsPer1000Balances' | 'memory'>,
) {
  const { sellers, seconds, retrievalRequestsPer1000Balances: retrievals, memory } = summary
  const time = PAY_DAY_SECONDS.find((limit) => sellers <= limit.sellers)
  const grown = Object.entries(memory)
    .filter(({ 1: { secondQuarterMiB, lastQuarterMiB } }) => lastQuarterMiB * 100 > secondQuarterMiB * MEMORY_PER_CENT)
    .map(([service, { secondQuarterMiB, lastQuarterMiB }]) => `${service} ${secondQuarterMiB} → ${lastQuarterMiB} MiB`)
  return [
    time
      ? `${verdict(seconds.payDay <= time.seconds)}: a pay-day of ${time.sellers} sellers within ${time.seconds} s (${seconds.payDay} s for ${sellers})`
      : `no limit: the pay-day’s seconds, for more than ${PAY_DAY_SECONDS.at(-1)?.sellers} sellers`,
    `${verdict(retrievals <= RETRIEVALS_PER_1000)}: ${RETRIEVALS_PER_1000} retrieval requests per 1,000 balances (${retrievals})`,
    `${verdict(grown.length === 0)}: no service’s memory above ${MEMORY_PER_CENT} % of its second quarter in the last (${grown.join(', ') || 'none'})`,
  ]
}

const verdict = (holds: boolean): string => (holds ? 'holds' : 'BROKEN')
