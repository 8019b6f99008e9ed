import { formatMajor } from '@remesa/domain/money'
import type { PaymentInstruction, PaymentOutcome, Rail, RailContract } from '@remesa/domain/rail'
import { factsOf, outcomeOfFailure } from '@remesa/provider-http/payment-outcome'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { z } from 'zod'
import { createFPayCalls, type FPayConnection, readSuccess } from './calls.ts'
import { chooseOwn } from './generations.ts'
import { outcomeOf, outcomeOfDuplicate, outcomeOfPayout } from './outcome.ts'
import { payoutSchema, statusOf } from './payout.ts'

export interface FPayOptions extends FPayConnection {
  /** Where FPay tells of changes; public, see {@link verifyFPayCallback}. */
  readonly callbackUrl: string
  readonly now?: () => Date
}

/** Payments by bank transfer in Latin America. The rail holds connections open: call `close` when done. */
export function createFPayRail(options: FPayOptions): Rail & { close(): void } {
  const { now = () => new Date() } = options
  const { call, close } = createFPayCalls(options)

  /** @throws ProviderError for anything but a payout */
  async function getPayout(payoutId: string) {
    const answer = await call({ operation: 'get payout', path: `/payouts/${encodeURIComponent(payoutId)}` })
    return { answer, payout: readSuccess(payoutSchema, answer) }
  }

  async function pay(instruction: PaymentInstruction): Promise<PaymentOutcome> {
    const answer = await call({
      operation: 'create payout',
      path: '/payouts',
      idempotencyKey: instruction.idempotencyKey,
      json: bodyFor(instruction, options.callbackUrl),
    })
    const outcome = outcomeOf(answer, instruction, now())
    if (outcome.kind === 'unknown' && outcome.reason === 'mismatch' && outcome.facts.code === 'IDEMPOTENCY_MISMATCH') {
      // The key was used with another body, as it is when our callback address changed in between. What it made tells.
      const found = await find(instruction)
      return found === 'not-found' ? outcome : found
    }
    if (outcome.kind !== 'duplicate') return outcome
    const { payout } = await getPayout(outcome.payoutId)
    return outcomeOfDuplicate(payout, instruction, outcome.facts, now())
  }

  async function find(instruction: PaymentInstruction): Promise<PaymentOutcome | 'not-found'> {
    const query = new URLSearchParams({ externalReference: instruction.payableId })
    const answer = await call({ operation: 'find payouts', path: `/payouts?${query}` })
    const { payouts } = readSuccess(payoutsSchema, answer)
    const own = chooseOwn(payouts, instruction)
    return own ? outcomeOfPayout(own, instruction, factsOf(answer), now()) : 'not-found'
  }

  return {
    name: 'fpay',
    contract,
    pay: (instruction) => pay(instruction).catch(asOutcome),
    find: (instruction) => find(instruction).catch(asOutcome),
    async status(reference) {
      const { payout } = await getPayout(reference)
      return statusOf(payout, now())
    },
    close,
  }
}

const contract: RailContract = {
  keyLifetime: Temporal.Duration.from({ hours: 7 * 24 }),
  replaysRefusals: false, // a refused request leaves nothing behind its key; a rejected payout is an accepted one that ended
  settles: 'later',
  reversible: true,
  lookUp: 'by-reference',
}

/** @throws the error again when it is none of the provider's: a bug of ours is not an answer */
function asOutcome(error: unknown): PaymentOutcome {
  if (error instanceof ProviderError) return outcomeOfFailure(error)
  throw error
}

/** The same instruction gives the same body, to the byte: FPay refuses a key that comes with another. */
function bodyFor(instruction: PaymentInstruction, callbackUrl: string): unknown {
  const { payableId, idempotencyKey, money, destination, country, beneficiary, description, payeeId } = instruction
  if (!country || !beneficiary) throw new Error(`FPay pays ${payableId} only with a country and a beneficiary`)
  return {
    externalReference: payableId,
    accountNumber: destination,
    amount: { value: formatMajor(money.amount, money.currency), currency: money.currency },
    country,
    beneficiary: { taxId: beneficiary.taxId, name: beneficiary.name },
    description,
    callbackUrl,
    metadata: { sellerId: payeeId, idempotencyKey }, // the key, so that a look-up can tell the generations of one payable
  }
}

const payoutsSchema = z.object({ payouts: z.array(payoutSchema) })
