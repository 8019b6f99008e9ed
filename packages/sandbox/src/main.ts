import { z } from 'zod'
import { startControlServer } from './control/server.ts'
import { allTransientFaults } from './kit/faults.ts'
import { startSandbox } from './sandbox.ts'

/**
 * The sandbox as a process of its own. When it is ready it prints one line of JSON: the address of its control API, the
 * addresses of its providers and what to log in with; the secrets in it open nothing but this sandbox.
 */

const port = z.coerce.number().int().min(0).max(65_535).default(0)
const milliseconds = z.coerce.number().int().min(0).default(0)
const rate = z.coerce.number().min(0).default(0)
const environment = z.object({
  SANDBOX_HOST: z.string().min(1).default('127.0.0.1'),
  SANDBOX_CONTROL_PORT: port,
  SANDBOX_NETSUITE_PORT: port,
  SANDBOX_GSC_PORT: port,
  SANDBOX_FPAY_PORT: port,
  SANDBOX_PAYONEER_PORT: port,
  SANDBOX_STRIPE_PORT: port,
  SANDBOX_SLACK_PORT: port,
  SANDBOX_PAGERDUTY_PORT: port,
  SANDBOX_OIDC_PORT: port,
  /** What tokens name as their issuer; the address that it listens on otherwise. */
  SANDBOX_OIDC_ISSUER: z.url().optional(),
  /** Where browsers find its sign-in, when they do not know the issuer's address. */
  SANDBOX_OIDC_BROWSER_URL: z.url().optional(),
  /** Requests that NetSuite works on at once. */
  SANDBOX_NETSUITE_CONCURRENCY: z.coerce.number().int().positive().default(15),
  SANDBOX_NETSUITE_LATENCY_MS: milliseconds,
  SANDBOX_STRIPE_LATENCY_MS: milliseconds,
  /** Where Stripe's events go at first; `setWebhook` changes it. */
  SANDBOX_STRIPE_WEBHOOK_URL: z.url().optional(),
  /** Requests per second that each endpoint of Stripe takes, and all together; 0 is no limit. */
  SANDBOX_STRIPE_ENDPOINT_RATE: rate,
  SANDBOX_STRIPE_GLOBAL_RATE: rate,
  SANDBOX_SETTLE_DELAY_MS: z.coerce.number().int().min(0).default(200),
  /** Every transient fault at this rate, 0 to 1. */
  SANDBOX_FAULT_RATE: z.coerce.number().min(0).max(1).default(0),
  /** Sequence of sellers' first events; a sandbox that follows another needs a higher one. */
  SANDBOX_FIRST_SEQUENCE: z.coerce.number().int().positive().default(1),
  PUBSUB_PROJECT_ID: z.string().min(1).default('remesa'),
})

async function main(): Promise<void> {
  const read = environment.safeParse(process.env)
  if (!read.success) {
    process.stderr.write(`sandbox: the environment is wrong\n${z.prettifyError(read.error)}\n`)
    process.exitCode = 2
    return
  }
  const { data: env } = read
  const host = env.SANDBOX_HOST
  const settleDelayMs = env.SANDBOX_SETTLE_DELAY_MS
  const sandbox = await startSandbox({
    netsuite: {
      host,
      port: env.SANDBOX_NETSUITE_PORT,
      maxConcurrent: env.SANDBOX_NETSUITE_CONCURRENCY,
      latencyMs: env.SANDBOX_NETSUITE_LATENCY_MS,
    },
    gsc: {
      host,
      port: env.SANDBOX_GSC_PORT,
      projectId: env.PUBSUB_PROJECT_ID,
      firstSequence: env.SANDBOX_FIRST_SEQUENCE,
    },
    fpay: { host, port: env.SANDBOX_FPAY_PORT, settleDelayMs },
    payoneer: { host, port: env.SANDBOX_PAYONEER_PORT, settleDelayMs },
    stripe: {
      host,
      port: env.SANDBOX_STRIPE_PORT,
      latencyMs: env.SANDBOX_STRIPE_LATENCY_MS,
      ...(env.SANDBOX_STRIPE_WEBHOOK_URL && { webhook: { url: env.SANDBOX_STRIPE_WEBHOOK_URL } }),
      rateLimits: {
        perEndpoint: env.SANDBOX_STRIPE_ENDPOINT_RATE || null,
        global: env.SANDBOX_STRIPE_GLOBAL_RATE || null,
      },
    },
    slack: { host, port: env.SANDBOX_SLACK_PORT },
    pagerduty: { host, port: env.SANDBOX_PAGERDUTY_PORT },
    oidc: {
      host,
      port: env.SANDBOX_OIDC_PORT,
      ...(env.SANDBOX_OIDC_ISSUER && { issuer: env.SANDBOX_OIDC_ISSUER }),
      ...(env.SANDBOX_OIDC_BROWSER_URL && { browserUrl: env.SANDBOX_OIDC_BROWSER_URL }),
    },
  })
  if (env.SANDBOX_FAULT_RATE > 0) sandbox.setFaults(allTransientFaults(env.SANDBOX_FAULT_RATE))
  const control = await startControlServer(sandbox, { host, port: env.SANDBOX_CONTROL_PORT })

  let isStopping = false
  const stop = async (): Promise<void> => {
    if (isStopping) return
    isStopping = true
    await control.stop()
    await sandbox.stop()
  }
  // Whoever forked it may end without a farewell; the channel to it then closes.
  for (const end of ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'] as const) process.on(end, () => void stop())
  process.channel?.unref() // it must not keep a stopped process alive
  const ready = { ready: true, control: control.url, urls: sandbox.urls, credentials: sandbox.credentials() }
  process.stdout.write(`${JSON.stringify(ready)}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`sandbox: cannot start: ${(error as Error).message}\n`)
  process.exit(1) // what has started already would keep the process alive
}
