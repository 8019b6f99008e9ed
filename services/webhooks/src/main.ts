import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { webhookServer } from './server.ts'
import { callbackTaker } from './take-callbacks.ts'

await runService({
  name: 'webhooks',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const { database, relay } = await connectWorkerService('webhooks', parts)
    const server = await webhookServer(
      callbackTaker({
        database,
        fpaySecrets: config.FPAY_WEBHOOK_SECRETS,
        payoneerSecret: config.PAYONEER_WEBHOOK_SECRET,
        stripeSecrets: config.STRIPE_WEBHOOK_SECRETS,
        publicUrl: config.WEBHOOKS_PUBLIC_URL,
        now: () => new Date(),
        nudge: () => relay.nudge(),
        logger,
      }),
      { requestsPerMinute: config.WEBHOOKS_REQUESTS_PER_MINUTE, proxyHops: config.TRUSTED_PROXY_HOPS },
      logger,
    )
    await server.listen({ port: config.WEBHOOKS_PORT, host: '0.0.0.0' })
    parts.stopWith('webhook server', () => server.close())
  },
})
