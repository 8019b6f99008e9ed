import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Database } from '@remesa/database/connection'
import type { Schema } from '@remesa/database/schema'
import type { DestinationPolicy } from '@remesa/domain/stripe-account'
import type { Funds } from '@remesa/rails/funds'
import type { Logger } from '@remesa/service-kit/logger'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import type { Clock } from './act-on-payout.ts'
import type { ApprovalLimits } from './approval-limits.ts'
import type { Operator } from './authentication.ts'
import { answerOnce, digestOf, type Outcome } from './outcome.ts'
import { ProblemError, problemSchema } from './problem.ts'
import type { ServiceWatch } from './service-metrics/watch-services.ts'

/** What routes work with. */
export interface ApiParts {
  readonly database: Database
  readonly limits: ApprovalLimits
  /** How long what was asked for can be agreed to. */
  readonly approvalLifeMs: number
  /** How long after its end a day of payments is not compared yet, as the reconciliation service has it. */
  readonly billingGraceMs: number
  /** What rails hold, as far as they tell. */
  readonly funds: Pick<Funds, 'ask'>
  /** As the paying services have it: who may be paid now. */
  readonly policy: DestinationPolicy
  readonly clock: () => Clock
  /** Told when something was put into the outbox. */
  readonly nudge: () => void
  /** IANA, of the marketplace: it decides which day it is. */
  readonly timeZone: string
  /** For people, so that nobody takes one installation for another. */
  readonly environment: string
  /** What the services tell of themselves; undefined where it is not known where they do. */
  readonly services: ServiceWatch | undefined
  readonly logger: Pick<Logger, 'error'>
}

export type ZodServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** Under which a request's operator is kept with it. */
export const OPERATOR = 'operator'

export const operatorOf = (request: FastifyRequest): Operator => request.getDecorator<Operator>(OPERATOR)

/** Who asks, as the audit log names them. */
export const actorOf = (request: FastifyRequest): string => `operator:${operatorOf(request).subject}`

const described = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})
/** What every route that needs a token may answer besides what was asked for. */
export const PROBLEMS = {
  400: described('The request is not right.'),
  401: described('No token, or one that proves nothing.'),
  403: described('The role is lacking; `lacks` names it.'),
  500: described('Something went wrong here.'),
  503: described('Tokens cannot be checked now.'),
}
/** The same of a route that names one thing. */
export const PROBLEMS_OF_ONE = { ...PROBLEMS, 404: described('There is none of this id.') }
/** The same of a route that does something. */
export const PROBLEMS_OF_DEEDS = {
  ...PROBLEMS_OF_ONE,
  409: described('It does not fit the current state, which `current` or `approval` shows; nothing was done.'),
  413: described('The body is too large.'),
  415: described('The body is not JSON.'),
  422: described('The Idempotency-Key was used for another request.'),
}

/**
 * Does what a request asks for, once per key of its operator, and answers.
 * @param asked.body - as it was read: the same request may be written in many ways
 * @param asked.answers - the shape of what it answers
 */
export async function doOnce<Answer extends object>(
  { database, clock, nudge }: ApiParts,
  asked: {
    readonly request: FastifyRequest
    readonly reply: FastifyReply
    readonly body: Readonly<Record<string, string>>
    readonly answers: z.ZodType<Answer>
  },
  work: (tx: Transaction<Schema>) => Promise<Outcome<Answer>>,
): Promise<Extract<Outcome<Answer>, { kind: 'done' }>> {
  const { request, reply, body, answers } = asked
  const path = request.url.split('?', 1)[0] ?? ''
  const key = String(request.headers['idempotency-key'])
  const fields = Object.entries(body).toSorted().flat()
  const digest = digestOf([request.method, path.toLowerCase(), ...fields])
  const { outcome, replayed } = await answerOnce(
    { database, now: () => clock().now },
    { actor: actorOf(request), key, digest, answers },
    work,
  )
  if (replayed) reply.header('idempotent-replayed', 'true')
  if (outcome.kind === 'refused') throw new ProblemError(outcome.problem)
  nudge()
  return outcome
}
