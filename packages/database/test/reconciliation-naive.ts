import type { FindingCategory } from '@remesa/domain/reconciliation'
import { type Books, DAY, isIn } from './reconciliation-worlds.ts'

/** What two maps find, one payment after the other: slow, and plain enough to be believed. */
export interface Naive {
  readonly findings: readonly { category: FindingCategory; paymentId: string; refundId: string | null }[]
  /** Of each currency, Stripe's total and the database's, refunds of the day taken off. */
  readonly totals: Map<string, { stripe: bigint; database: bigint; over: bigint; under: bigint }>
}

export function compareNaively({ charges, refunds, recorded, recordedRefunds }: Books): Naive {
  const findings: { category: FindingCategory; paymentId: string; refundId: string | null }[] = []
  const totals: Naive['totals'] = new Map()
  const total = (currency: string) => {
    const sums = totals.get(currency) ?? { stripe: 0n, database: 0n, over: 0n, under: 0n }
    totals.set(currency, sums)
    return sums
  }
  const differ = (currency: string, difference: bigint) => {
    if (difference > 0n) total(currency).over += difference
    else total(currency).under -= difference
  }

  const stripe = new Map<
    string,
    { currency: string; amount: bigint; refunded: bigint; created: Date; charges: number }
  >()
  const chargeIds = new Map(charges.map(({ paymentId, chargeId }) => [paymentId, chargeId]))
  for (const charge of charges) {
    const known = stripe.get(charge.paymentId)
    stripe.set(charge.paymentId, {
      currency: charge.currency,
      amount: charge.amount + (known?.amount ?? 0n),
      refunded: charge.refunded + (known?.refunded ?? 0n),
      created: charge.created,
      charges: 1 + (known?.charges ?? 0),
    })
  }
  // What stands under the id of its charge is taken for its payment, whose own row there is none of.
  const rows = new Map(recorded.map((row) => [row.paymentId, row]))
  const paymentOf = new Map(charges.map(({ chargeId, paymentId }) => [chargeId, paymentId]))
  const ownId = (paymentId: string) => {
    const own = paymentOf.get(paymentId)
    return own === undefined || rows.has(own) ? paymentId : own
  }
  const database = new Map(recorded.map((row) => [ownId(row.paymentId), row]))
  const sum = (some: readonly { amount: bigint }[]) => some.reduce((all, { amount }) => all + amount, 0n)
  const ofPayment = (some: Books['refunds'], paymentId: string) =>
    some.filter((one) => ownId(one.paymentId) === paymentId)

  /** Given back on the day: Stripe has ended it. */
  const isGiven = (refund: Books['refunds'][number]) => isIn(DAY, refund) && refund.isPending !== true

  // One refund after the other: those that we know by name stand for themselves, and only for themselves.
  const recordedOfTheDay = (paymentId: string, { s, d }: { s: { refunded: bigint }; d: { refunded: bigint } }) => {
    const ours = ofPayment(recordedRefunds, paymentId)
    const theirs = ofPayment(refunds, paymentId)
    let nameless = d.refunded - sum(ours)
    let namelessOutside = s.refunded
    let recorded = 0n
    for (const refund of theirs.filter(isGiven)) {
      namelessOutside -= refund.amount
      const known = ours.find(({ refundId }) => refundId === refund.refundId)
      const explained = known ? 0n : smaller(nameless, refund.amount)
      nameless -= explained
      recorded += known?.amount ?? explained
    }
    for (const refund of ours) {
      const theirsOfIt = theirs.find(({ refundId }) => refundId === refund.refundId)
      if (theirsOfIt && isGiven(theirsOfIt)) continue
      if (!theirsOfIt && isIn(DAY, refund)) recorded += refund.amount
      else namelessOutside -= refund.amount
    }
    const excess = nameless - (namelessOutside > 0n ? namelessOutside : 0n)
    return recorded + (excess > 0n ? excess : 0n)
  }

  for (const paymentId of new Set([...stripe.keys(), ...database.keys()])) {
    const s = stripe.get(paymentId)
    const d = database.get(paymentId)
    const found = (category: FindingCategory) =>
      findings.push({ category, paymentId: d?.paymentId ?? paymentId, refundId: null })
    const given = sum(ofPayment(refunds, paymentId).filter(isGiven))
    const recordedLate = sum(ofPayment(recordedRefunds, paymentId).filter(({ created }) => created >= DAY.to))
    if (s && isIn(DAY, s)) {
      total(s.currency).stripe += s.amount - given
      if (!d) {
        found('missing_in_database')
        differ(s.currency, s.amount - given)
        continue
      }
      if (!isIn(DAY, d) && d.chargeId !== chargeIds.get(paymentId)) {
        found('duplicate')
        differ(s.currency, s.amount - given)
        continue
      }
      const refunded = s.refunded === d.refunded ? given : recordedOfTheDay(paymentId, { s, d })
      total(d.currency).database += d.amount - refunded
      if (s.currency !== d.currency) {
        found('currency_mismatch')
        differ(s.currency, s.amount - given)
        differ(d.currency, refunded - d.amount)
        continue
      }
      differ(s.currency, s.amount - d.amount)
      differ(s.currency, refunded - given)
      if (s.charges > 1 || d.paymentId !== paymentId) found('duplicate')
      else if (s.amount !== d.amount) found('amount_mismatch')
      else if (refunded !== given) found('refund_mismatch')
      else if (s.refunded !== d.refunded || !isIn(DAY, d)) found('timing')
    } else if (d && isIn(DAY, d)) {
      if (s) {
        found('timing')
        continue
      }
      const again = charges.some(
        (charge) => charge.chargeId === d.chargeId && isIn(DAY, charge) && database.has(charge.paymentId),
      )
      found(again ? 'duplicate' : 'missing_in_stripe')
      total(d.currency).database += d.amount - (d.refunded - recordedLate)
      differ(d.currency, -(d.amount - (d.refunded - recordedLate)))
    }
  }

  const early = (refund: { paymentId: string }) => {
    const s = stripe.get(ownId(refund.paymentId))
    return s !== undefined && !isIn(DAY, s)
  }
  for (const refundId of new Set([...refunds, ...recordedRefunds].map((refund) => refund.refundId))) {
    const s = refunds.find((refund) => refund.refundId === refundId && isGiven(refund) && early(refund))
    const d = recordedRefunds.find((refund) => refund.refundId === refundId && early(refund))
    const paymentId = (s ?? d)?.paymentId ?? ''
    const found = (category: FindingCategory) => findings.push({ category, paymentId, refundId })
    if (s) {
      total(s.currency).stripe -= s.amount
      const unnamed = (database.get(paymentId)?.refunded ?? 0n) - sum(ofPayment(recordedRefunds, paymentId))
      const recordedAmount = d?.amount ?? (unnamed >= s.amount ? s.amount : 0n)
      total(s.currency).database -= recordedAmount
      differ(s.currency, recordedAmount - s.amount)
      if (recordedAmount !== s.amount) found('refund_mismatch')
      else if (d && !isIn(DAY, d)) found('timing')
    } else if (d && isIn(DAY, d)) {
      if (refunds.some((refund) => refund.refundId === refundId)) {
        found('timing')
        continue
      }
      total(d.currency).database -= d.amount
      differ(d.currency, d.amount)
      found('refund_mismatch')
    }
  }
  return { findings, totals }
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
