import { randomUUID } from 'node:crypto'
import { money } from '@remesa/domain/money'
import { startStripe } from '@remesa/sandbox/stripe'
import { createStripeRail } from '../src/stripe-rail.ts'

const HELP = `transfers against the Stripe sandbox at 200 ms latency, while the limit of the endpoint changes
  --limits A,B,…     requests per second that the endpoint allows, one after the other (default 25,10,25)
  --seconds A,B,…    how long each holds (default 60,30,30)
  --per-second N     what the rail is told that the endpoint allows (default: the first limit)
  --up-to N          try up to so many (default: what it is told)
  --latency N        milliseconds (default 200)
  --processes N      rails beside each other, as processes would be (default 1)
  --share            tell each how many there are`

const ENDPOINT = 'POST /v1/transfers'
const ADAPTED = 0.95
/** Adapted means: accepted at 95 % of the limit over so many seconds. */
const OVER_SECONDS = 3

/** Prints, for each limit, the rate used of it, the share refused, and how soon it was met. @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const numbersOf = (name: string, otherwise: readonly number[]) =>
    args.includes(name) ? (args[args.indexOf(name) + 1] ?? '').split(',').map(Number) : otherwise
  const limits = numbersOf('--limits', [25, 10, 25])
  const seconds = numbersOf('--seconds', [60, 30, 30])
  const [latencyMs = 200] = numbersOf('--latency', [200])
  const [processes = 1] = numbersOf('--processes', [1])
  const [perSecond = 25] = numbersOf('--per-second', limits.slice(0, 1))
  const [upTo = perSecond] = numbersOf('--up-to', [perSecond])
  const all = [...limits, ...seconds, latencyMs, processes, perSecond, upTo]
  if (!all.every((number) => Number.isInteger(number) && number > 0) || limits.length > seconds.length) {
    console.error('limits, seconds and the rest take whole numbers from 1, and each limit its seconds')
    return 2
  }

  const allow = (limit: number) => ({ endpoints: { [ENDPOINT]: limit } })
  const stripe = await startStripe({ latencyMs, rateLimits: allow(limits[0] ?? 25) })
  const { hostname: host, port } = new URL(stripe.url)
  const rails = Array.from({ length: processes }, () =>
    createStripeRail({
      secretKey: stripe.credentials.apiKey,
      apiBase: { host, port: Number(port), protocol: 'http' },
      timeoutMs: 10_000,
      rate: { perSecond, upTo, concurrent: 60, maxWaitMs: 60_000, processes: args.includes('--share') ? processes : 1 },
    }),
  )
  const began = performance.now()
  const accepted: number[] = []
  const refused: number[] = []
  let running = true
  const count = (counts: number[]) => {
    const second = Math.floor((performance.now() - began) / 1_000)
    counts[second] = (counts[second] ?? 0) + 1
  }
  const workers = rails.flatMap((rail) =>
    Array.from({ length: 60 }, async () => {
      while (running) count((await rail.pay(instruction())).kind === 'accepted' ? accepted : refused)
    }),
  )

  console.log(`latency ${latencyMs} ms, told ${perSecond}/s, up to ${upTo}/s, processes ${processes}`)
  let from = 0
  for (const [index, limit] of limits.entries()) {
    stripe.setRateLimits(allow(limit))
    const to = from + (seconds[index] ?? 0)
    await new Promise((resolve) => setTimeout(resolve, to * 1_000 - (performance.now() - began)))
    report({ limit, from, to, accepted, refused })
    from = to
  }
  running = false
  for (const rail of rails) rail.close()
  await stripe.stop()
  await Promise.all(workers)
  return 0
}

interface Phase {
  readonly limit: number
  readonly from: number
  readonly to: number
  readonly accepted: readonly number[]
  readonly refused: readonly number[]
}

function report({ limit, from, to, accepted, refused }: Phase): void {
  const sum = (counts: readonly number[], first: number, end: number) =>
    Array.from({ length: end - first }, (_, index) => counts[first + index] ?? 0).reduce((total, one) => total + one, 0)
  const line = (label: string, first: number) => {
    const [good, bad] = [sum(accepted, first, to), sum(refused, first, to)]
    const rate = good / (to - first)
    const share = (100 * bad) / (good + bad)
    return `${label} ${rate.toFixed(2)}/s = ${((100 * rate) / limit).toFixed(1)} % of the limit, ${bad} refused = ${share.toFixed(2)} %`
  }
  let adapted: number | undefined
  for (let second = from; second + OVER_SECONDS <= to && adapted === undefined; second += 1) {
    const rate = sum(accepted, second, second + OVER_SECONDS) / OVER_SECONDS
    if (rate >= ADAPTED * limit && rate <= 1.05 * limit) adapted = second - from
  }
  console.log(`limit ${limit}/s for ${to - from} s: in use after ${adapted ?? 'never'} s`)
  console.log(line('  from the start', from))
  if (to - from > 10) console.log(line('  after 10 s    ', from + 10))
}

function instruction() {
  const payableId = randomUUID()
  return {
    payableId,
    idempotencyKey: `payout:${payableId}`,
    generation: 1,
    money: money(1_250n, 'USD'),
    destination: 'acct_1A',
    country: 'US',
    beneficiary: { name: 'Winner', taxId: '' },
    description: 'Prize',
    payeeId: 'user-1',
  }
}

if (import.meta.main) process.exit(await run(process.argv.slice(2)))
