import { amountIn } from './booking-draft.ts'
import { DAY_SECONDS, type PaymentDraft, type Side } from './payment-draft.ts'

// What can be wrong with a payment, or look as if it were, each once among the first forty.

type PaymentCase = (draft: PaymentDraft) => void

export const PAYMENT_CASES: readonly PaymentCase[] = [
  lostItsWebhook,
  isOfTheGap,
  isOfTheGap,
  isOfTheGap,
  isUnknownToStripe,
  wasEnteredByHand,
  hasAnotherAmount,
  isRecordedInMinorUnits,
  lacksItsRefund,
  hasARefundTooMuch,
  isInAnotherCurrency,
  wasChargedTwice,
  isRecordedTwice,
  isRecordedADayLate,
  isRecordedADayEarly,
  belongsToTheNextDay,
  belongsToTheDayBefore,
  isOfTheFirstSecond,
  isOfTheNextDay,
  hasNoIntent,
]

function changeBoth(draft: PaymentDraft, changes: Partial<Side>): void {
  draft.charged = draft.charged.map((side) => ({ ...side, ...changes }))
  draft.recorded = draft.charged
}

const record = (draft: PaymentDraft, change: (side: Side) => Partial<Side>): void => {
  draft.recorded = draft.charged.map((side) => ({ ...side, ...change(side) }))
}

function lostItsWebhook(draft: PaymentDraft): void {
  draft.recorded = []
}

function isOfTheGap(draft: PaymentDraft): void {
  const { from, to } = draft.gap
  changeBoth(draft, { second: draft.random.whole(from, to - 1) })
  draft.recorded = []
}

/** In another account, say, or in test mode. */
function isUnknownToStripe(draft: PaymentDraft): void {
  draft.charged = []
}

function wasEnteredByHand(draft: PaymentDraft): void {
  changeBoth(draft, { paymentId: `MANUAL-${draft.name}`, refunded: 0n, description: 'Paid by bank transfer' })
  draft.charged = []
}

function hasAnotherAmount(draft: PaymentDraft): void {
  changeBoth(draft, { refunded: 0n })
  record(draft, ({ amount, currency }) => ({ amount: amount + amountIn(currency, draft.random.whole(1, 900)) }))
}

function isRecordedInMinorUnits(draft: PaymentDraft): void {
  changeBoth(draft, { currency: 'USD', amount: amountIn('USD', draft.random.whole(500, 2_000)), refunded: 0n })
  record(draft, ({ amount }) => ({ amount: amount * 100n }))
}

function lacksItsRefund(draft: PaymentDraft): void {
  changeBoth(draft, { refunded: partOf(draft) })
  record(draft, () => ({ refunded: 0n }))
}

function hasARefundTooMuch(draft: PaymentDraft): void {
  changeBoth(draft, { refunded: partOf(draft) })
  record(draft, ({ refunded }) => ({ refunded: refunded * 2n }))
}

function isInAnotherCurrency(draft: PaymentDraft): void {
  changeBoth(draft, { currency: 'EUR', amount: amountIn('EUR', draft.random.whole(1_500, 9_000)), refunded: 0n })
  record(draft, () => ({ currency: 'USD' }))
}

function wasChargedTwice(draft: PaymentDraft): void {
  changeBoth(draft, { refunded: 0n })
  draft.charged = draft.charged.flatMap((side) => [side, { ...side, second: Math.min(side.second + 4, LAST_SECOND) }])
}

/** Its charge has a row of its own. */
function isRecordedTwice(draft: PaymentDraft): void {
  draft.recorded = draft.charged.flatMap((side) => [
    side,
    { ...side, paymentId: side.paymentId.replace(/^pi_/, 'ch_') },
  ])
}

const LAST_SECOND = DAY_SECONDS - 1

function isRecordedADayLate(draft: PaymentDraft): void {
  changeBoth(draft, { second: LAST_SECOND })
  record(draft, () => ({ second: DAY_SECONDS + 1 }))
}

function isRecordedADayEarly(draft: PaymentDraft): void {
  changeBoth(draft, { second: 0 })
  record(draft, () => ({ second: -2 }))
}

function belongsToTheNextDay(draft: PaymentDraft): void {
  changeBoth(draft, { second: DAY_SECONDS })
  record(draft, () => ({ second: LAST_SECOND }))
}

function belongsToTheDayBefore(draft: PaymentDraft): void {
  changeBoth(draft, { second: -1 })
  record(draft, () => ({ second: 1 }))
}

function isOfTheFirstSecond(draft: PaymentDraft): void {
  changeBoth(draft, { second: 0 })
}

function isOfTheNextDay(draft: PaymentDraft): void {
  changeBoth(draft, { second: DAY_SECONDS })
}

function hasNoIntent(draft: PaymentDraft): void {
  changeBoth(draft, { paymentId: `ch_${draft.name}` })
}

/** A third or so, in whole tens as Stripe wants dinars. */
const partOf = ({ charged }: PaymentDraft): bigint => ((charged[0]?.amount ?? 0n) / 30n) * 10n
