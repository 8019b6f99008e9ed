import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { ProcessUsage } from '../src/admin.ts'
import type { EmulatorStats } from '../src/emulator.ts'
import type { ClientReport } from './client.ts'

const HELP = `How fast messages go through the emulator with the real client, each in a process of its own.

  --messages N   published and consumed at the same time by one client process (default 60000)
  --backlog N    published first and consumed afterwards (default 200000; 0 leaves this out)
  --bytes N      data per message (default 64)
`

/**
 * Runs the benchmark and prints its figures.
 * @param args - command-line options, see `--help`
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '60000' },
      backlog: { type: 'string', default: '200000' },
      bytes: { type: 'string', default: '64' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const [messages, backlog, bytes] = [values.messages, values.backlog, values.bytes].map(countOf) as [
    number,
    number,
    number,
  ]
  const emulator = await startProcess()
  try {
    await measure(emulator, 'both', messages, bytes)
    if (backlog > 0) {
      await measure(emulator, 'publish', backlog, bytes)
      await measure(emulator, 'consume', backlog, bytes)
    }
  } finally {
    emulator.child.kill('SIGTERM')
    await once(emulator.child, 'exit')
  }
}

type EmulatorProcess = { child: ChildProcess; host: string; adminUrl: string }
type Phase = 'both' | 'publish' | 'consume'

const LABELS: Record<Phase, string> = {
  both: 'published and consumed at once',
  publish: 'published, nobody listening',
  consume: 'consumed from the backlog',
}

async function measure(emulator: EmulatorProcess, phase: Phase, messages: number, bytes: number): Promise<void> {
  const before = await statsOf(emulator)
  const client = await runClient(emulator, phase, messages, bytes)
  const after = await statsOf(emulator)
  const cpuSeconds = after.process.cpuSeconds - before.process.cpuSeconds
  const lines = [
    `${LABELS[phase]}: ${messages} messages of ${bytes} bytes in ${client.seconds.toFixed(1)} s: ${Math.round(messages / client.seconds)} messages/s`,
    `  processor time per message: emulator ${perMessage(cpuSeconds, messages)}, client ${perMessage(client.cpuSeconds, messages)}`,
    `  emulator's memory afterwards: ${Math.round(after.process.residentBytes / 2 ** 20)} MiB`,
  ]
  if (phase !== 'publish') {
    lines.push(`  received ${client.seen}, of them different ${client.different}`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
  if (phase !== 'publish' && client.different !== messages)
    throw new Error(`${messages - client.different} messages got lost`)
}

const perMessage = (seconds: number, messages: number) => `${((seconds / messages) * 1e6).toFixed(0)} µs`

async function startProcess(): Promise<EmulatorProcess> {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, '--port', '0', '--admin-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let host = ''
  for await (const line of createInterface({ input: child.stdout })) {
    host ||= /PUBSUB_EMULATOR_HOST=(\S+)/.exec(line)?.[1] ?? ''
    const adminUrl = /(http:\S+)/.exec(line)?.[1]
    if (adminUrl) return { child, host, adminUrl }
  }
  throw new Error('the emulator ended before it was ready')
}

async function runClient(
  emulator: EmulatorProcess,
  phase: Phase,
  messages: number,
  bytes: number,
): Promise<ClientReport> {
  const client = fileURLToPath(new URL('./client.ts', import.meta.url))
  const child = spawn(process.execPath, [client, phase, String(messages), String(bytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PUBSUB_EMULATOR_HOST: emulator.host, METADATA_SERVER_DETECTION: 'none' },
  })
  let output = ''
  for await (const chunk of child.stdout) output += String(chunk)
  const code = child.exitCode ?? (await once(child, 'exit'))[0]
  if (code !== 0) throw new Error(`the client ended with code ${code}`)
  return JSON.parse(output)
}

async function statsOf({ adminUrl }: EmulatorProcess): Promise<EmulatorStats & { process: ProcessUsage }> {
  const response = await fetch(`${adminUrl}/stats`)
  if (!response.ok) throw new Error(`GET /stats answered ${response.status}`)
  return (await response.json()) as EmulatorStats & { process: ProcessUsage }
}

function countOf(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`expected a whole number, not ${text}`)
  return count
}

if (import.meta.main) await run(process.argv.slice(2))
