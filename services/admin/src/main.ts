import { fileURLToPath } from 'node:url'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { openFunds } from '@remesa/rails/funds'
import { runService } from '@remesa/service-kit/run-service'
import { NO_LIMITS } from './approval-limits.ts'
import { createAuthenticate } from './authentication.ts'
import { readConfig } from './config.ts'
import { adminServer } from './server.ts'
import { watchServices } from './service-metrics/watch-services.ts'
import { createIssuer } from './sign-in/issuer.ts'

await runService({
  name: 'admin',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger, metrics } = parts
    const { database, relay } = await connectWorkerService('admin', parts)
    const now = () => new Date()
    const authenticate = createAuthenticate({
      issuer: config.OIDC_ISSUER,
      audience: config.OIDC_AUDIENCE,
      jwksUrl: config.OIDC_JWKS_URL,
      rolesClaim: config.OIDC_ROLES_CLAIM,
      now,
    })
    const addresses = config.SERVICE_METRICS_URLS
    const services = addresses && watchServices({ addresses, now, logger })
    if (services) parts.stopWith('reading of metrics', () => services.stop())
    const funds = openFunds(config, { logger, metrics })
    parts.stopWith('funds of rails', () => funds.close())
    const server = await adminServer({
      database,
      funds,
      policy: { payoutsMustBeEnabled: config.PAYOUT_HOLD_WITHOUT_BANK, coolingMs: config.PAYEE_COOLING_MS },
      authenticate,
      issuer: createIssuer({
        issuer: config.OIDC_ISSUER,
        clientId: config.OIDC_CLIENT_ID,
        clientSecret: config.OIDC_CLIENT_SECRET,
        publicUrl: config.ADMIN_PUBLIC_URL,
        rolesClaim: config.OIDC_ROLES_CLAIM,
        authenticate,
      }),
      sessionSecret: config.SESSION_SECRET,
      publicUrl: config.ADMIN_PUBLIC_URL,
      consoleDirectory: fileURLToPath(new URL('../console/dist', import.meta.url)),
      proxyHops: config.TRUSTED_PROXY_HOPS,
      limits: config.ADMIN_APPROVAL_ABOVE ?? NO_LIMITS,
      approvalLifeMs: config.APPROVAL_LIFE_MS,
      billingGraceMs: config.BILLING_RECONCILIATION_GRACE_MS,
      clock() {
        const moment = now()
        return { now: moment, rulesNow: new Date(moment.getTime() + config.BOOKING_CLOCK_OFFSET_MS) }
      },
      nudge: () => relay.nudge(),
      timeZone: config.BUSINESS_TIME_ZONE,
      environment: config.ENVIRONMENT,
      services,
      logger,
      metrics,
    })
    await server.listen({ port: config.ADMIN_PORT, host: '0.0.0.0' })
    parts.stopWith('admin server', () => server.close())
  },
})
