import type { Money } from '@remesa/domain/money'
import type Stripe from 'stripe'
import { z } from 'zod'
import { type ChargeFacts, chargeFacts, chargeSchema, type RefundFacts, refundFacts, refundSchema } from './charge.ts'
import { readErrorOf } from './outcome.ts'
import { wholeFromStripe } from './stripe-amount.ts'
import { type Answer, failed, garbled, read } from './stripe-answer.ts'
import { connectStripe, type StripeOptions } from './stripe-connection.ts'
import { type Transfer, type TransferFacts, transferFacts, transferSchema } from './transfer.ts'

/** What was made within a time, half-open: `from` belongs to it, `to` does not. Stripe counts whole seconds. */
export interface ListRange {
  readonly from: Date
  readonly to: Date
  /** The last object that was had: what comes after it in Stripe's order, newest first. */
  readonly startingAfter?: string
}

export interface ListedTransfer extends TransferFacts {
  /** The payable it was made for, where it is one of ours. */
  readonly transferGroup: string | null
}

/**
 * What Stripe has, for comparing. A list comes in pages of up to 100, newest first, each page read while the one before
 * it is worked on. A page that cannot be read ends the list with a ProviderError; `startingAfter` resumes it.
 */
export interface StripeReads {
  /** Charges of every status: only those with `isCounted` are payments. */
  listCharges(range: ListRange): AsyncIterable<readonly ChargeFacts[]>
  listRefunds(range: ListRange): AsyncIterable<readonly RefundFacts[]>
  listTransfers(range: ListRange): AsyncIterable<readonly ListedTransfer[]>
  /**
   * A payment's charge as it is now; of a PaymentIntent the latest one, which is the one that succeeded, if any did.
   * @param paymentId - `pi_…`, or a charge's own id
   * @throws ProviderError when it cannot be read
   */
  getPayment(paymentId: string): Promise<ChargeFacts | 'not-found'>
  /**
   * Every refund of a payment; of a PaymentIntent, those of all its charges.
   * @param paymentId - `pi_…`, or a charge's own id
   * @throws ProviderError when they cannot all be read
   */
  getRefunds(paymentId: string): Promise<readonly RefundFacts[]>
  /**
   * What the platform can transfer now, by currency, in whole units of a transfer; a currency that we do not know is left out.
   * @throws ProviderError when it cannot be read
   */
  getBalance(): Promise<readonly Money[]>
  close(): void
}

/** Reads within the same limits, and over the same transport, as the rail. Call `close` when done. */
export function createStripeReads(options: StripeOptions): StripeReads {
  const { stripe, close } = connectStripe(options)

  return {
    listCharges: (range) =>
      listPages({
        operation: 'list charges',
        page: chargePage,
        factsOf: chargeFacts,
        startingAfter: range.startingAfter,
        ask: (cursor) => stripe.charges.list({ ...cursor, created: createdIn(range) }),
      }),
    listRefunds: (range) =>
      listPages({
        operation: 'list refunds',
        page: refundPage,
        factsOf: refundFacts,
        startingAfter: range.startingAfter,
        ask: (cursor) => stripe.refunds.list({ ...cursor, created: createdIn(range) }),
      }),
    listTransfers: (range) =>
      listPages({
        operation: 'list transfers',
        page: transferPage,
        factsOf: listedTransfer,
        startingAfter: range.startingAfter,
        ask: (cursor) => stripe.transfers.list({ ...cursor, created: createdIn(range) }),
      }),
    async getPayment(paymentId) {
      const operation = 'get payment'
      try {
        if (!paymentId.startsWith('pi_')) {
          const answer = await stripe.charges.retrieve(paymentId)
          return factsIn(answer, operation, read(chargeSchema, operation, answer), chargeFacts)
        }
        const answer = await stripe.paymentIntents.retrieve(paymentId, { expand: ['latest_charge'] })
        const { latest_charge: charge } = read(paymentIntentSchema, operation, answer)
        return charge === null ? 'not-found' : factsIn(answer, operation, charge, chargeFacts)
      } catch (error) {
        const failure = readErrorOf(error, operation)
        if (failure.code === 'resource_missing') return 'not-found'
        throw failure
      }
    },
    async getRefunds(paymentId) {
      const of = paymentId.startsWith('pi_') ? { payment_intent: paymentId } : { charge: paymentId }
      const refunds: RefundFacts[] = []
      for await (const page of listPages({
        operation: 'list refunds of a payment',
        page: refundPage,
        factsOf: refundFacts,
        startingAfter: undefined,
        ask: (cursor) => stripe.refunds.list({ ...cursor, ...of }),
      })) {
        refunds.push(...page)
      }
      return refunds
    },
    async getBalance() {
      const operation = 'get balance'
      const answer = await stripe.balance.retrieve().catch(failed(operation))
      const { available } = read(balanceSchema, operation, answer)
      return available.flatMap(({ amount, currency }) => wholeFromStripe(amount, currency) ?? [])
    },
    close,
  }
}

/** `created` has no fractions, so a bound within a second begins with the next one. */
const createdIn = ({ from, to }: ListRange): Stripe.RangeQueryParam => ({
  gte: Math.ceil(from.getTime() / 1_000),
  lt: Math.ceil(to.getTime() / 1_000),
})

const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.object({ object: z.literal('list'), data: z.array(row), has_more: z.boolean() })
const chargePage = pageOf(chargeSchema)
const refundPage = pageOf(refundSchema)
const transferPage = pageOf(transferSchema)
const paymentIntentSchema = z.object({ object: z.literal('payment_intent'), latest_charge: chargeSchema.nullable() })

const balanceSchema = z.object({
  object: z.literal('balance'),
  available: z.array(z.object({ amount: z.number().int(), currency: z.string() })),
})

const listedTransfer = (transfer: Transfer): ListedTransfer => ({
  ...transferFacts(transfer),
  transferGroup: transfer.transfer_group,
})

interface Listing<Row extends { readonly id: string }, Facts> {
  readonly operation: string
  readonly page: z.ZodType<{ readonly data: readonly Row[]; readonly has_more: boolean }>
  readonly factsOf: (row: Row) => Facts | undefined
  readonly startingAfter: string | undefined
  readonly ask: (cursor: { limit: number; starting_after?: string }) => Promise<Answer>
}

async function* listPages<Row extends { readonly id: string }, Facts>(
  listing: Listing<Row, Facts>,
): AsyncGenerator<readonly Facts[]> {
  let coming = readPage(listing, listing.startingAfter)
  for (;;) {
    const { facts, next } = await coming
    if (next === undefined) {
      if (facts.length > 0) yield facts
      return
    }
    coming = readPage(listing, next)
    coming.catch(() => undefined) // told to whoever asks for that page; who stops before it need not know
    yield facts
  }
}

async function readPage<Row extends { readonly id: string }, Facts>(
  { operation, page, factsOf, ask }: Listing<Row, Facts>,
  startingAfter: string | undefined,
): Promise<{ facts: readonly Facts[]; next: string | undefined }> {
  const cursor = startingAfter === undefined ? {} : { starting_after: startingAfter }
  const answer = await ask({ limit: 100, ...cursor }).catch(failed(operation))
  const { data, has_more: hasMore } = read(page, operation, answer)
  const facts = data.map((row) => factsIn(answer, operation, row, factsOf))
  const last = data.at(-1)?.id
  if (hasMore && (last === undefined || last === startingAfter)) throw garbled(operation, answer, 'more of nothing')
  return { facts, next: hasMore ? last : undefined }
}

function factsIn<Row extends { readonly id: string }, Facts>(
  answer: Answer,
  operation: string,
  row: Row,
  factsOf: (row: Row) => Facts | undefined,
): Facts {
  const facts = factsOf(row)
  if (facts === undefined) throw garbled(operation, answer, `${row.id}: expected an amount of a currency that we know`)
  return facts
}
