import { EnvironmentError, type ServiceConfig } from './environment.ts'
import { type ReadinessCheck, startHealthServer } from './http-server.ts'
import { createLogger, type Logger } from './logger.ts'
import { collectProcessMetrics, createMetrics, type Metrics } from './metrics.ts'

/** What a service is handed to start itself with. */
export interface ServiceParts<Config> {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  /** Tells how a part that was just made is stopped. Parts are stopped in reverse order, one after the other. */
  stopWith(name: string, stop: () => unknown): void
  /** Adds a check that `/readyz` asks. */
  readyWhen(name: string, check: ReadinessCheck): void
}

interface Service<Config extends ServiceConfig> {
  readonly name: string
  /** `process.env`: handed in, so that `main.ts` alone touches it. */
  readonly env: NodeJS.ProcessEnv
  readonly readConfig: (env: NodeJS.ProcessEnv) => Config
  /** Makes and starts each part; the service is ready once it resolves. */
  readonly start: (parts: ServiceParts<Config>) => Promise<void>
}

/**
 * A service's whole life as a process: reads the environment (a wrong one: one line, exit code 2), serves health and
 * metrics, starts, and at SIGTERM, SIGINT or the end of the process that forked it stops every part within
 * `SHUTDOWN_GRACE_MS`: exit code 0, or 1 when a part threw or the grace passed. An error that nobody caught ends it
 * at once with 1: state lives in the database, and a process that lost track of itself must not go on. The process that
 * forked it is sent `ready` once it has started, as PM2 expects it.
 */
export async function runService<Config extends ServiceConfig>(service: Service<Config>): Promise<void> {
  let config: Config
  try {
    config = service.readConfig(service.env)
  } catch (error) {
    refuse(service.name, error)
  }
  const logger = createLogger({ service: service.name, level: config.LOG_LEVEL })
  const metrics = createMetrics({ service: service.name })
  collectProcessMetrics(metrics.registry)
  const stops: { name: string; stop: () => unknown }[] = []
  let state: 'starting' | 'started' | 'stopping' = 'starting'
  const checks: Record<string, ReadinessCheck> = {
    service() {
      if (state !== 'started') throw new Error(state)
    },
  }

  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error, event }, 'stopped by an error that nobody caught')
      process.exit(1)
    })
  }

  let starting: Promise<void> = Promise.resolve()
  const stop = async (reason: string, exitCode: 0 | 1): Promise<void> => {
    if (state === 'stopping') return
    state = 'stopping'
    logger.info({ reason }, 'stopping')
    setTimeout(() => {
      logger.error({ graceMs: config.SHUTDOWN_GRACE_MS, part: stops.at(-1)?.name }, 'the grace period passed')
      process.exit(1)
    }, config.SHUTDOWN_GRACE_MS)
    await starting // a part that is still being made would be forgotten
    process.exit((await stopAll(stops, logger)) ? exitCode : 1)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal, 0))
  process.on('disconnect', () => void stop('the parent process ended', 0))

  const begin = async (): Promise<void> => {
    const health = await startHealthServer({ port: config.HTTP_PORT, checks, registry: metrics.registry })
    stops.push({ name: 'health server', stop: health.close })
    await service.start({
      config,
      logger,
      metrics,
      stopWith: (name, stopPart) => stops.push({ name, stop: stopPart }),
      readyWhen(name, check) {
        checks[name] = check
      },
    })
    if (state === 'starting') {
      state = 'started'
      if (process.connected) process.send?.('ready')
    }
    logger.info({ port: health.port, node: process.version, tzdata: process.versions.tz }, 'started')
  }
  const began = begin()
  starting = began.catch(() => undefined) // reported below; stopping only waits for it
  try {
    await began
  } catch (error) {
    if (error instanceof EnvironmentError) refuse(service.name, error)
    logger.fatal({ err: error }, 'could not start')
    await stop('could not start', 1)
  }
}

/** Stops the last part first; one that fails does not keep the others from being stopped. */
async function stopAll(stops: { name: string; stop: () => unknown }[], logger: Logger): Promise<boolean> {
  let clean = true
  for (const part of stops.toReversed()) {
    try {
      await part.stop()
    } catch (error) {
      clean = false
      logger.error({ err: error, part: part.name }, 'a part did not stop as it should')
    }
    stops.pop() // what is left tells which part the grace period passed over
  }
  return clean
}

function refuse(name: string, error: unknown): never {
  if (!(error instanceof EnvironmentError)) throw error
  process.stderr.write(`${name}: ${error.message}\n`)
  process.exit(2)
}
