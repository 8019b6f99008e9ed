import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { NO_LIMITS } from './approval-limits.ts'
import { createAuthenticate } from './authentication.ts'
import { readConfig } from './config.ts'
import { adminServer } from './server.ts'

await runService({
  name: 'admin',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const { database, relay } = await connectWorkerService('admin', parts)
    const now = () => new Date()
    const server = await adminServer({
      database,
      authenticate: createAuthenticate({
        issuer: config.OIDC_ISSUER,
        audience: config.OIDC_AUDIENCE,
        jwksUrl: config.OIDC_JWKS_URL,
        rolesClaim: config.OIDC_ROLES_CLAIM,
        now,
      }),
      limits: config.ADMIN_APPROVAL_ABOVE ?? NO_LIMITS,
      clock() {
        const moment = now()
        return { now: moment, rulesNow: new Date(moment.getTime() + config.BOOKING_CLOCK_OFFSET_MS) }
      },
      nudge: () => relay.nudge(),
      timeZone: config.BUSINESS_TIME_ZONE,
      environment: config.ENVIRONMENT,
      logger,
    })
    await server.listen({ port: config.ADMIN_PORT, host: '0.0.0.0' })
    parts.stopWith('admin server', () => server.close())
  },
})
