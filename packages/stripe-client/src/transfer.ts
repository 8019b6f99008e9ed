import type { Money } from '@remesa/domain/money'
import type { PaymentInstruction, PaymentOutcome, PaymentStatus, ProviderFacts } from '@remesa/domain/rail'
import { z } from 'zod'
import { fromStripe, toStripe } from './stripe-amount.ts'

/** A transfer as Stripe shows it (facts: stripe §2, §12). Fields that nobody here reads are left out. */
export const transferSchema = z.object({
  id: z.string().min(1),
  object: z.literal('transfer'),
  /** Stripe's units of `currency`. */
  amount: z.int().positive(),
  amount_reversed: z.int().min(0),
  currency: z.string().min(1),
  /** Unix seconds. */
  created: z.int().positive(),
  destination: z.string().min(1),
  reversed: z.boolean(),
  transfer_group: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
})
export type Transfer = z.infer<typeof transferSchema>

/** A transfer in our words and units. */
export interface TransferFacts {
  readonly reference: string
  /** undefined for a currency that we do not know. */
  readonly money: Money | undefined
  /** What of it was taken back, minor units of the same currency. */
  readonly reversed: Money | undefined
  readonly destination: string
  readonly status: PaymentStatus
  readonly createdAt: Date
}

export const transferFacts = (transfer: Transfer): TransferFacts => ({
  reference: transfer.id,
  money: fromStripe(transfer.amount, transfer.currency),
  reversed: fromStripe(transfer.amount_reversed, transfer.currency),
  destination: transfer.destination,
  status: statusOf(transfer),
  createdAt: new Date(transfer.created * 1000),
})

/** The parameters of `POST /v1/transfers`. */
export interface TransferParameters {
  readonly amount: number
  readonly currency: string
  readonly destination: string
  readonly transfer_group: string
  readonly metadata: Readonly<Record<string, string>>
  readonly description: string
}

/**
 * What is sent for an instruction: a function of it and of nothing else, so that two calls with one key never differ,
 * which Stripe would refuse. The generation belongs to the key, so it may stand in the metadata; it tells a look-up
 * which of a payable's transfers was made with it, since all of them share one transfer group.
 * @returns undefined when Stripe has no way to say this amount
 */
export function parametersFor(instruction: PaymentInstruction): TransferParameters | undefined {
  const { payableId, generation, money, destination, description, payeeId } = instruction
  const units = toStripe(money)
  if (!units) return undefined
  return {
    ...units,
    destination,
    transfer_group: payableId,
    metadata: { transfer_id: payableId, payee_id: payeeId, generation: String(generation) },
    description,
  }
}

/** True when the transfer moves the same money to the same account for the same payable. */
export function isFor(transfer: Transfer, { payableId, money, destination }: PaymentInstruction): boolean {
  const moved = fromStripe(transfer.amount, transfer.currency)
  return (
    transfer.transfer_group === payableId &&
    transfer.destination === destination &&
    moved?.currency === money.currency &&
    moved.amount === money.amount
  )
}

/** A transfer has happened once it exists; it stands until all of it was taken back. A part taken back changes nothing here. */
export const statusOf = ({ created, reversed }: Transfer): PaymentStatus =>
  reversed ? { state: 'reversed', reason: 'transfer_reversed' } : { state: 'paid', paidAt: new Date(created * 1000) }

/** A transfer that Stripe has, as the outcome of the instruction it should belong to. */
export function outcomeOfTransfer(
  transfer: Transfer,
  instruction: PaymentInstruction,
  facts: ProviderFacts,
): PaymentOutcome {
  if (!isFor(transfer, instruction)) return { kind: 'unknown', reason: 'mismatch', facts }
  return { kind: 'accepted', reference: transfer.id, status: statusOf(transfer), facts }
}

/**
 * What the transfers of a payable's group say about one of its generations.
 *
 * 1. One that stands is this payment, whichever generation began it: at most one may, and it is the money this payable
 *    is owed. Two that stand, or one of other money, are for a person.
 * 2. One that was taken back is this payment only when this generation made it: an earlier generation's must not be
 *    booked as a second payment, nor keep a later one from being made. One that names no generation, which our
 *    transfers always do, counts as the first.
 */
export function outcomeOfGroup(
  transfers: readonly Transfer[],
  instruction: PaymentInstruction,
  facts: ProviderFacts,
): PaymentOutcome | 'not-found' {
  const [standing, another] = transfers.filter(({ reversed }) => !reversed)
  if (another) return { kind: 'unknown', reason: 'mismatch', facts }
  const own = standing ?? transfers.find((transfer) => generationOf(transfer) === String(instruction.generation))
  return own ? outcomeOfTransfer(own, instruction, facts) : 'not-found'
}

const generationOf = ({ metadata }: Transfer): string => metadata.generation ?? '1'
