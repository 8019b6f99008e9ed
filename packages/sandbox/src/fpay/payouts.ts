import type { Currency } from '@remesa/domain/currency'
import { formatMajor, type Money } from '@remesa/domain/money'
import { type BankBooks, createBankBooks } from '../kit/books.ts'
import { drawn, type Faults } from '../kit/faults.ts'
import { fpayError, type PayoutRequest } from './payout-request.ts'
import { behaviourOf, INSUFFICIENT_FUNDS, type PayoutReason, RETURNED_BY_BANK } from './test-accounts.ts'

export type PayoutState = 'PENDING' | 'PROCESSING' | 'PAID' | 'REJECTED' | 'CANCELLED' | 'REVERSED'

/** One payout as the bank keeps it. */
export interface Payout extends PayoutRequest {
  readonly payoutId: string
  readonly createdAt: Date
  readonly estimatedSettlementAt: Date
  state: PayoutState
  updatedAt: Date
  paidAt: Date | undefined
  reason: PayoutReason | undefined
  /** Decided when it is made: how it will end. */
  readonly ending: PayoutReason | 'paid'
  statusReads: number
}

export interface PayoutsOptions {
  readonly now: () => Date
  readonly faults: Faults
  /** From made to paid or rejected, milliseconds; `by-hand` waits for `settle`. */
  readonly settleDelayMs: number | 'by-hand'
  /** The same for `FP-SLOW-…`. */
  readonly slowDelayMs: number
  /** From paid to reversed for `FP-REVERSED-…`, milliseconds. */
  readonly reverseDelayMs: number
  /** Told of every change of state. */
  readonly changed: (payout: Payout) => void
}

export interface Payouts {
  readonly books: BankBooks
  /** Makes a payout. @throws Refusal: unknown account, duplicate reference, treasury too low; nothing is made then. */
  make(request: PayoutRequest): Payout
  /** A status read by the caller, which counts for `FP-SLOW-…`. */
  read(payoutId: string): Payout | undefined
  find(payoutId: string): Payout | undefined
  /** @throws Error when there is no such payout. */
  get(payoutId: string): Payout
  /** Those made in `[from, to)`, oldest first, after the one with the id `after`. */
  madeIn(window: { from: Date; to: Date; after?: string | undefined; limit: number }): readonly Payout[]
  /** The bank's own mistake: what was asked for once is made once more. @throws Error when there is no such payout */
  makeAgain(payoutId: string): Payout
  /** All generations of one payable, oldest first. */
  ofReference(externalReference: string): readonly Payout[]
  /** To its end now. @throws Error when there is no such payout. */
  settle(payoutId: string): Payout
  settleAll(): void
  /** The bank sends a paid payout back. @throws Error unless it is PAID. */
  reverse(payoutId: string, reason?: PayoutReason): Payout
  /** @throws Error unless it is PENDING. */
  cancel(payoutId: string): Payout
  /** What the treasury account holds, minor units; a currency never set holds enough for everything. */
  setTreasury(money: Money): void
  treasury(currency: Currency): bigint | undefined
  stop(): void
}

/** Reads after which a slow payout is looked at again. */
const SLOW_READS = 4

/** The bank behind FPay: payouts from PENDING to their end, the treasury they are paid from, and the books. */
export function createPayouts(options: PayoutsOptions): Payouts {
  const { now, faults, changed } = options
  const books = createBankBooks()
  const payouts = new Map<string, Payout>()
  const references = new Map<string, Payout[]>()
  const treasury = new Map<Currency, bigint>()
  const timers = new Set<NodeJS.Timeout>()

  function after(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, delayMs)
    timers.add(timer)
  }

  function move(payout: Payout, state: PayoutState, reason?: PayoutReason): void {
    payout.state = state
    payout.reason = reason
    payout.updatedAt = now()
    changed(payout)
  }

  function credit({ amount, currency }: Money): void {
    const held = treasury.get(currency)
    if (held !== undefined) treasury.set(currency, held + amount)
  }

  function finish(payout: Payout): void {
    if (payout.state === 'PENDING') move(payout, 'PROCESSING')
    if (payout.state !== 'PROCESSING') return
    if (payout.ending !== 'paid') {
      credit(payout.money)
      move(payout, 'REJECTED', payout.ending)
      return
    }
    const { accountNumber: account, payoutId: paymentId, externalReference: reference, money } = payout
    payout.paidAt = now()
    books.record({ account, paymentId, reference, money, paidAt: payout.paidAt })
    move(payout, 'PAID')
    const { reverses } = behaviourOf(account)
    if (reverses) after(options.reverseDelayMs, () => payout.state === 'PAID' && reverse(paymentId, reverses))
  }

  function schedule(payout: Payout): void {
    if (options.settleDelayMs === 'by-hand') return
    const delayMs = behaviourOf(payout.accountNumber).slow ? options.slowDelayMs : options.settleDelayMs
    after(delayMs / 2, () => payout.state === 'PENDING' && move(payout, 'PROCESSING'))
    after(delayMs, () => finish(payout))
  }

  function make(request: PayoutRequest): Payout {
    const { externalReference, accountNumber, money } = request
    const earlier = references.get(externalReference) ?? []
    const last = earlier.at(-1)
    if (last && last.state !== 'REJECTED' && last.state !== 'CANCELLED') {
      throw fpayError(409, 'DUPLICATE_REFERENCE', 'externalReference: already has a payout', {
        existingPayoutId: last.payoutId,
      })
    }
    const behaviour = behaviourOf(accountNumber)
    if (behaviour.unknownAtSubmit) throw fpayError(404, 'ACCOUNT_NOT_FOUND', 'accountNumber: no such account')
    const held = treasury.get(money.currency)
    // A fault of this kind shows as either of the two ways in which the treasury runs dry.
    const dry = faults.strikes('insufficient-funds', externalReference)
    const dryAtSubmit = dry && drawn(`${externalReference} ${faults.injected()['insufficient-funds']}`) < 0.5
    if (dryAtSubmit || (held !== undefined && held < money.amount)) {
      throw fpayError(422, 'INSUFFICIENT_FUNDS', 'the treasury account holds too little')
    }
    return begin(request, {
      ending:
        behaviour.rejects ??
        (earlier.length === 0 ? behaviour.rejectsOnce : undefined) ??
        (dry ? INSUFFICIENT_FUNDS : 'paid'),
    })
  }

  function begin(request: PayoutRequest, { ending }: Pick<Payout, 'ending'>): Payout {
    const { externalReference, money } = request
    const earlier = references.get(externalReference) ?? []
    const held = treasury.get(money.currency)
    if (held !== undefined) treasury.set(money.currency, held - money.amount)
    const createdAt = now()
    const delayMs = options.settleDelayMs === 'by-hand' ? 0 : options.settleDelayMs
    const payout: Payout = {
      ...request,
      payoutId: `fpo_${String(payouts.size + 1).padStart(12, '0')}`,
      createdAt,
      estimatedSettlementAt: new Date(createdAt.getTime() + delayMs),
      state: 'PENDING',
      updatedAt: createdAt,
      paidAt: undefined,
      reason: undefined,
      ending,
      statusReads: 0,
    }
    payouts.set(payout.payoutId, payout)
    references.set(externalReference, [...earlier, payout])
    schedule(payout)
    return payout
  }

  function settle(payoutId: string): Payout {
    const payout = get(payoutId)
    finish(payout)
    return payout
  }

  function reverse(payoutId: string, reason: PayoutReason = RETURNED_BY_BANK): Payout {
    const payout = get(payoutId)
    if (payout.state !== 'PAID') throw new Error(`payout ${payoutId} is ${payout.state}, so nothing can come back`)
    credit(payout.money)
    books.markReturned(payoutId)
    move(payout, 'REVERSED', reason)
    return payout
  }

  function get(payoutId: string): Payout {
    const payout = payouts.get(payoutId)
    if (!payout) throw new Error(`no payout ${payoutId}`)
    return payout
  }

  return {
    books,
    make,
    read(payoutId) {
      const payout = payouts.get(payoutId)
      if (!payout) return undefined
      payout.statusReads += 1
      const { slow } = behaviourOf(payout.accountNumber)
      if (slow && payout.statusReads >= SLOW_READS && options.settleDelayMs !== 'by-hand') finish(payout)
      return payout
    },
    find: (payoutId) => payouts.get(payoutId),
    get,
    madeIn({ from, to, after, limit }) {
      const found: Payout[] = []
      let isAfter = after === undefined
      for (const payout of payouts.values()) {
        if (isAfter && payout.createdAt >= from && payout.createdAt < to) found.push(payout)
        if (payout.payoutId === after) isAfter = true
        if (found.length === limit) break
      }
      return found
    },
    makeAgain: (payoutId) => begin(get(payoutId), get(payoutId)),
    ofReference: (externalReference) => references.get(externalReference) ?? [],
    settle,
    settleAll() {
      for (const payout of payouts.values()) finish(payout)
    },
    reverse,
    cancel(payoutId) {
      const payout = get(payoutId)
      if (payout.state !== 'PENDING') throw new Error(`payout ${payoutId} is ${payout.state}: too late to cancel`)
      credit(payout.money)
      move(payout, 'CANCELLED')
      return payout
    },
    setTreasury: ({ amount, currency }) => void treasury.set(currency, amount),
    treasury: (currency) => treasury.get(currency),
    stop() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}

/** A payout as callers see it (facts: marketplace §4.1). */
export function payoutAsJson(payout: Payout): object {
  const { payoutId, externalReference, state, money, accountNumber, createdAt, estimatedSettlementAt } = payout
  return {
    payoutId,
    externalReference,
    status: state,
    amount: { value: formatMajor(money.amount, money.currency), currency: money.currency },
    accountNumber,
    country: payout.country,
    createdAt: createdAt.toISOString(),
    updatedAt: payout.updatedAt.toISOString(),
    estimatedSettlementAt: estimatedSettlementAt.toISOString(),
    paidAt: payout.paidAt?.toISOString() ?? null,
    reason: payout.reason ?? null,
    metadata: payout.metadata,
  }
}
