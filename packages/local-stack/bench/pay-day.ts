import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { businessDate } from '@remesa/domain/business-date'
import { generateMarketplace } from '../src/marketplace/generate.ts'
import { summaryText } from '../src/print.ts'
import { runPayDay, stopwatch } from '../src/run.ts'
import { startStack } from '../src/stack/stack.ts'
import { cpuLines, cpuSeconds } from './cpu.ts'
import { limitLines } from './limits.ts'

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
    const { total } = summary.balances
    console.log(summaryText(summary))
    console.log(`  ${Math.round(total / summary.seconds.payDay)} balances per second; CPU seconds of the pay-day:`)
    for (const line of await cpuLines(before, total, 'balance')) console.log(line)
    console.log('  limits:')
    for (const line of limitLines(summary)) console.log(`    ${line}`)
  } finally {
    await stack.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
process.exit(0)
