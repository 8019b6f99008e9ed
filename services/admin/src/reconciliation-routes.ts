import { recordAudit } from '@remesa/database/audit'
import { listFindings } from '@remesa/database/reconciliation-findings'
import { findReconciliation, listReconciliations, reconciliationTrend } from '@remesa/database/reconciliation-overview'
import type { Schema } from '@remesa/database/schema'
import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { railWindowEndsAt, settledAt } from '@remesa/domain/reconciliation-window'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import {
  type ApiParts,
  actorOf,
  doOnce,
  operatorOf,
  PROBLEMS,
  PROBLEMS_OF_DEEDS,
  PROBLEMS_OF_ONE,
  type ZodServer,
} from './api.ts'
import { decideAbout, findingsOf } from './finding-answers.ts'
import { type Outcome, refused } from './outcome.ts'
import { ProblemError, problem } from './problem.ts'
import {
  byFindingId,
  findingAnswer,
  findingPage,
  findingQuery,
  reconciliationPage,
  reconciliationQuery,
  reconciliationReport,
  reconciliationWish,
  requestedAnswer,
  startedAnswer,
  trendAnswer,
  trendQuery,
  withAssignee,
  withWhatToSync,
} from './reconciliation-schemas.ts'
import { byId, withReason, withRequestKey } from './schemas.ts'
import { toWire } from './wire.ts'

const tags = ['reconciliations']

/** Somebody else's books against ours: reports, what they found, and what people do about it. */
export function reconciliationRoutes(server: ZodServer, parts: ApiParts): void {
  reads(server, parts)
  decisions(server, parts)
  requests(server, parts)
  starts(server, parts)
}

function reads(server: ZodServer, { database }: ApiParts): void {
  server.get(
    '/v1/reconciliations',
    {
      schema: {
        ...{ tags, summary: 'Reconciliations of billing, of every rail and of NetSuite, newest first' },
        ...{ querystring: reconciliationQuery, response: { ...PROBLEMS, 200: reconciliationPage } },
      },
    },
    async ({ query: { books, cursor, limit } }) => {
      const which = { limit: limit + 1, ...(books && { books }), ...(cursor && { after: cursor }) }
      const found = await listReconciliations(database, which)
      const next = found.length > limit ? (found[limit - 1]?.id ?? null) : null
      return reconciliationPage.parse(toWire({ reconciliations: found.slice(0, limit), next }))
    },
  )

  server.get(
    '/v1/reconciliations/trend',
    {
      schema: {
        ...{ tags, summary: 'What the newest run of each window came to, newest window first' },
        ...{ querystring: trendQuery, response: { ...PROBLEMS, 200: trendAnswer } },
      },
    },
    async ({ query }) => trendAnswer.parse(toWire({ trend: await reconciliationTrend(database, query) })),
  )

  server.get(
    '/v1/reconciliations/:id',
    {
      schema: {
        ...{ tags, summary: 'A reconciliation with its figures and recommendations' },
        ...{ params: byId, response: { ...PROBLEMS_OF_ONE, 200: reconciliationReport } },
      },
    },
    async ({ params: { id } }) => reconciliationReport.parse(toWire(await reported(id))),
  )

  server.get(
    '/v1/reconciliations/:id/findings',
    {
      schema: {
        ...{ tags, summary: 'What a reconciliation found', params: byId, querystring: findingQuery },
        response: { ...PROBLEMS_OF_ONE, 200: findingPage },
      },
    },
    async ({ params: { id }, query }) => {
      const { books } = await reported(id)
      const { findings, next } = await findingsOf(database, { ...query, books, reportId: id })
      return { findings: [...findings], next }
    },
  )

  async function reported(id: string) {
    const report = await findReconciliation(database, id)
    if (!report) throw new ProblemError(problem('not-found', `There is no reconciliation ${id}.`))
    return report
  }
}

function decisions(server: ZodServer, parts: ApiParts): void {
  const deed = {
    tags,
    params: byFindingId,
    headers: withRequestKey,
    response: { ...PROBLEMS_OF_DEEDS, 200: findingAnswer },
  }
  server.post(
    '/v1/reconciliation-findings/:id/assign',
    { schema: { ...deed, summary: 'Say who settles a finding', body: withAssignee } },
    async (request, reply) => {
      const { reason, assignee } = request.body
      const whom = assignee ?? operatorOf(request).subject
      return decided(request, reply, { reason, assignee: whom })
    },
  )
  server.post(
    '/v1/reconciliation-findings/:id/resolve',
    { schema: { ...deed, summary: 'Say that a finding is settled, and how', body: withReason } },
    async (request, reply) => decided(request, reply, { reason: request.body.reason, assignee: null }),
  )

  async function decided(
    request: FastifyRequest<{ Params: { id: string } }>,
    reply: FastifyReply,
    { reason, assignee }: { reason: string; assignee: string | null },
  ) {
    const { id: findingId } = request.params
    const asked = { request, reply, body: { reason, ...(assignee && { assignee }) }, answers: findingAnswer }
    const { answer } = await doOnce(parts, asked, async (tx) => {
      const decision = { findingId, actor: actorOf(request), note: reason, assignee, now: parts.clock().now }
      const finding = await decideAbout(tx, decision)
      if (finding === 'not-found') return refused('not-found', `There is no finding ${findingId}.`)
      if (finding === 'resolved') return refused('wrong-state', 'The finding is settled.', { current: 'resolved' })
      return { kind: 'done', status: 200, answer: { finding } }
    })
    return answer
  }
}

type Report = NonNullable<Awaited<ReturnType<typeof findReconciliation>>>
type Requested = { requested: string }
type Wish = z.output<typeof withReason> | z.output<typeof withWhatToSync>

/** What is not done here but asked for: the reconciliation service does it, within Stripe's limits. */
const REQUESTS: readonly (readonly [
  path: 'sync' | 'repeat',
  summary: string,
  body: z.ZodType<Wish>,
  ask: (
    tx: Transaction<Schema>,
    report: Report,
    asked: Omit<z.output<typeof withWhatToSync>, 'reason'> & { actor: string },
  ) => Promise<Outcome<Requested> | undefined>,
])[] = [
  [
    'sync',
    'Have payments of a billing report copied from Stripe: those that the database misses, or others that are named',
    withWhatToSync,
    async (tx, { id, books, status }, { paymentIds, ...asked }) => {
      if (books !== 'billing' || status === 'running' || status === 'error') {
        return refused('wrong-state', 'Only payments of a finished report of billing can be copied.', {
          current: status,
        })
      }
      const unknown = await unknownOf(tx, id, paymentIds ?? [])
      if (unknown.length > 0) return refused('not-found', `The report found nothing about ${unknown.join(', ')}.`)
      await enqueue(tx, topics.paymentSync, [{ data: { reportId: id, ...asked, ...(paymentIds && { paymentIds }) } }])
      return undefined
    },
  ],
  [
    'repeat',
    'Have the same books compared again over the same days',
    withReason,
    async (tx, { books, from, to, status, options }) => {
      const [startDate, endDate] = [dayOf(from), dayOf(to)]
      if (!startDate || !endDate) {
        return refused('wrong-state', 'Only reconciliations of whole UTC days can be repeated.', { current: status })
      }
      await askFor(tx, books, { startDate, endDate, ...options }) // another tolerance would be another question
      return undefined
    },
  ],
]

function requests(server: ZodServer, parts: ApiParts): void {
  for (const [path, summary, body, ask] of REQUESTS) {
    server.post(
      `/v1/reconciliations/:id/${path}`,
      {
        schema: {
          ...{ tags, summary, params: byId, headers: withRequestKey, body },
          response: { ...PROBLEMS_OF_DEEDS, 202: requestedAnswer },
        },
      },
      async (request, reply) => {
        const { id } = request.params
        const { reason, ...which } = request.body
        const actor = actorOf(request)
        const isNarrowed = Object.keys(which).length > 0
        const report = await findReconciliation(parts.database, id)
        const told = { reason, ...(isNarrowed && { which: JSON.stringify(which) }) }
        const asked = { request, reply, body: told, answers: requestedAnswer }
        const { answer } = await doOnce(parts, asked, async (tx) => {
          if (!report) return refused('not-found', `There is no reconciliation ${id}.`)
          const refusal = await ask(tx, report, { ...which, actor })
          if (refusal) return refusal
          const subject = { type: 'reconciliation_report', id }
          const after = isNarrowed ? which : null
          await recordAudit(tx, [{ actor, action: `reconciliation.${path}_requested`, subject, reason, after }])
          return { kind: 'done', status: 202, answer: { requested: id } }
        })
        return reply.code(202).send(answer)
      },
    )
  }
}

/** Which of these neither a payment nor a refund in the report's findings is called. */
async function unknownOf(tx: Transaction<Schema>, reportId: string, paymentIds: readonly string[]) {
  if (paymentIds.length === 0) return []
  const findings = await listFindings(tx, { reportId, paymentIds, limit: FINDINGS_OF_NAMED })
  const known = new Set(findings.flatMap(({ paymentId, refundId }) => [paymentId, refundId]))
  return paymentIds.filter((id) => !known.has(id)).slice(0, UNKNOWN_NAMED)
}

/** Of one payment there may be one for each of its refunds. */
const FINDINGS_OF_NAMED = 10_000
const UNKNOWN_NAMED = 10

/** What no report is there of: any books, over any UTC days. */
function starts(server: ZodServer, parts: ApiParts): void {
  server.post(
    '/v1/reconciliations',
    {
      schema: {
        ...{ tags, summary: 'Have books compared with ours over a range of UTC days', headers: withRequestKey },
        ...{ body: reconciliationWish, response: { ...PROBLEMS_OF_DEEDS, 202: startedAnswer } },
      },
    },
    async (request, reply) => {
      const { books, from, to, reason, ...options } = request.body
      const told = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]))
      const body = { books, from, to, reason, ...told }
      const { answer } = await doOnce(parts, { request, reply, body, answers: startedAnswer }, async (tx) => {
        const window = { to: new Date(`${to}T00:00:00Z`) }
        const settled =
          books === 'billing'
            ? settledAt(window, parts.billingGraceMs)
            : railWindowEndsAt(books, window, parts.timeZone)
        if (parts.clock().now < settled) {
          const detail =
            books === 'billing'
              ? `The days before ${to} are not over, or only just: what Stripe tells of them is still under way.`
              : `The days before ${to} are not over.`
          return refused('wrong-state', detail, { current: `books open until ${settled.toISOString()}` })
        }
        await askFor(tx, books, { startDate: from, endDate: to, ...options })
        const subject = { type: 'reconciliation', id: `${books}:${from}:${to}` }
        await recordAudit(tx, [{ actor: actorOf(request), action: 'reconciliation.requested', subject, reason }])
        return { kind: 'done', status: 202, answer: { requested: { books, from, to } } }
      })
      return reply.code(202).send(answer)
    },
  )
}

/** @param asked - the tolerance and whether refunds count are of billing alone */
async function askFor(
  tx: Transaction<Schema>,
  books: string,
  asked: {
    startDate: string
    endDate: string
    tolerancePercentage?: number | undefined
    includeRefunds?: boolean | undefined
  },
): Promise<void> {
  const { startDate, endDate } = asked
  const rail = RECONCILED_BOOKS.find((one) => one === books)
  if (rail) await enqueue(tx, topics.railReconciliation, [{ data: { books: rail, startDate, endDate } }])
  else await enqueue(tx, topics.billingReconciliation, [{ data: asked }])
}

/** @returns undefined for a moment within a day */
const dayOf = (at: Date): string | undefined =>
  at.getTime() % 86_400_000 === 0 ? at.toISOString().slice(0, 10) : undefined
