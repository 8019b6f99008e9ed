import type { PaymentInstruction, PaymentOutcome, Rail, RailContract, RefusalCategory } from '@remesa/domain/rail'
import { createClientCredentialsTokens } from '@remesa/provider-http/client-credentials'
import { jsonAmount } from '@remesa/provider-http/exact-json'
import { createHttpClient, type HttpAnswer } from '@remesa/provider-http/http-client'
import { factsOf, outcomeOfFailure } from '@remesa/provider-http/payment-outcome'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { errorByStatus, errorFor, readAs } from '@remesa/provider-http/read-as'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'
import { outcomeOf, outcomeOfPayment, outcomeWithoutPayment } from './outcome.ts'
import { type Reading, statusOf } from './payment.ts'
import { createProgramBalance } from './program-balance.ts'
import { createVisibility } from './visibility.ts'
import { codeOf, errorSchema, exactBody, paymentAnswer } from './wire.ts'

export interface PayoneerOptions {
  /** With the version: `https://api.payoneer.com/v4`. */
  readonly baseUrl: string
  /** The whole URL of the token endpoint, which is on another host. */
  readonly tokenUrl: string
  readonly programId: string
  readonly clientId: string
  readonly clientSecret: string
  /** For one request, from its turn to the last byte of its answer. */
  readonly timeoutMs: number
  readonly maxConcurrent: number
  /** How long a payment may stay unseen after it was made. Default: the documented two minutes. */
  readonly hiddenForMs?: number
  /** How long the program's balance is believed before it is asked for again. Default 10 s. */
  readonly balanceMaxAgeMs?: number
  /** What cancel reason codes mean that Payoneer told us of and that are not built in. */
  readonly reasonCategories?: Readonly<Record<string, RefusalCategory>>
  readonly logger?: Pick<Logger, 'debug' | 'warn'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
  readonly now?: () => Date
}

/**
 * International payments in USD, one per batch: one bad item refuses all of its batch. The idempotency key is the
 * client reference, which Payoneer never forgets. The rail holds connections open: call `close` when done.
 */
export function createPayoneerRail(options: PayoneerOptions): Rail & { close(): void } {
  const { baseUrl, timeoutMs, maxConcurrent, logger, metrics, now = () => new Date() } = options
  const provider = 'payoneer'
  const http = createHttpClient({ provider, baseUrl, timeoutMs, maxConcurrent, logger, metrics })
  const tokens = createClientCredentialsTokens({ ...options, provider, scope: 'read write' })
  const program = `/programs/${encodeURIComponent(options.programId)}`
  const visibility = createVisibility({ waitMs: options.hiddenForMs ?? 120_000, now: () => now().getTime() })
  const balance = createProgramBalance({
    read: async () =>
      readSuccess(balanceAnswer, await call({ operation: 'get program balance', path: '/balance' })).result,
    maxAgeMs: options.balanceMaxAgeMs ?? 10_000,
    now: () => now().getTime(),
  })

  const call = (request: { operation: string; path: string; json?: unknown }): Promise<HttpAnswer> =>
    tokens.withToken((token) =>
      http.request({
        operation: request.operation,
        method: request.json === undefined ? 'GET' : 'POST',
        path: program + request.path,
        headers: { authorization: `Bearer ${token}` },
        json: request.json,
      }),
    )

  const reading = (reference: string): Reading => ({
    seenAt: now(),
    reasonCategories: options.reasonCategories,
    onUnknownStatus: (status) =>
      logger?.warn({ provider, reference, status }, 'unknown payment status, taken as pending'),
  })

  /** @throws ProviderError for anything but a payment, or the word that there is none to be seen */
  async function look(reference: string) {
    const path = `/payouts/${encodeURIComponent(reference)}/status`
    const answer = await call({ operation: 'get payment status', path })
    const code = codeIn(answer)
    if (answer.status === 404 && code === PAYMENT_UNKNOWN) return { answer, payment: undefined }
    return { answer, payment: readSuccess(paymentAnswer, answer).result }
  }

  async function pay(instruction: PaymentInstruction): Promise<PaymentOutcome> {
    const { idempotencyKey } = instruction
    if (await balance.isShortOf(instruction.money)) return withoutFunds(instruction)

    const answer = await submit(instruction)
    const outcome = outcomeOf(answer, instruction)
    if (outcome.kind === 'accepted' || outcome.kind === 'unknown') visibility.mayBeMade(idempotencyKey)
    if (outcome.kind !== 'turned_down') return outcome

    const { payment } = await look(idempotencyKey)
    return payment
      ? outcomeOfPayment(payment, instruction, { facts: outcome.facts, reading: reading(idempotencyKey) })
      : outcomeWithoutPayment(outcome, visibility.missed(idempotencyKey), options.reasonCategories)
  }

  async function submit(instruction: PaymentInstruction): Promise<HttpAnswer> {
    try {
      return await call({ operation: 'submit payment', path: '/masspayouts', json: bodyFor(instruction) })
    } catch (error) {
      visibility.mayBeMade(instruction.idempotencyKey)
      throw error
    }
  }

  /** An earlier call with this key may be what the money was spent on. Where it is not, the same key may try again. */
  async function withoutFunds(instruction: PaymentInstruction): Promise<PaymentOutcome> {
    const { answer, payment } = await look(instruction.idempotencyKey)
    if (!payment) {
      const facts = factsOf(answer, 'PROGRAM_BALANCE_TOO_LOW')
      return { kind: 'declined_may_change', reason: 'funds', keyIsSpent: false, facts }
    }
    const known = { facts: factsOf(answer), reading: reading(instruction.idempotencyKey) }
    return outcomeOfPayment(payment, instruction, known)
  }

  async function find(instruction: PaymentInstruction): Promise<PaymentOutcome | 'not-found'> {
    const { idempotencyKey } = instruction
    const { answer, payment } = await look(idempotencyKey)
    if (payment) {
      return outcomeOfPayment(payment, instruction, { facts: factsOf(answer), reading: reading(idempotencyKey) })
    }
    const retryAfterMs = visibility.missed(idempotencyKey)
    if (retryAfterMs === 0) return 'not-found'
    return { kind: 'unknown', reason: 'in_progress', facts: { ...factsOf(answer, PAYMENT_UNKNOWN), retryAfterMs } }
  }

  return {
    name: 'payoneer',
    contract,
    pay: (instruction) => pay(instruction).catch(asOutcome),
    find: (instruction) => find(instruction).catch(asOutcome),
    async status(reference) {
      const { answer, payment } = await look(reference)
      if (!payment) throw errorFor(answer, { kind: 'unavailable', code: PAYMENT_UNKNOWN, detail: 'not visible yet' })
      return statusOf(payment, reading(reference))
    },
    close() {
      http.close()
      tokens.close()
    },
  }
}

/** `sub_code` of a payment that does not exist, or is not visible yet. */
const PAYMENT_UNKNOWN = '2306'

const contract: RailContract = {
  keyLifetime: Temporal.Duration.from({ hours: 100 * 365 * 24 }), // references are for ever
  replaysRefusals: false,
  settles: 'later',
  reversible: false,
  lookUp: 'by-reference',
}

/** @throws the error again when it is none of the provider's: a bug of ours is not an answer */
function asOutcome(error: unknown): PaymentOutcome {
  if (error instanceof ProviderError) return outcomeOfFailure(error)
  throw error
}

function bodyFor({ idempotencyKey, destination, money, description }: PaymentInstruction): unknown {
  const payment = {
    client_reference_id: idempotencyKey,
    payee_id: destination,
    amount: jsonAmount(money),
    currency: money.currency,
    description,
  }
  return { Payments: [payment] }
}

const balanceAnswer = z.object({ result: z.object({ balance: z.string(), currency: z.string() }) })

const codeIn = (answer: HttpAnswer): string | undefined => {
  const error = errorSchema.safeParse(answer.body).data
  return error && codeOf(error)
}

/** @throws ProviderError for anything but a success with this body */
function readSuccess<Schema extends z.ZodType>(schema: Schema, answer: HttpAnswer): z.output<Schema> {
  if (answer.status < 200 || answer.status > 299) throw errorByStatus(answer, codeIn(answer))
  return readAs(schema, exactBody(answer))
}
