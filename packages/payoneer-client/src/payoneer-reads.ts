import type { Money } from '@remesa/domain/money'
import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import { errorFor } from '@remesa/provider-http/read-as'
import { type RetryOptions, retrying } from '@remesa/provider-http/retrying'
import { createPayoneerCalls, type PayoneerConnection, readSuccess } from './calls.ts'
import { dateOf, moneyOf, statusOf } from './payment.ts'
import { balanceAnswer, type Payment } from './wire.ts'

export interface PayoneerReadsOptions extends PayoneerConnection {
  /** Of each look-up while Payoneer is unavailable. Default 6 tries, from 1 s to 30 s. */
  readonly retry?: Pick<RetryOptions, 'tries' | 'firstMs' | 'maxMs'>
  readonly now?: () => Date
}

/** One payment of ours, by what we sent. */
export interface AskedPayment {
  /** The idempotency key, which is Payoneer's `client_reference_id`. */
  readonly key: string
  readonly payableId: string
}

export interface PayoneerReads {
  /**
   * What Payoneer has of these payments, a page for each of theirs, as many look-ups at once as may be under way.
   * Mass Payouts v4 has no list (facts: marketplace §5), so what nobody names here is not found here. A payment that
   * Payoneer does not know is left out; one of the last two minutes may only be hidden.
   * @throws ProviderError when a look-up is not answered within the tries
   */
  lookUpPayments(asked: AsyncIterable<readonly AskedPayment[]>): AsyncIterable<readonly ProviderPayment[]>
  /**
   * What the program can pay now.
   * @throws ProviderError when it cannot be read, and when it is no amount of a currency that we know
   */
  getBalance(): Promise<Money>
  close(): void
}

/** Payoneer's books, for comparing them with ours. Holds connections open: call `close` when done. */
export function createPayoneerReads(options: PayoneerReadsOptions): PayoneerReads {
  const { retry = { tries: 6, firstMs: 1_000, maxMs: 30_000 }, logger, now = () => new Date() } = options
  const { call, look, close } = createPayoneerCalls(options)

  async function lookUp({ key, payableId }: AskedPayment): Promise<ProviderPayment | undefined> {
    const { payment } = await retrying(() => look(key), retry)
    return payment && paymentOf(payment, { key, payableId })
  }

  function paymentOf(payment: Payment, { key, payableId }: AskedPayment): ProviderPayment {
    const seenAt = now()
    const { state } = statusOf(payment, {
      seenAt,
      onUnknownStatus: (status) =>
        logger?.warn({ provider: 'payoneer', reference: key, status }, 'unknown payment status, taken as pending'),
    })
    // Payoneer takes nothing back that it transferred; were it to, its word would be "paid" all the same.
    const standing = state === 'reversed' ? 'paid' : state
    const at = dateOf(payment.payout_date) ?? seenAt
    return {
      reference: key,
      key,
      payableId,
      money: moneyOf(payment),
      takenBack: 0n,
      state: standing,
      at,
      changedAt: dateOf(payment.load_date),
    }
  }

  return {
    async *lookUpPayments(asked) {
      for await (const page of asked) {
        const found = await Promise.all(page.map(lookUp))
        yield found.filter((payment) => payment !== undefined)
      }
    },
    getBalance: () =>
      retrying(async () => {
        const answer = await call({ operation: 'get program balance', path: '/balance' })
        const { balance, currency } = readSuccess(balanceAnswer, answer).result
        const held = moneyOf({ amount: balance, currency })
        if (!held) throw errorFor(answer, { kind: 'garbled', code: 'no_amount' })
        return held
      }, retry),
    close,
  }
}
