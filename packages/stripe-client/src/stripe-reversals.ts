import type { PaymentInstruction, PaymentOutcome, ProviderFacts, Rail, RailContract } from '@remesa/domain/rail'
import type Stripe from 'stripe'
import { z } from 'zod'
import { outcomeOf, outcomeOfLookUp } from './outcome.ts'
import { outcomeOfReversal, outcomeOfReversals, parametersFor, type Reversal, reversalSchema } from './reversal.ts'
import { fromStripe } from './stripe-amount.ts'
import { type Answer, factsOf, failed, garbled, read } from './stripe-answer.ts'
import { transferSchema } from './transfer.ts'

/**
 * Takes back what transfers moved: a rail whose instructions name the transfer as their destination, and whose payable is
 * ours of the reversal. `funds` is the connected account's want of balance here, not ours.
 */
export function createStripeReversals(stripe: Stripe): Rail {
  async function pay(instruction: PaymentInstruction): Promise<PaymentOutcome> {
    const parameters = parametersFor(instruction)
    if (!parameters) {
      return { kind: 'declined_for_good', reason: 'amount_not_payable', category: 'request', facts: { status: 0 } }
    }
    const { idempotencyKey, destination } = instruction
    const answer = await stripe.transfers.createReversal(destination, parameters, { idempotencyKey }).catch(outcomeOf)
    if ('kind' in answer) return answer.kind === 'declined_for_good' ? judge(answer, instruction) : answer
    const facts = factsOf(answer)
    const reversal = reversalSchema.safeParse(answer)
    // A reply from Stripe's memory is as good as a new one: a reversal is never undone.
    return reversal.success
      ? outcomeOfReversal(reversal.data, instruction, facts)
      : { kind: 'unknown', reason: 'garbled', facts }
  }

  /**
   * Stripe refuses with no code of its own what was taken back already, and more than remains (facts: stripe §2): the
   * transfer itself tells. Money that has come back otherwise is no loss yet, so a person compares the books. So does one
   * where Stripe has no such transfer.
   */
  async function judge(
    refusal: PaymentOutcome & { kind: 'declined_for_good' },
    instruction: PaymentInstruction,
  ): Promise<PaymentOutcome> {
    if (refusal.facts.status === 404) return { kind: 'unknown', reason: 'mismatch', facts: refusal.facts }
    try {
      const transfer = read(transferSchema, GET, await stripe.transfers.retrieve(instruction.destination))
      const left = fromStripe(transfer.amount - transfer.amount_reversed, transfer.currency)
      const { amount, currency } = instruction.money
      if (left?.currency === currency && left.amount >= amount) return refusal
    } catch (error) {
      return outcomeOfLookUp(error, GET)
    }
    const found = await find(instruction)
    return found === 'not-found' ? { kind: 'unknown', reason: 'mismatch', facts: refusal.facts } : found
  }

  async function find(instruction: PaymentInstruction): Promise<PaymentOutcome | 'not-found'> {
    try {
      const { reversals, facts } = await listReversals(instruction.destination)
      return outcomeOfReversals(reversals, instruction, facts)
    } catch (error) {
      return outcomeOfLookUp(error, FIND)
    }
  }

  async function listReversals(id: string): Promise<{ reversals: readonly Reversal[]; facts: ProviderFacts }> {
    const reversals: Reversal[] = []
    for (;;) {
      const after = reversals.at(-1)?.id
      const answer: Answer = await stripe.transfers.listReversals(id, {
        limit: 100,
        ...(after !== undefined && { starting_after: after }),
      })
      const page = read(reversalPage, FIND, answer)
      reversals.push(...page.data)
      if (!page.has_more) return { reversals, facts: factsOf(answer) }
      if (page.data.length === 0) throw garbled(FIND, answer, 'more of nothing')
    }
  }

  return {
    name: 'stripe',
    contract,
    pay,
    find,
    async status(reference) {
      // A reversal is read only beside its transfer; what it moved can be asked for by its id alone.
      const movements = stripe.balanceTransactions.list({ source: reference, limit: 1 })
      const answer: Answer = await movements.catch(failed(STATUS))
      const [movement] = read(movementPage, STATUS, answer).data
      if (!movement) throw garbled(STATUS, answer, 'no movement of this reversal')
      return { state: 'paid', paidAt: new Date(movement.created * 1_000) }
    },
  }
}

const GET = 'get transfer'
const FIND = 'find reversals'
const STATUS = 'find movement'

const contract: RailContract = {
  keyLifetime: Temporal.Duration.from({ hours: 24 }), // at least so long (facts: stripe §4)
  replaysRefusals: true,
  settles: 'at-once',
  reversible: false,
  lookUp: 'by-group',
}

const reversalPage = z.object({ object: z.literal('list'), data: z.array(reversalSchema), has_more: z.boolean() })
const movementPage = z.object({ data: z.array(z.object({ source: z.string(), created: z.int().positive() })) })
