import { amountIn, type BookingDraft, BUSY_PROVIDERS, ordinaryProvider } from './booking-draft.ts'

// What can be special about a booking, each once among the first forty.

type BookingCase = (draft: BookingDraft) => void

/** In hours: of the domain's rules, which they are made up to touch. */
const TIP_WINDOW = 24
const DELAY = 48
const SECOND = 1 / 3_600

export const BOOKING_CASES: readonly BookingCase[] = [
  isTippedInTime,
  isTippedTooLate,
  hasATipThatFailed,
  hasATipThatWasRefunded,
  isDisputed,
  isDisputedForNothing,
  isRefundedInPart,
  isRefundedInFull,
  isDisputedTwice,
  isDisputedAgain,
  isNotDueYet,
  isNotDueYetAndDisputed,
  hasNoAccountYet,
  isShortOfFundsOnce,
  goesToAClosedAccount,
  goesToAnAccountThatCannotReceive,
  isOfAWinner,
  isRefundedMoreThanItIsWorth,
  hasTipsOfEveryKind,
  isAnotherOfAProviderInAnotherCurrency,
]

const tip = ({ random, currency }: BookingDraft): bigint => amountIn(currency, random.whole(100, 9_000))

function isTippedInTime(draft: BookingDraft): void {
  draft.tips.push({ amount: tip(draft), afterHours: TIP_WINDOW, status: 'paid' }) // to its last moment
  draft.tips.push({ amount: tip(draft), afterHours: draft.random.whole(0, 23), status: 'paid' })
}

function isTippedTooLate(draft: BookingDraft): void {
  draft.tips.push({ amount: tip(draft), afterHours: TIP_WINDOW + SECOND, status: 'paid' })
}

function hasATipThatFailed(draft: BookingDraft): void {
  draft.tips.push({ amount: tip(draft), afterHours: 2, status: 'failed' })
}

function hasATipThatWasRefunded(draft: BookingDraft): void {
  draft.tips.push({ amount: tip(draft), afterHours: 3, status: 'refunded' })
}

function isDisputed(draft: BookingDraft): void {
  draft.disputes.push({ openedAfter: draft.random.whole(1, 47) })
}

function isDisputedForNothing(draft: BookingDraft): void {
  draft.disputes.push({ openedAfter: 5, resolved: { after: 11, refund: 0n } })
}

function isRefundedInPart(draft: BookingDraft): void {
  draft.disputes.push({ openedAfter: 20, resolved: { after: 44, refund: partOf(draft.share) } })
}

function isRefundedInFull(draft: BookingDraft): void {
  const amount = tip(draft)
  draft.tips.push({ amount, afterHours: 1, status: 'paid' })
  draft.disputes.push({ openedAfter: 6, resolved: { after: 30, refund: draft.share + amount } })
}

function isDisputedTwice(draft: BookingDraft): void {
  draft.disputes.push({ openedAfter: 4, resolved: { after: 9, refund: partOf(draft.share) } })
  draft.disputes.push({ openedAfter: 10, resolved: { after: 40, refund: partOf(draft.share) } })
}

function isDisputedAgain(draft: BookingDraft): void {
  draft.disputes.push({ openedAfter: 4, resolved: { after: 9, refund: partOf(draft.share) } })
  draft.disputes.push({ openedAfter: 12 })
}

function isNotDueYet(draft: BookingDraft): void {
  draft.completedHoursAgo = draft.random.whole(1, DELAY - 2)
  draft.tips.push({ amount: tip(draft), afterHours: 0.5, status: 'paid' })
}

function isNotDueYetAndDisputed(draft: BookingDraft): void {
  draft.completedHoursAgo = draft.random.whole(24, DELAY - 2)
  draft.disputes.push({ openedAfter: 1, resolved: { after: 8, refund: partOf(draft.share) } })
  draft.disputes.push({ openedAfter: 12 })
}

function hasNoAccountYet(draft: BookingDraft): void {
  draft.provider = { ...draft.provider, account: null }
}

function isShortOfFundsOnce(draft: BookingDraft): void {
  draft.provider = { ...draft.provider, account: `acct_nofunds_pr${draft.number}` }
}

const REFUSED = ['closed', 'notallowed', 'forbidden', 'newcode'] as const
const UNABLE = ['nocap', 'pending', 'restricted', 'missing'] as const

function goesToAClosedAccount(draft: BookingDraft): void {
  draft.provider = { ...draft.provider, account: `acct_${draft.random.pick(REFUSED)}_pr${draft.number}` }
}

function goesToAnAccountThatCannotReceive(draft: BookingDraft): void {
  draft.provider = { ...draft.provider, account: `acct_${draft.random.pick(UNABLE)}_pr${draft.number}` }
}

function isOfAWinner(draft: BookingDraft): void {
  const [first] = draft.winners
  draft.provider = draft.winners[draft.random.whole(0, draft.winners.length - 1)] ?? first ?? draft.provider
}

function isRefundedMoreThanItIsWorth(draft: BookingDraft): void {
  draft.disputes.push({ openedAfter: 7, resolved: { after: 21, refund: draft.share * 2n } })
}

function hasTipsOfEveryKind(draft: BookingDraft): void {
  for (const status of ['paid', 'failed', 'refunded'] as const) {
    draft.tips.push({ amount: tip(draft), afterHours: 1, status })
    draft.tips.push({ amount: tip(draft), afterHours: TIP_WINDOW + 2, status })
  }
  draft.disputes.push({ openedAfter: 30, resolved: { after: 36, refund: partOf(draft.share) } })
}

function isAnotherOfAProviderInAnotherCurrency(draft: BookingDraft): void {
  draft.provider = ordinaryProvider(draft.random.whole(1, BUSY_PROVIDERS))
  draft.currency = 'KWD'
  draft.share = amountIn(draft.currency, draft.random.whole(1_500, 40_000))
}

/** A third or so, in whole tens as Stripe wants dinars. */
const partOf = (share: bigint): bigint => (share / 30n) * 10n
