import type { SandboxCredentials, SandboxUrls } from '@remesa/sandbox/sandbox'

/** Every service, in the order of a pay-day; then what pays settlements, and what serves them all. */
export const SERVICES = [
  'seller-profile-sync',
  'payment-initialization',
  'balance-retrieval',
  'pay-seller-balance',
  'fpay-status-check',
  'payouts',
  'reconciliation',
  'webhooks',
  'admin',
  'finance-alerts',
  'scheduler',
] as const
export type ServiceName = (typeof SERVICES)[number]

/**
 * How NetSuite's places are shared out: the account counts all processes together. Profiles are synced before the
 * pay-day, so the two that work during it have most of them.
 */
const NETSUITE_SHARES: Partial<Record<ServiceName, number>> = {
  'seller-profile-sync': 5,
  'balance-retrieval': 2,
  'fpay-status-check': 7,
  reconciliation: 1,
}

/**
 * The environment of one service, as a deployment would set it, but pointed at the sandboxes. Waits that are minutes
 * with real banks are moments here: the sandboxes settle at once.
 */
export function serviceEnvironment(options: {
  service: ServiceName
  /** Of how many instances of the service this is one. */
  instances: number
  databaseUrl: string
  pubsub: { emulatorHost: string; projectId: string }
  sandbox: { urls: SandboxUrls; credentials: SandboxCredentials }
  httpPort: number
  webhooksPort: number
  adminPort: number
  publicWebhooksUrl: string
  /** Where browsers find the console. */
  consoleUrl: string
  /** Where each process tells its metrics, by its name. */
  metricsUrls: Readonly<Record<string, string>>
  bookingClockOffsetMs: number
}): NodeJS.ProcessEnv {
  const { service, instances, sandbox, publicWebhooksUrl } = options
  const { urls, credentials } = sandbox
  const stripe = new URL(urls.stripe)
  return {
    DATABASE_URL: options.databaseUrl,
    DATABASE_POOL_SIZE: '8',
    PUBSUB_EMULATOR_HOST: options.pubsub.emulatorHost,
    PUBSUB_PROJECT_ID: options.pubsub.projectId,
    METADATA_SERVER_DETECTION: 'none', // there is no Google here to ask
    HTTP_PORT: String(options.httpPort),
    SHUTDOWN_GRACE_MS: '8000',
    ENVIRONMENT: 'local',
    // Two dozen small processes share one machine: by itself V8 lets each grow to what a lone server could have.
    NODE_OPTIONS: '--max-semi-space-size=16 --max-old-space-size=192',
    MALLOC_ARENA_MAX: '2',

    GSC_BASE_URL: urls.gsc,
    GSC_TOKEN: credentials.gsc.token,
    NETSUITE_BASE_URL: urls.netsuite,
    NETSUITE_ACCOUNT_ID: credentials.netsuite.account,
    NETSUITE_CLIENT_ID: credentials.netsuite.clientId,
    NETSUITE_CERTIFICATE_ID: credentials.netsuite.certificateId,
    NETSUITE_PRIVATE_KEY: credentials.netsuite.privateKeyPem,
    NETSUITE_KEY_ALGORITHM: 'ES256',
    NETSUITE_MAX_CONCURRENT: String(Math.max(1, Math.floor((NETSUITE_SHARES[service] ?? 1) / instances))),
    NETSUITE_TIMEOUT_MS: '10000',
    NETSUITE_RETRY_FIRST_MS: '100',

    FPAY_BASE_URL: urls.fpay,
    FPAY_CLIENT_ID: credentials.fpay.clientId,
    FPAY_CLIENT_SECRET: credentials.fpay.clientSecret,
    FPAY_CALLBACK_URL: `${publicWebhooksUrl}/webhooks/fpay`,
    FPAY_TIMEOUT_MS: '5000',
    PAYONEER_BASE_URL: urls.payoneerApi,
    PAYONEER_TOKEN_URL: urls.payoneerToken,
    PAYONEER_PROGRAM_ID: credentials.payoneer.programId,
    PAYONEER_CLIENT_ID: credentials.payoneer.clientId,
    PAYONEER_CLIENT_SECRET: credentials.payoneer.clientSecret,
    PAYONEER_TIMEOUT_MS: '5000',
    PAYONEER_HIDDEN_MS: '500',
    STRIPE_SECRET_KEY: credentials.stripe.apiKey,
    FUNDS_STRIPE_SECRET_KEY: credentials.stripe.apiKey,
    FUNDS_PAYONEER_BASE_URL: urls.payoneerApi,
    FUNDS_PAYONEER_TOKEN_URL: urls.payoneerToken,
    FUNDS_PAYONEER_PROGRAM_ID: credentials.payoneer.programId,
    FUNDS_PAYONEER_CLIENT_ID: credentials.payoneer.clientId,
    FUNDS_PAYONEER_CLIENT_SECRET: credentials.payoneer.clientSecret,
    STRIPE_API_HOST: stripe.hostname,
    STRIPE_API_PORT: stripe.port,
    STRIPE_API_PROTOCOL: stripe.protocol.slice(0, -1),
    STRIPE_TIMEOUT_MS: '3000',
    STRIPE_MAX_WAIT_MS: '2000', // with the time-out, twice, no more than the lease
    STRIPE_REQUESTS_PER_SECOND: '1000', // the sandbox has no limit until it is given one
    STRIPE_ACCOUNT_REQUESTS_PER_SECOND: '1000',
    STRIPE_PROCESSES: String(instances),
    PAYOUT_RETRY_FIRST_MS: '300',
    PAYOUT_RETRY_MAX_MS: '3000', // a sandbox under faults may give no answer eight times in a row
    PAYOUT_FUNDS_RETRY_FIRST_MS: '500',
    PAYOUT_RAIL_PAUSE_MS: '2000',
    PAYOUT_SCHEDULER_GRACE_MS: '5000',
    PAYOUT_SCHEDULER_CRON: '* * * * *', // nobody at a screen waits five minutes for what a killed worker left
    BOOKING_CLOCK_OFFSET_MS: String(options.bookingClockOffsetMs),
    BILLING_RECONCILIATION_RETRY_FIRST_MS: '100',
    BILLING_RECONCILIATION_LEASE_MS: '10000',
    PAYMENT_RETRY_FIRST_MS: '300',
    PAYMENT_RETRY_MAX_MS: '3000',
    PAYMENT_REFUSED_RETRY_FIRST_MS: '500',
    PAYMENT_FUNDS_RETRY_FIRST_MS: '500',
    PAYMENT_RAIL_PAUSE_MS: '2000',
    PAYMENT_LEASE_MS: '10000',
    PAYOUT_LOOK_AGAIN_MS: '20',
    PAYMENT_REPORT_LEASE_MS: '10000',
    PAYMENT_FIRST_CHECK_MS: '15000', // callbacks are faster; a look is for the ones that were lost
    PAYMENT_POLL_SCHEDULE_MS: '1500,1500,2000,3000',

    WEBHOOKS_PORT: String(options.webhooksPort),
    WEBHOOKS_PUBLIC_URL: publicWebhooksUrl,
    WEBHOOKS_REQUESTS_PER_MINUTE: '600000', // every provider calls from this one address
    FPAY_WEBHOOK_SECRETS: credentials.fpay.callbackSecret,
    PAYONEER_WEBHOOK_SECRET: credentials.payoneer.ipcnSecret,
    STRIPE_WEBHOOK_SECRETS: credentials.stripe.webhookSecret,
    ADMIN_PORT: String(options.adminPort),
    ADMIN_APPROVAL_ABOVE: 'USD:100000,EUR:90000',
    OIDC_ISSUER: credentials.oidc.issuer,
    OIDC_AUDIENCE: credentials.oidc.audience,
    OIDC_JWKS_URL: urls.oidcJwks,
    OIDC_CLIENT_ID: credentials.oidc.clientId,
    ADMIN_PUBLIC_URL: `http://127.0.0.1:${options.adminPort}`,
    SERVICE_METRICS_URLS: Object.entries(options.metricsUrls)
      .map(([name, url]) => `${name}=${url}`)
      .join(),
    CONSOLE_URL: options.consoleUrl,
    SESSION_SECRET: 'sessions of a stack on one machine open nothing else',
    SLACK_WEBHOOK_URL: urls.slackWebhook,
    PAGERDUTY_ROUTING_KEY: credentials.pagerduty.routingKey,
    PAGERDUTY_BASE_URL: urls.pagerduty,
    ALERTS_LINGER_MS: '1000',
  }
}
