import { parseArgs } from 'node:util'
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js'
import { startAdmin } from './admin.ts'
import { startEmulator } from './emulator.ts'

const HELP = `Pub/Sub on this machine, in memory, for development and tests.

  emulator [options]

  --port N         port for Pub/Sub clients (default 8085; 0 takes any free one)
  --host ADDRESS   address to listen on (default 127.0.0.1)
  --admin-port N   also serve GET /stats, GET /knobs and PUT /knobs over HTTP (0 takes any free port)
  --help           this text
`

class UsageError extends Error {}

function readOptions(args: string[]) {
  const { values } = parse(args)
  return {
    help: values.help,
    host: values.host,
    port: portOf('--port', values.port),
    adminPort: values['admin-port'] === undefined ? undefined : portOf('--admin-port', values['admin-port']),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string', default: '8085' },
        host: { type: 'string', default: '127.0.0.1' },
        'admin-port': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n') // the rest is advice
    throw new UsageError(line)
  }
}

function portOf(option: string, text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${option}: expected a port from 0 to 65535, not ${text}`)
  return port
}

async function main(args: string[]): Promise<void> {
  const { help, host, port, adminPort } = readOptions(args)
  if (help) {
    process.stdout.write(HELP)
    return
  }
  setLogVerbosity(logVerbosity.NONE) // its errors arrive here as well, and are told once
  const emulator = await startEmulator({ host, port })
  const admin = adminPort === undefined ? undefined : await startAdmin(emulator, { host, port: adminPort })
  let isStopping = false
  const stop = async () => {
    if (isStopping) return
    isStopping = true
    await admin?.stop()
    await emulator.stop()
  }
  // Whoever forked it may end without a farewell; the channel to it then closes.
  for (const end of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) process.on(end, () => void stop())
  process.channel?.unref() // it must not keep a stopped process alive

  process.stdout.write(`export PUBSUB_EMULATOR_HOST=${emulator.host}\n`)
  if (admin) process.stdout.write(`# figures and knobs: ${admin.url}\n`)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  process.stderr.write(`emulator: ${error instanceof Error ? error.message : String(error)}${cause}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
  // A server that did start must not keep a failed process alive.
  process.exit()
})
