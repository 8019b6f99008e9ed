import { spawn } from 'node:child_process'
import { once } from 'node:events'

// `pnpm bench NAME [options]`: each benchmark is a script of the package it measures and prints its own figures.

const BENCHMARKS: Readonly<Record<string, { script: string; about: string }>> = {
  emulator: {
    script: '../../pubsub-emulator/bench/throughput.ts',
    about: 'messages published and consumed per second by one client process',
  },
  messaging: {
    script: '../../messaging/bench/relay.ts',
    about: 'messages per second from outbox through relay and Pub/Sub to a worker',
  },
  payday: {
    script: '../bench/pay-day.ts',
    about: 'a pay-day of 5,000 sellers (--sellers N): seconds, rate, CPU and memory of every process',
  },
  payouts: {
    script: '../bench/payouts.ts',
    about: 'settlements to completed transfers: with an instant Stripe, at its limit, and when the limit changes',
  },
  admin: {
    script: '../bench/admin.ts',
    about: 'every list of the operators’ API with 100,000 balances (--balances N): median and 95th percentile',
  },
  reconciliation: {
    script: '../bench/reconciliation.ts',
    about: 'comparison of 1,000,000 payments a side (--payments N), and a whole run beside the bare SDK (--pages N)',
  },
}

const [name = '', ...args] = process.argv.slice(2).filter((arg) => arg !== '--')
const benchmark = BENCHMARKS[name]
if (!benchmark) {
  const list = Object.entries(BENCHMARKS).map(([known, { about }]) => `  ${known.padEnd(16)}${about}`)
  const text = `pnpm bench NAME [options]\n\n${list.join('\n')}\n`
  const asked = name === '' || name === '--help'
  ;(asked ? process.stdout : process.stderr).write(asked ? text : `bench: there is no ${name}\n${text}`)
  process.exit(asked ? 0 : 2)
}
const script = new URL(benchmark.script, import.meta.url).pathname
const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { stdio: 'inherit' })
const [code] = await once(child, 'exit')
process.exit(code ?? 1)
