import type { Money } from '@remesa/domain/money'
import { type BankBooks, createBankBooks } from '../kit/books.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Balance } from './balance.ts'
import { moneyFromStripe } from './currencies.ts'
import { accountNotOurs, declined, invalid, missing } from './errors.ts'
import type { Listed } from './lists.ts'
import type { MetadataChanges } from './parameters.ts'
import { behaviourOf } from './test-accounts.ts'
import type { ReversalRequest, TransferRequest } from './transfer-requests.ts'

/** One transfer as the sandbox keeps it. Amounts in Stripe's minor units. */
export interface Transfer extends Listed {
  readonly amount: bigint
  amountReversed: bigint
  /** Lower case. */
  readonly currency: string
  readonly money: Money
  description: string | null
  readonly destination: string
  readonly destinationPayment: string
  readonly balanceTransaction: string
  metadata: Readonly<Record<string, string>>
  readonly sourceType: string
  readonly transferGroup: string | null
  /** Oldest first. */
  readonly reversals: Reversal[]
}

export interface Reversal extends Listed {
  readonly amount: bigint
  readonly currency: string
  readonly money: Money
  readonly balanceTransaction: string
  metadata: Readonly<Record<string, string>>
  readonly refund: string
  readonly transfer: string
}

export interface Transfers {
  /** Transfers really made, per destination. */
  readonly books: BankBooks
  /** @throws Refusal: destination, capability or balance; nothing moves then */
  make(request: TransferRequest, context: { runsDry: boolean }): Transfer
  /** @throws Refusal: more than is left, or than the account still holds, or an account that is not ours any more */
  reverse(transfer: Transfer, request: ReversalRequest): Reversal
  update(transfer: Transfer, changes: { description: string | null | undefined; metadata: MetadataChanges }): void
  updateReversal(reversal: Reversal, metadata: MetadataChanges): void
  find(id: string): Transfer | undefined
  /** Oldest first: all, or the fewest that hold every one of this group or destination. */
  candidates(filter: { group?: string | undefined; destination?: string | undefined }): readonly Transfer[]
  /** Every reversal, oldest first. */
  readonly reversals: readonly Reversal[]
  findReversal(id: string): Reversal | undefined
  /** The account's own bank takes all that it holds: from then on nothing can be reversed. */
  payOutToBank(account: string): void
  /** What an account holds from now on, in Stripe's units of a lower-case currency. */
  setHolding(account: string, currency: string, amount: bigint): void
}

export interface TransfersOptions {
  readonly accounts: Accounts
  readonly balance: Balance
  readonly newId: (prefix: 'tr' | 'trr' | 'py' | 'pyr') => string
  readonly now: () => Date
}

export function createTransfers({ accounts, balance, newId, now }: TransfersOptions): Transfers {
  const books = createBankBooks()
  const all: Transfer[] = []
  const byId = new Map<string, Transfer>()
  const byGroup = new Map<string, Transfer[]>()
  const byDestination = new Map<string, Transfer[]>()
  const reversals: Reversal[] = []
  /** What connected accounts hold, by account and currency. */
  const holdings = new Map<string, bigint>()
  /** Groups of unfunded test accounts that were refused once. */
  const refusedOnce = new Set<string>()
  const seconds = (): number => Math.floor(now().getTime() / 1_000)

  function payee(request: TransferRequest): Account {
    const account = accounts.find(request.destination)
    if (!account) throw missing('destination', request.destination, { status: 400, param: 'destination' })
    const { refuses } = behaviourOf(account.id)
    if (refuses) throw declined(refuses.status, refuses.error)
    if (account.capabilities.transfers !== 'active') {
      throw declined(400, {
        code: 'insufficient_capabilities_for_transfer',
        message:
          'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments',
      })
    }
    return account
  }

  function isUnfundedOnce({ destination, transferGroup }: TransferRequest): boolean {
    if (!behaviourOf(destination).unfundedOnce) return false
    const group = transferGroup ?? destination
    if (refusedOnce.has(group)) return false
    refusedOnce.add(group)
    return true
  }

  function make(request: TransferRequest, { runsDry }: { runsDry: boolean }): Transfer {
    const { amount, currency, destination, sourceTransaction, sourceType, transferGroup } = request
    payee(request)
    if (sourceTransaction !== undefined) {
      throw missing('charge', sourceTransaction, { status: 400, param: 'source_transaction' })
    }
    // All that the platform has came from cards.
    const available = sourceType === 'card' ? balance.available(currency) : 0n
    if (runsDry || available < amount || isUnfundedOnce(request)) {
      throw declined(400, {
        code: 'balance_insufficient',
        message: 'You have insufficient available funds in your Stripe account for this transfer.',
      })
    }
    const id = newId('tr')
    const moved = balance.move({
      currency,
      amount: -amount,
      type: 'transfer',
      source: id,
      description: request.description,
    })
    const transfer: Transfer = {
      id,
      created: moved.created,
      amount,
      amountReversed: 0n,
      currency,
      money: request.money,
      description: request.description,
      destination,
      destinationPayment: newId('py'),
      balanceTransaction: moved.id,
      metadata: Object.fromEntries(request.metadata),
      sourceType,
      transferGroup,
      reversals: [],
    }
    keep(transfer)
    const reference = transferGroup ?? ''
    books.record({ account: destination, paymentId: id, reference, money: request.money, paidAt: now() })
    return transfer
  }

  function keep(transfer: Transfer): void {
    const { id, destination, transferGroup, currency, amount } = transfer
    all.push(transfer)
    byId.set(id, transfer)
    append(byDestination, destination, transfer)
    if (transferGroup !== null) append(byGroup, transferGroup, transfer)
    const holding = `${destination} ${currency}`
    holdings.set(holding, (holdings.get(holding) ?? 0n) + amount)
  }

  function reverse(transfer: Transfer, request: ReversalRequest): Reversal {
    const { id, currency, destination } = transfer
    const left = transfer.amount - transfer.amountReversed
    const amount = request.amount ?? left
    if (left === 0n) throw declined(400, { message: `The transfer ${id} is already fully reversed.` })
    if (amount > left) {
      throw declined(400, {
        message: `Reversal amount (${amount}) is greater than unreversed amount on transfer (${left})`,
        param: 'amount',
      })
    }
    if (!accounts.find(destination)) throw accountNotOurs(destination)
    const money = moneyFromStripe(amount, currency)
    const holding = `${destination} ${currency}`
    const held = holdings.get(holding) ?? 0n
    if (held < amount) {
      throw declined(400, {
        code: 'balance_insufficient',
        message: 'The connected account has insufficient available funds to reverse this transfer.',
      })
    }
    holdings.set(holding, held - amount)
    const reversalId = newId('trr')
    const moved = balance.move({ currency, amount, type: 'transfer_refund', source: reversalId, description: null })
    const reversal: Reversal = {
      id: reversalId,
      created: seconds(),
      amount,
      currency,
      money,
      balanceTransaction: moved.id,
      metadata: Object.fromEntries(request.metadata),
      refund: newId('pyr'),
      transfer: id,
    }
    transfer.amountReversed += amount
    transfer.reversals.push(reversal)
    reversals.push(reversal)
    books.markReturned(id, money.amount)
    return reversal
  }

  return {
    books,
    make,
    reverse,
    update(transfer, { description, metadata }) {
      if (description !== undefined) transfer.description = description
      transfer.metadata = withChanges(transfer.metadata, metadata)
    },
    updateReversal(reversal, metadata) {
      reversal.metadata = withChanges(reversal.metadata, metadata)
    },
    find: (id) => byId.get(id),
    candidates({ group, destination }) {
      if (group !== undefined) return byGroup.get(group) ?? []
      return destination === undefined ? all : (byDestination.get(destination) ?? [])
    },
    reversals,
    findReversal: (id) => reversals.find((reversal) => reversal.id === id),
    payOutToBank(account) {
      for (const holding of holdings.keys()) if (holding.startsWith(`${account} `)) holdings.set(holding, 0n)
    },
    setHolding: (account, currency, amount) => void holdings.set(`${account} ${currency}`, amount),
  }
}

function append<Row>(lists: Map<string, Row[]>, name: string, row: Row): void {
  const list = lists.get(name)
  if (list) list.push(row)
  else lists.set(name, [row])
}

/** @throws Refusal when more than 50 keys would remain */
function withChanges(before: Readonly<Record<string, string>>, changes: MetadataChanges): Record<string, string> {
  const after = new Map(Object.entries(before))
  for (const [key, value] of changes) {
    if (value === '') after.delete(key)
    else after.set(key, value)
  }
  if (after.size > 50) throw invalid('metadata', 'Metadata has at most 50 keys.')
  return Object.fromEntries(after)
}

/** How many reversals stand in the transfer itself; the rest are listed. */
const EMBEDDED = 10

/** A transfer as callers see it (facts: stripe §2, §12). */
export function transferAsJson(transfer: Transfer) {
  return {
    id: transfer.id,
    object: 'transfer',
    amount: Number(transfer.amount),
    amount_reversed: Number(transfer.amountReversed),
    balance_transaction: transfer.balanceTransaction,
    created: transfer.created,
    currency: transfer.currency,
    description: transfer.description,
    destination: transfer.destination,
    destination_payment: transfer.destinationPayment,
    livemode: false,
    metadata: transfer.metadata,
    reversals: {
      object: 'list',
      data: transfer.reversals.slice(-EMBEDDED).toReversed().map(reversalAsJson),
      has_more: transfer.reversals.length > EMBEDDED,
      url: `/v1/transfers/${transfer.id}/reversals`,
    },
    reversed: transfer.amountReversed === transfer.amount,
    source_transaction: null,
    source_type: transfer.sourceType,
    transfer_group: transfer.transferGroup,
  } as const
}

export function reversalAsJson(reversal: Reversal) {
  return {
    id: reversal.id,
    object: 'transfer_reversal',
    amount: Number(reversal.amount),
    balance_transaction: reversal.balanceTransaction,
    created: reversal.created,
    currency: reversal.currency,
    destination_payment_refund: reversal.refund,
    metadata: reversal.metadata,
    source_refund: null,
    transfer: reversal.transfer,
  } as const
}
