import { randomUUID } from 'node:crypto'
import { basicCredentials, createBearerTokens } from '../kit/bearer-tokens.ts'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import type { ErrorShapes, Reply, Route, SandboxRequest } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import type { MarketplaceClosing } from '../marketplace.ts'
import { type GscKnobs, gscControls } from './controls.ts'
import { createEventPublisher } from './publisher.ts'
import { createSellers, type SellerEvent } from './sellers.ts'
import { createSettlements, gscError } from './settlements.ts'

export interface GscOptions {
  readonly port?: number
  readonly host?: string
  readonly clientId?: string
  readonly clientSecret?: string
  /** A token that never expires, for clients that are given one instead of credentials. */
  readonly token?: string
  /** Google Cloud project of the events. Default `remesa`. */
  readonly projectId?: string
  /** `host:port` of a Pub/Sub emulator. Default: what PUBSUB_EMULATOR_HOST says, as for every client. */
  readonly emulatorHost?: string
  /** Sequence of a seller's first event; higher for a sandbox whose events must be newer than an earlier one's. Default 1. */
  readonly firstSequence?: number
  readonly now?: () => Date
  readonly faults?: FaultPlan
  readonly latencyMs?: number
  readonly maxConcurrent?: number
}

export interface GscSandbox extends SandboxProvider, GscKnobs {
  readonly credentials: { readonly clientId: string; readonly clientSecret: string; readonly token: string }
  readonly tokenUrl: string
}

const TOKEN_SECONDS = 3_600

const errors: ErrorShapes = {
  badRequest: (message) => ({ status: 400, body: { code: 'INVALID_REQUEST', message } }),
  notFound: (path) => ({ status: 404, body: { code: 'NOT_FOUND', message: `nothing at ${path}` } }),
  serverError: (status) => ({ status, body: { code: 'INTERNAL_ERROR', message: 'something went wrong' } }),
  rateLimited: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: { code: 'RATE_LIMITED', message: 'too many requests' },
  }),
}

/** The seller centre's operator API and its events, by our contract (facts: marketplace §3). */
export async function startGsc(options: GscOptions = {}): Promise<GscSandbox> {
  const now = options.now ?? (() => new Date())
  const faults = createFaults(options.faults)
  const clientId = options.clientId ?? 'remesa-sandbox'
  const clientSecret = options.clientSecret ?? 'gsc-sandbox-secret'
  const fixedToken = options.token ?? 'gsc-sandbox-token'
  const tokens = createBearerTokens({ expiresInSeconds: TOKEN_SECONDS, now })
  const sellers = createSellers({ firstSequence: options.firstSequence ?? 1, now })
  const settlements = createSettlements()
  const publisher = createEventPublisher({
    projectId: options.projectId ?? 'remesa',
    emulatorHost: options.emulatorHost,
  })
  const hidden = new Map<string, number>()

  function authenticate({ headers }: SandboxRequest): void {
    if (headers.authorization === `Bearer ${fixedToken}` || tokens.accepts(headers.authorization)) return
    throw gscError(401, 'UNAUTHORIZED', 'no valid access token')
  }

  function issueToken(request: SandboxRequest): Reply {
    const form = request.form()
    const basic = basicCredentials(request.headers.authorization)
    const given = basic ?? { id: form.get('client_id'), secret: form.get('client_secret') }
    if (form.get('grant_type') !== 'client_credentials') {
      return { status: 400, body: { error: 'unsupported_grant_type' } }
    }
    if (given.id !== clientId || given.secret !== clientSecret) {
      return { status: 401, body: { error: 'invalid_client' } }
    }
    const { token, expiresInSeconds } = tokens.issue()
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: expiresInSeconds } }
  }

  function readSeller({ params, headers }: SandboxRequest): Reply {
    const gscSellerId = params.sellerId ?? ''
    const found = isHidden(gscSellerId) ? undefined : sellers.detail(gscSellerId)
    if (found === undefined) throw gscError(404, 'SELLER_NOT_FOUND', `no seller ${gscSellerId}`)
    const etag = `"${found.version}"`
    if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } }
    return { status: 200, headers: { etag }, body: found.body }
  }

  function isHidden(gscSellerId: string): boolean {
    const left = hidden.get(gscSellerId) ?? 0
    if (left > 1) hidden.set(gscSellerId, left - 1)
    else hidden.delete(gscSellerId)
    return left > 0
  }

  function notify(request: SandboxRequest): Reply {
    const idempotencyKey = [request.headers['idempotency-key']].flat()[0]
    return settlements.notify({ settlementId: request.params.settlementId ?? '', idempotencyKey, body: request.json() })
  }

  async function publishEvents(events: readonly SellerEvent[]): Promise<void> {
    await publisher.publish(
      'seller-profile',
      repeated(events, ({ eventId }) => eventId),
      {
        toMessage: (event) => ({
          orderingKey: event.seller.sellerId,
          data: event,
          attributes: {
            event_type: event.eventType,
            event_version: String(event.eventVersion),
            country: event.seller.country,
            operator: 'falabella',
            event_id: event.eventId,
          },
        }),
        done: (event) => sellers.markPublished(event),
      },
    )
  }

  /** Publishers repeat themselves too: when they never saw that a message had arrived. */
  function repeated<Item>(items: readonly Item[], idOf: (item: Item) => string): Item[] {
    return items.flatMap((item) => (faults.strikes('duplicate-callback', idOf(item)) ? [item, item] : [item]))
  }

  const routes: Route[] = [
    { method: 'POST', path: '/oauth/token', subject: () => 'token', handle: issueToken },
    {
      method: 'GET',
      path: '/v2/sellers/:sellerId',
      subject: ({ params }) => params.sellerId ?? '',
      authenticate,
      handle: readSeller,
    },
    {
      method: 'POST',
      path: '/v2/settlements/:settlementId/payments',
      subject: ({ params }) => params.settlementId ?? '',
      authenticate,
      handle: notify,
    },
  ]
  const server = await startServer({ ...options, routes, errors, faults })

  const provider: Omit<GscSandbox, 'controls'> = {
    url: server.url,
    tokenUrl: `${server.url}/oauth/token`,
    calls: server.calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    credentials: { clientId, clientSecret, token: fixedToken },
    loadSellers: sellers.load,
    loadClosings: settlements.load,
    async publishSellerEvents({ openAccounts = true } = {}) {
      const first = sellers.unpublished()
      await publishEvents(first)
      if (openAccounts) sellers.openAccounts()
      const then = sellers.unpublished()
      await publishEvents(then)
      const created = first.filter(({ eventType }) => eventType === 'SellerCreated').length
      return { created, updated: first.length + then.length - created }
    },
    async publishClosings({ again = false } = {}) {
      const closings: MarketplaceClosing[] = again ? settlements.all() : settlements.unpublished()
      await publisher.publish(
        'seller_closing_topic',
        repeated(closings, ({ settlementId }) => settlementId),
        {
          toMessage: (closing) => ({
            orderingKey: closing.gscSellerId,
            data: closing,
            attributes: { event_type: 'SellerClosing', event_id: randomUUID() },
          }),
          done: (closing) => settlements.markPublished(closing),
        },
      )
      return { published: closings.length }
    },
    giveFpayId: sellers.giveFpayId,
    changeSeller: sellers.change,
    hideSeller: (gscSellerId, times) => void hidden.set(gscSellerId, times),
    revokeTokens: tokens.revokeAll,
    books: () => ({
      notifications: settlements.notifications(),
      sellers: sellers.count(),
      settlements: settlements.all().length,
    }),
    async stop() {
      await publisher.close()
      await server.stop()
    },
  }
  return { ...provider, controls: { ...commonControls(provider), ...gscControls(provider) } }
}
