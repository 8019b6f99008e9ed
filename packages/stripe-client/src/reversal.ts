import type { PaymentInstruction, PaymentOutcome, ProviderFacts } from '@remesa/domain/rail'
import { z } from 'zod'
import { fromStripe, toStripe } from './stripe-amount.ts'

/** A reversal as Stripe shows it (facts: stripe §2). Fields that nobody here reads are left out. */
export const reversalSchema = z.object({
  id: z.string().min(1),
  object: z.literal('transfer_reversal'),
  /** Stripe's units of `currency`. */
  amount: z.int().positive(),
  currency: z.string().min(1),
  /** Unix seconds. */
  created: z.int().positive(),
  /** Id of the transfer that it takes back from. */
  transfer: z.string().min(1),
  metadata: z.record(z.string(), z.string()),
})
export type Reversal = z.infer<typeof reversalSchema>

/** The parameters of `POST /v1/transfers/:id/reversals`. */
export interface ReversalParameters {
  readonly amount: number
  readonly description: string
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * What is sent for an instruction: a function of it and of nothing else, so that two calls with one key never differ. Our
 * id in the metadata is what a look-up knows it by: a transfer may be taken back in many parts.
 * @returns undefined when Stripe has no way to say this amount
 */
export function parametersFor(instruction: PaymentInstruction): ReversalParameters | undefined {
  const { payableId, generation, money, description, payeeId } = instruction
  const units = toStripe(money)
  if (!units) return undefined
  return {
    amount: units.amount, // Stripe takes the currency from the transfer
    description,
    metadata: { reversal_id: payableId, payee_id: payeeId, generation: String(generation) },
  }
}

/** A reversal that Stripe has, as the outcome of the instruction it should belong to. It has happened once it exists. */
export function outcomeOfReversal(
  reversal: Reversal,
  instruction: PaymentInstruction,
  facts: ProviderFacts,
): PaymentOutcome {
  const { money, destination } = instruction
  const taken = fromStripe(reversal.amount, reversal.currency)
  const isOurs = reversal.transfer === destination && isOf(instruction)(reversal)
  if (!isOurs || taken?.amount !== money.amount || taken.currency !== money.currency) {
    return { kind: 'unknown', reason: 'mismatch', facts }
  }
  const paidAt = new Date(reversal.created * 1_000)
  return { kind: 'accepted', reference: reversal.id, status: { state: 'paid', paidAt }, facts }
}

/**
 * What a transfer's reversals say about one of ours, whichever generation made it: it is made once at most. Two with its
 * id, or one of other money, are for a person.
 */
export function outcomeOfReversals(
  reversals: readonly Reversal[],
  instruction: PaymentInstruction,
  facts: ProviderFacts,
): PaymentOutcome | 'not-found' {
  const [own, another] = reversals.filter(isOf(instruction))
  if (another) return { kind: 'unknown', reason: 'mismatch', facts }
  return own ? outcomeOfReversal(own, instruction, facts) : 'not-found'
}

const isOf =
  ({ payableId }: PaymentInstruction) =>
  ({ metadata }: Reversal): boolean =>
    metadata.reversal_id === payableId
