import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { businessDate } from '@remesa/domain/business-date'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { summaryText } from '../src/print.ts'
import { runPayDay, stopwatch } from '../src/run.ts'
import { startStack } from '../src/stack/stack.ts'

// `pnpm bench payday`: a pay-day with every process, what it cost each of them, and how it scales.

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    sellers: { type: 'string', default: '1000,5000' },
    faults: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(
    '  --sellers N,M   sizes of the marketplaces, one run each (default 1000,5000)\n  --faults        sandboxes misbehave',
  )
  process.exit(0)
}
/** As every Linux on today’s machines has it. */
const TICKS_PER_SECOND = 100
const date = businessDate('2026-11-19')

for (const sellers of values.sellers.split(',').map(Number)) {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-bench-'))
  const settingUp = stopwatch()
  const stack = await startStack({
    env: process.env,
    logDirectory: join(directory, 'logs'),
    faultRate: values.faults ? 0.05 : 0,
  })
  try {
    const marketplace = generateMarketplace({ sellers, businessDate: date })
    let before = new Map<string, number>()
    const summary = await runPayDay(
      stack,
      { marketplace, businessDate: date, setupSeconds: settingUp() },
      {
        patienceMs: 60_000,
        onProgress: () => {},
        onPhase: async () => {
          before = await cpuSeconds()
        },
      },
    )
    const after = await cpuSeconds()
    const { total } = summary.balances
    console.log(summaryText(summary))
    console.log(`  ${Math.round(total / summary.seconds.payDay)} balances per second; CPU seconds of the pay-day:`)
    for (const [name, seconds] of [...after].sort(([, a], [, b]) => b - a)) {
      const used = seconds - (before.get(name) ?? 0)
      if (used > 0.05)
        console.log(`    ${name.padEnd(26)}${used.toFixed(1)}  (${((used * 1000) / total).toFixed(2)} ms per balance)`)
    }
  } finally {
    await stack.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
process.exit(0)

/** Of this process and its children's children, by what they run; Linux only, empty elsewhere. */
async function cpuSeconds(): Promise<Map<string, number>> {
  const used = new Map<string, number>()
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  await Promise.all(
    pids.map(async (pid) => {
      const [command, stat] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
      ])
      const name =
        /(?:services|packages)\/([\w-]+)\/(?:src|bench)\//.exec(command)?.[1] ??
        (/postgres/.test(command) ? 'postgres' : undefined)
      const [, fields] = stat.split(') ')
      if (!name || !fields) return
      const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
      used.set(name, (used.get(name) ?? 0) + (user + system) / TICKS_PER_SECOND)
    }),
  )
  return used
}
