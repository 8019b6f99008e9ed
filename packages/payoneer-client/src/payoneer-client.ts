import type { PaymentInstruction, PaymentOutcome, Rail, RailContract, RefusalCategory } from '@remesa/domain/rail'
import { jsonAmount } from '@remesa/provider-http/exact-json'
import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { factsOf, outcomeOfFailure } from '@remesa/provider-http/payment-outcome'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { errorFor } from '@remesa/provider-http/read-as'
import { createPayoneerCalls, PAYMENT_UNKNOWN, type PayoneerConnection, readSuccess } from './calls.ts'
import { outcomeOf, outcomeOfPayment, outcomeWithoutPayment } from './outcome.ts'
import { type Reading, statusOf } from './payment.ts'
import { createProgramBalance } from './program-balance.ts'
import { createVisibility } from './visibility.ts'
import { balanceAnswer } from './wire.ts'

export interface PayoneerOptions extends PayoneerConnection {
  /** How long a payment may stay unseen after it was made. Default: the documented two minutes. */
  readonly hiddenForMs?: number
  /** How long the program's balance is believed before it is asked for again. Default 10 s. */
  readonly balanceMaxAgeMs?: number
  /** What cancel reason codes mean that Payoneer told us of and that are not built in. */
  readonly reasonCategories?: Readonly<Record<string, RefusalCategory>>
  readonly now?: () => Date
}

/**
 * International payments in USD, one per batch: one bad item refuses all of its batch. The idempotency key is the
 * client reference, which Payoneer never forgets. The rail holds connections open: call `close` when done.
 */
export function createPayoneerRail(options: PayoneerOptions): Rail & { close(): void } {
  const { logger, now = () => new Date() } = options
  const { call, look, close } = createPayoneerCalls(options)
  const visibility = createVisibility({ waitMs: options.hiddenForMs ?? 120_000, now: () => now().getTime() })
  const balance = createProgramBalance({
    read: async () =>
      readSuccess(balanceAnswer, await call({ operation: 'get program balance', path: '/balance' })).result,
    maxAgeMs: options.balanceMaxAgeMs ?? 10_000,
    now: () => now().getTime(),
  })

  const reading = (reference: string): Reading => ({
    seenAt: now(),
    reasonCategories: options.reasonCategories,
    onUnknownStatus: (status) =>
      logger?.warn({ provider: 'payoneer', reference, status }, 'unknown payment status, taken as pending'),
  })

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
    close,
  }
}

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
