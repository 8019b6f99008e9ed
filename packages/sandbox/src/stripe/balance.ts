import type { Listed } from './lists.ts'

/** One movement of the platform's balance as Stripe keeps it. `amount` is signed, in Stripe's minor units. */
export interface BalanceTransaction extends Listed {
  readonly object: 'balance_transaction'
  readonly amount: number
  readonly available_on: number
  readonly balance_type: 'payments'
  readonly currency: string
  readonly description: string | null
  readonly exchange_rate: null
  readonly fee: number
  readonly fee_details: readonly object[]
  readonly net: number
  readonly reporting_category:
    | 'transfer'
    | 'transfer_reversal'
    | 'topup'
    | 'charge'
    | 'refund'
    | 'refund_failure'
    | 'dispute'
  readonly source: string
  readonly status: 'available' | 'pending'
  readonly type: 'transfer' | 'transfer_refund' | 'topup' | 'charge' | 'refund' | 'refund_failure' | 'adjustment'
}

export interface Movement {
  /** Lower case. */
  readonly currency: string
  /** Signed, Stripe's minor units. */
  readonly amount: bigint
  readonly type: keyof typeof CATEGORIES
  /** Id of the object that moved it. */
  readonly source: string
  readonly description: string | null
}

/** The platform's own balance, per currency in lower case, in Stripe's minor units. */
export interface Balance {
  available(currency: string): bigint
  /** @returns the movement's own record */
  move(movement: Movement): BalanceTransaction
  /** What is available from now on; no movement of money. */
  set(currency: string, amount: bigint): void
  /** Movements, oldest first. */
  readonly transactions: readonly BalanceTransaction[]
  asJson(): object
}

/** What a currency holds that nobody set: enough for every test and benchmark. */
const AMPLE = 10_000_000_000_000n

const CATEGORIES = { transfer: 'transfer', transfer_refund: 'transfer_reversal', topup: 'topup' } as const

export function createBalance({ newId, now }: { newId: (prefix: 'txn') => string; now: () => Date }): Balance {
  const held = new Map<string, bigint>([['usd', AMPLE]])
  const transactions: BalanceTransaction[] = []
  const available = (currency: string): bigint => held.get(currency) ?? AMPLE

  return {
    available,
    move({ currency, amount, type, source, description }) {
      held.set(currency, available(currency) + amount)
      const created = Math.floor(now().getTime() / 1_000)
      const transaction: BalanceTransaction = {
        id: newId('txn'),
        object: 'balance_transaction',
        amount: Number(amount),
        available_on: created,
        balance_type: 'payments',
        created,
        currency,
        description,
        exchange_rate: null,
        fee: 0,
        fee_details: [],
        net: Number(amount),
        reporting_category: CATEGORIES[type],
        source,
        status: 'available',
        type,
      }
      transactions.push(transaction)
      return transaction
    },
    set: (currency, amount) => void held.set(currency, amount),
    transactions,
    asJson: () => ({
      object: 'balance',
      available: [...held].map(([currency, amount]) => ofCard(currency, amount)),
      pending: [...held.keys()].map((currency) => ofCard(currency, 0n)),
      livemode: false,
    }),
  }
}

const ofCard = (currency: string, amount: bigint): object => ({
  amount: Number(amount),
  currency,
  source_types: { card: Number(amount) },
})
