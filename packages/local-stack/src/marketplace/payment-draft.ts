import type { Random } from './random.ts'

/** A payment as it is made up, before it is written down: a case changes what either side has of it. */
export interface PaymentDraft {
  readonly random: Random
  /** Its id carries it, and its description. */
  readonly name: string
  /** When no webhook arrived. */
  readonly gap: Gap
  /** As Stripe has it: several, when it was charged several times. */
  charged: Side[]
  /** As it is on record; the very objects of `charged` where nothing is wrong. */
  recorded: Side[]
}

/** What one side has of a payment. Minor units. */
export interface Side {
  readonly paymentId: string
  /** Of the day, from 0; negative the day before, from 86,400 the day after. */
  readonly second: number
  readonly currency: string
  readonly amount: bigint
  readonly refunded: bigint
  readonly description: string
}

/** Seconds of the day; `to` does not belong to it. */
export interface Gap {
  readonly from: number
  readonly to: number
}

export const DAY_SECONDS = 86_400

/** A second of the day at which webhooks arrived. */
export function secondOutside({ from, to }: Gap, random: Random): number {
  const second = random.whole(0, DAY_SECONDS - 1 - (to - from))
  return second < from ? second : second + (to - from)
}
