import { formatMajor } from '@remesa/domain/money'
import { type BankBooks, createBankBooks } from '../kit/books.ts'
import type { Faults } from '../kit/faults.ts'
import type { PaymentRequest } from './mass-payout.ts'
import { behaviourOf, CANCELLED_BY_CLIENT, type CancelReason, INSUFFICIENT_FUNDS } from './test-payees.ts'

export type PaymentState = 'Pending' | 'Pending Payee' | 'Transferred' | 'Cancelled'

/** One payment as Payoneer keeps it. */
export interface Payment extends PaymentRequest {
  readonly payoutId: string
  readonly createdAt: Date
  /** When callers begin to see it, milliseconds since the epoch. */
  visibleAtMs: number
  state: PaymentState
  transferredAt: Date | undefined
  cancelledAt: Date | undefined
  cancelReason: CancelReason | undefined
  /** Decided when it is made: why it will be cancelled, unless it is paid. */
  ending: CancelReason | 'paid'
  statusReads: number
}

export interface PaymentsOptions {
  readonly now: () => Date
  readonly faults: Faults
  /** From created to transferred or cancelled, milliseconds; `by-hand` waits for `settle`. */
  readonly settleDelayMs: number | 'by-hand'
  readonly slowDelayMs: number
  readonly created: (payment: Payment) => void
  readonly ended: (payment: Payment) => void
}

export interface Payments {
  readonly books: BankBooks
  isTaken(clientReferenceId: string): boolean
  /** Creates a validated batch. */
  create(requests: readonly PaymentRequest[]): void
  /** A status read by a caller; undefined while it is not visible. */
  read(clientReferenceId: string): Payment | undefined
  find(clientReferenceId: string): Payment | undefined
  ofPayee(payeeId: string): readonly Payment[]
  /** Cancels it if it is still pending when it would be settled. @returns false when it has ended */
  requestCancel(payment: Payment): boolean
  /** To its end now; a payment that waits for its payee stays. */
  settle(payment: Payment): void
  settleAll(): void
  /** The payee finished registering: what waited for that goes on. */
  approvePayee(payeeId: string): void
  isApproved(payeeId: string): boolean
  readonly program: Program
  stop(): void
}

/** What can be changed while the program pays. */
export interface Program {
  /** Minor units of its currency; undefined is enough for everything, the default. */
  balance: bigint | undefined
  /** How long a new payment is unknown to the status call, milliseconds. Default 0. */
  visibleAfterMs: number
}

/** Reads after which a slow payment is looked at again. */
const SLOW_READS = 4

/** One program's payments, from created to transferred or cancelled, its balance, and the books. */
export function createPayments(options: PaymentsOptions): Payments {
  const { now, faults } = options
  const books = createBankBooks()
  const payments = new Map<string, Payment>()
  const payees = new Map<string, Payment[]>()
  const approved = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()
  const program: Program = { balance: undefined, visibleAfterMs: 0 }

  const isApproved = (payeeId: string) => !behaviourOf(payeeId).unregistered || approved.has(payeeId)

  function settle(payment: Payment): void {
    if (payment.state === 'Pending Payee' && payment.ending !== CANCELLED_BY_CLIENT) return
    if (payment.state === 'Transferred' || payment.state === 'Cancelled') return
    const { amount } = payment.money
    // A low balance shows when the payment is due, not when it is submitted.
    const { balance } = program
    const isShort = payment.ending === 'paid' && balance !== undefined && balance < amount
    const ending = isShort ? INSUFFICIENT_FUNDS : payment.ending
    if (ending === 'paid') {
      if (balance !== undefined) program.balance = balance - amount
      payment.state = 'Transferred'
      payment.transferredAt = now()
      const { payeeId: account, payoutId: paymentId, clientReferenceId: reference, money } = payment
      books.record({ account, paymentId, reference, money, paidAt: payment.transferredAt })
    } else {
      payment.state = 'Cancelled'
      payment.cancelReason = ending
      payment.cancelledAt = now()
    }
    options.ended(payment)
  }

  function schedule(payment: Payment): void {
    if (options.settleDelayMs === 'by-hand') return
    const { slow } = behaviourOf(payment.payeeId)
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        settle(payment)
      },
      slow ? options.slowDelayMs : options.settleDelayMs,
    )
    timers.add(timer)
  }

  function endingOf({ payeeId, money }: PaymentRequest): CancelReason | 'paid' {
    const { cancels, cancelsOnce } = behaviourOf(payeeId)
    if (cancels) return cancels
    const isFirst = !payees.get(payeeId)?.some((earlier) => earlier.money.amount === money.amount)
    if (cancelsOnce && isFirst) return cancelsOnce
    return faults.strikes('insufficient-funds', payeeId) ? INSUFFICIENT_FUNDS : 'paid'
  }

  function createOne(request: PaymentRequest): void {
    const createdAt = now()
    const payment: Payment = {
      ...request,
      payoutId: String(5_000_000 + payments.size),
      createdAt,
      visibleAtMs: createdAt.getTime() + program.visibleAfterMs,
      state: isApproved(request.payeeId) ? 'Pending' : 'Pending Payee',
      transferredAt: undefined,
      cancelledAt: undefined,
      cancelReason: undefined,
      ending: endingOf(request),
      statusReads: 0,
    }
    payments.set(request.clientReferenceId, payment)
    const ofPayee = payees.get(request.payeeId)
    if (ofPayee) ofPayee.push(payment)
    else payees.set(request.payeeId, [payment])
    options.created(payment)
    schedule(payment)
  }

  return {
    books,
    program,
    isTaken: (clientReferenceId) => payments.has(clientReferenceId),
    create: (requests) => requests.forEach(createOne),
    read(clientReferenceId) {
      const payment = payments.get(clientReferenceId)
      if (!payment || payment.visibleAtMs > now().getTime()) return undefined
      payment.statusReads += 1
      const { slow } = behaviourOf(payment.payeeId)
      if (slow && payment.statusReads >= SLOW_READS && options.settleDelayMs !== 'by-hand') settle(payment)
      return payment
    },
    find: (clientReferenceId) => payments.get(clientReferenceId),
    ofPayee: (payeeId) => payees.get(payeeId) ?? [],
    requestCancel(payment) {
      if (payment.state !== 'Pending' && payment.state !== 'Pending Payee') return false
      payment.ending = CANCELLED_BY_CLIENT
      schedule(payment) // cancelling takes its time too
      return true
    },
    settle,
    settleAll: () => payments.forEach(settle),
    approvePayee(payeeId) {
      approved.add(payeeId)
      for (const payment of payees.get(payeeId) ?? []) {
        if (payment.state !== 'Pending Payee') continue
        payment.state = 'Pending'
        schedule(payment)
      }
    },
    isApproved,
    stop() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}

/** A payment as the status call shows it (facts: marketplace §5): amounts are JSON numbers in major units. */
export function paymentAsJson(payment: Payment): object {
  const { money, state, payeeId, payoutId, createdAt, transferredAt, cancelReason } = payment
  return {
    payout_date: createdAt.toISOString(),
    amount: JSON.rawJSON(formatMajor(money.amount, money.currency)),
    currency: money.currency,
    status: state,
    payee_id: payeeId,
    payout_id: payoutId,
    ...(transferredAt && { load_date: transferredAt.toISOString() }),
    ...(cancelReason && {
      cancel_reason_code: cancelReason.code,
      cancel_reason_description: cancelReason.description,
    }),
  }
}
