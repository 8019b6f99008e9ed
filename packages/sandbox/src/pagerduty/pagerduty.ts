import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import type { ErrorShapes, Reply, SandboxRequest } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import { type PagerDutyEvent, problemsOf } from './event.ts'

export interface PagerDutyOptions {
  readonly port?: number
  readonly host?: string
  /** Default the machine's clock; the rate limit follows it. */
  readonly now?: () => Date
  /** For one routing key in any 60 s. Default: no limit. PagerDuty itself takes about 120. */
  readonly eventsPerMinute?: number
  readonly faults?: FaultPlan
  readonly latencyMs?: number
}

/** What the on-call sees: one alert, however often it was triggered. */
export interface PagerDutyIncident {
  readonly routingKey: string
  readonly dedupKey: string
  readonly status: 'triggered' | 'acknowledged' | 'resolved'
  /** Every trigger that was gathered in it, oldest first. */
  readonly triggers: readonly PagerDutyEvent[]
  readonly openedAt: Date
  readonly resolvedAt: Date | undefined
}

export interface PagerDutySandbox extends SandboxProvider {
  /** What a client is configured with. Any other key of 32 characters is taken too, as PagerDuty does. */
  readonly credentials: { readonly routingKey: string }
  /** Oldest first; the resolved ones as well. */
  incidents(): readonly PagerDutyIncident[]
  /** Every event that was answered with 202, those included that changed nothing. */
  events(): readonly PagerDutyEvent[]
  /** How many events may come in any 60 s from now on; null: no limit. @throws ZodError */
  setRateLimit(eventsPerMinute: number | null): void
}

const ROUTING_KEY = 'remesaSandboxRoutingKey000000001'
const LARGEST_BYTES = 512 * 1024
const rateLimitSchema = z.strictObject({ eventsPerMinute: z.int().positive().nullable() })

const invalid = (errors: readonly string[]): Reply => ({
  status: 400,
  body: { status: 'invalid event', message: 'Event object is invalid', errors },
})
const errors: ErrorShapes = {
  badRequest: (message) => invalid([message]),
  notFound: () => ({ status: 404, body: { status: 'not found', message: 'Not Found' } }),
  serverError: (status) => ({ status, body: { status: 'error', message: 'Internal server error' } }),
  rateLimited: (seconds) => ({
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: { status: 'throttle exceeded', message: 'Requests for this service are arriving too quickly.' },
  }),
}
/** PagerDuty's own limit, unlike one in front of it, says nothing of when it will be over. */
const throttled = (): Reply => ({ ...errors.rateLimited(0), headers: {} })

/** Faults are limited per matter. */
const matterOf = ({ rawBody }: SandboxRequest): string =>
  /"dedup_key":"([^"]*)"/.exec(rawBody.toString('utf8', 0, 2_000))?.[1] ?? 'no dedup key'

/** PagerDuty's Events API v2 as a local server (facts: alerts §2, §4). */
export async function startPagerDuty(options: PagerDutyOptions = {}): Promise<PagerDutySandbox> {
  const now = options.now ?? (() => new Date())
  const faults = createFaults(options.faults)
  const incidents: Incident[] = []
  const accepted: PagerDutyEvent[] = []
  const taken = new Map<string, number[]>()
  let eventsPerMinute = options.eventsPerMinute ?? null

  const openOf = (routingKey: string, dedupKey: string): Incident | undefined =>
    incidents.findLast((one) => one.routingKey === routingKey && one.dedupKey === dedupKey && one.status !== 'resolved')

  function hasRoom(routingKey: string): boolean {
    if (eventsPerMinute === null) return true
    const at = now().getTime()
    const recent = (taken.get(routingKey) ?? []).filter((time) => time > at - 60_000)
    const room = recent.length < eventsPerMinute
    taken.set(routingKey, room ? [...recent, at] : recent)
    return room
  }

  function enqueue(request: SandboxRequest): Reply {
    if (request.rawBody.length > LARGEST_BYTES) {
      return { status: 413, body: { status: 'invalid event', message: 'Event object exceeds size limit' } }
    }
    const body = request.json()
    const problems = problemsOf(body)
    if (problems.length > 0) return invalid(problems)
    const event = body as PagerDutyEvent
    if (!hasRoom(event.routing_key)) return throttled()
    const dedupKey = event.dedup_key ?? randomUUID().replaceAll('-', '')
    accepted.push(event)
    apply(event, dedupKey)
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: dedupKey } }
  }

  /** A trigger joins the open alert; what would end or acknowledge none is dropped without a word. */
  function apply(event: PagerDutyEvent, dedupKey: string): void {
    const open = openOf(event.routing_key, dedupKey)
    if (event.event_action !== 'trigger') {
      if (!open) return
      open.status = event.event_action === 'resolve' ? 'resolved' : 'acknowledged'
      if (open.status === 'resolved') open.resolvedAt = now()
    } else if (open) open.triggers.push(event)
    else {
      const { routing_key: routingKey } = event
      const times = { openedAt: now(), resolvedAt: undefined }
      incidents.push({ routingKey, dedupKey, status: 'triggered', triggers: [event], ...times })
    }
  }

  const server = await startServer({
    ...options,
    errors,
    faults,
    routes: [{ method: 'POST', path: '/v2/enqueue', subject: matterOf, handle: enqueue }],
  })
  const { calls } = server
  const setRateLimit = (limit: number | null): void => {
    eventsPerMinute = rateLimitSchema.parse({ eventsPerMinute: limit }).eventsPerMinute
  }
  return {
    url: server.url,
    credentials: { routingKey: ROUTING_KEY },
    calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    incidents: () => incidents,
    events: () => accepted,
    setRateLimit,
    controls: {
      ...commonControls({ calls, faults }),
      incidents: () => incidents,
      events: () => accepted,
      setRateLimit: (input) => setRateLimit(rateLimitSchema.parse(input).eventsPerMinute),
    },
    stop: server.stop,
  }
}

interface Incident extends PagerDutyIncident {
  status: PagerDutyIncident['status']
  readonly triggers: PagerDutyEvent[]
  resolvedAt: Date | undefined
}
