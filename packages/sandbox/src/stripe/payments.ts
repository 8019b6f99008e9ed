import type { Money } from '@remesa/domain/money'
import { stripeAmount } from './currencies.ts'
import type { Listed } from './lists.ts'
import { chargeAsJson, disputeAsJson, refundAsJson } from './payment-objects.ts'
import { type Charge, type Dispute, paymentIdOf, type Refund, type RefundStatus } from './payment-rows.ts'
import { createSortedList, type SortedList } from './sorted-list.ts'
import type { Webhooks } from './webhooks.ts'

export interface PaymentToLoad {
  /** `pi_…` for one with a PaymentIntent; anything else is the id of a charge without one. Default: a new `pi_…`. */
  readonly paymentId?: string | undefined
  /** Of a PaymentIntent's charge. Default: a new `ch_…`. */
  readonly chargeId?: string | undefined
  /** Default: now. */
  readonly created?: Date | undefined
  readonly money: Money
  /** Minor units that one refund has given back. Default: none. */
  readonly refunded?: bigint | undefined
  /** Default: when the payment was made. */
  readonly refundedAt?: Date | undefined
  readonly description?: string | null | undefined
  /** Default `succeeded`. */
  readonly status?: Charge['status'] | undefined
  /** False for a card that was only authorised. Default: whether it succeeded. */
  readonly captured?: boolean | undefined
}

export interface Payments {
  readonly charges: SortedList<Charge>
  readonly refunds: SortedList<Refund>
  readonly disputes: SortedList<Dispute>
  /** Counts changes: whoever derives something from the three knows when it is out of date. */
  version(): number
  /** The latest charge of a PaymentIntent, or a charge by its own id. */
  find(id: string): Charge | undefined
  /** Of a charge, or of all charges of its payment; oldest first. */
  refundsOf(charge: Charge, of?: 'its payment'): readonly Refund[]
  /** @returns its payment's id; tells of it, and of its refund, unless `quietly` */
  load(payment: PaymentToLoad, how?: 'quietly'): string
  /** @throws Error for one that is not there, or has nothing to capture */
  capture(paymentId: string): Charge
  /** @throws Error for one that is not there, or of which less is left */
  refund(paymentId: string, refund?: { amount?: bigint; status?: RefundStatus; created?: Date }): Refund
  /** A refund goes on: it succeeds late, or fails and the money is back. @throws Error for one that is not there */
  updateRefund(refundId: string, status: RefundStatus): Refund
  /** @throws Error for one that is not there */
  dispute(paymentId: string, created?: Date): Dispute
  /** @throws Error for one that is not there */
  updateDispute(disputeId: string, status: string): Dispute
  /** From now on nothing is told of these payments: their events are neither sent nor kept to be repeated. */
  loseWebhooks(paymentIds: readonly string[]): void
}

export interface PaymentsOptions {
  readonly newId: (prefix: 'pi' | 'ch' | 're' | 'dp') => string
  readonly now: () => Date
  readonly webhooks: Webhooks
}

/** What customers paid, and what became of it (facts: stripe §7). */
export function createPayments({ newId, now, webhooks }: PaymentsOptions): Payments {
  const charges = createSortedList<Charge>()
  const refunds = createSortedList<Refund>()
  const disputes = createSortedList<Dispute>()
  const latest = new Map<string, Charge>()
  /** By payment. */
  const refundsOf = new Map<string, Refund[]>()
  const lost = new Set<string>()
  let places = 0
  let version = 0

  const nextPlace = (): number => {
    version += 1
    places += 1
    return places
  }
  const seconds = (at: Date | undefined): number => Math.floor((at ?? now()).getTime() / 1_000)

  function tell(type: string, charge: Charge, asJson: () => Listed): void {
    const subject = paymentIdOf(charge)
    // A million payments that nobody hears of are not written out for it.
    if (lost.has(subject) || !webhooks.wants(type)) return
    webhooks.emit({ type, object: asJson(), subject })
  }
  const tellOfCharge = (type: string, charge: Charge): void => tell(type, charge, () => chargeAsJson(charge))

  function find(id: string): Charge | undefined {
    return latest.get(id) ?? charges.find(id)
  }

  function get(id: string): Charge {
    const charge = find(id)
    if (!charge) throw new Error(`no payment ${id}`)
    return charge
  }

  function load(payment: PaymentToLoad, how?: 'quietly'): string {
    const { paymentId = newId('pi'), money, status = 'succeeded', refunded = 0n } = payment
    const paymentIntent = paymentId.startsWith('pi_') ? paymentId : null
    const id = paymentIntent === null ? paymentId : (payment.chargeId ?? newId('ch'))
    if (charges.find(id)) throw new Error(`there is a charge ${id} already`)
    const captured = payment.captured ?? status === 'succeeded'
    const amount = Number(stripeAmount(money))
    const charge: Charge = {
      id,
      created: seconds(payment.created),
      place: nextPlace(),
      paymentIntent,
      currency: money.currency.toLowerCase(),
      amount,
      amountCaptured: captured ? amount : 0,
      amountRefunded: 0,
      status,
      captured,
      disputed: false,
      description: payment.description ?? null,
    }
    charges.add(charge)
    const before = paymentIntent === null ? undefined : latest.get(paymentIntent)
    if (paymentIntent !== null && (before === undefined || before.created <= charge.created)) {
      latest.set(paymentIntent, charge)
    }
    if (how !== 'quietly') tellOfCharge(`charge.${status}`, charge)
    if (refunded > 0n) {
      const created = payment.refundedAt ?? payment.created
      giveBack(charge, { amount: refunded, ...(created && { created }), money }, how)
    }
    return paymentId
  }

  function giveBack(
    charge: Charge,
    asked: { amount?: bigint; status?: RefundStatus; created?: Date; money?: Money },
    how?: 'quietly',
  ): Refund {
    const { status = 'succeeded' } = asked
    const left = charge.amountCaptured - charge.amountRefunded
    const currency = charge.currency.toUpperCase() as Money['currency']
    const amount = asked.amount === undefined ? left : Number(stripeAmount({ amount: asked.amount, currency }))
    if (amount > left) throw new Error(`of ${charge.id} only ${left} is left, not ${amount}`)
    const created = seconds(asked.created)
    const refund: Refund = { id: newId('re'), created, place: nextPlace(), charge, amount, status }
    refunds.add(refund)
    const others = refundsOf.get(paymentIdOf(charge))
    if (others) others.push(refund)
    else refundsOf.set(paymentIdOf(charge), [refund])
    if (isCounted(status)) charge.amountRefunded += amount
    if (how !== 'quietly') {
      tell('refund.created', charge, () => refundAsJson(refund))
      if (isCounted(status)) tellOfCharge('charge.refunded', charge)
    }
    return refund
  }

  return {
    charges,
    refunds,
    disputes,
    version: () => version,
    find,
    refundsOf(charge, of) {
      const ofPayment = refundsOf.get(paymentIdOf(charge)) ?? []
      return of === 'its payment' ? ofPayment : ofPayment.filter((refund) => refund.charge === charge)
    },
    load,
    capture(paymentId) {
      const charge = get(paymentId)
      if (charge.captured || charge.status !== 'succeeded')
        throw new Error(`nothing of ${paymentId} waits to be captured`)
      charge.captured = true
      charge.amountCaptured = charge.amount
      version += 1
      tellOfCharge('charge.captured', charge)
      return charge
    },
    refund: (paymentId, asked = {}) => giveBack(get(paymentId), asked),
    updateRefund(refundId, status) {
      const refund = refunds.find(refundId)
      if (!refund) throw new Error(`no refund ${refundId}`)
      const { charge, amount } = refund
      if (isCounted(refund.status) !== isCounted(status)) charge.amountRefunded += isCounted(status) ? amount : -amount
      refund.status = status
      version += 1
      tell('refund.updated', charge, () => refundAsJson(refund))
      if (status === 'failed') tell('refund.failed', charge, () => refundAsJson(refund))
      return refund
    },
    dispute(paymentId, created) {
      const charge = get(paymentId)
      const dispute: Dispute = {
        id: newId('dp'),
        created: seconds(created),
        place: nextPlace(),
        charge,
        amount: charge.amountCaptured,
        status: 'needs_response',
      }
      disputes.add(dispute)
      charge.disputed = true
      tell('charge.dispute.created', charge, () => disputeAsJson(dispute))
      return dispute
    },
    updateDispute(disputeId, status) {
      const dispute = disputes.find(disputeId)
      if (!dispute) throw new Error(`no dispute ${disputeId}`)
      dispute.status = status
      version += 1
      const type = CLOSED.has(status) ? 'charge.dispute.closed' : 'charge.dispute.updated'
      tell(type, dispute.charge, () => disputeAsJson(dispute))
      return dispute
    },
    loseWebhooks(paymentIds) {
      for (const id of paymentIds) lost.add(id)
    },
  }
}

/** Whether a refund in this state stands in its charge. */
const isCounted = (status: RefundStatus): boolean => status !== 'failed' && status !== 'canceled'

const CLOSED: ReadonlySet<string> = new Set(['won', 'lost', 'warning_closed', 'prevented'])
