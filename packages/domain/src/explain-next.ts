import type { BookingPayoutStatus } from './booking-payout.ts'
import type { TransferStatus } from './payout-transfer.ts'
import { paysAgainAfterReturn, SETTLED_OUTSIDE } from './repayment.ts'
import type { BlockedReason, SellerBalanceStatus } from './seller-balance.ts'
import type { HeldReason } from './stripe-account.ts'

/** Who has to do something before anything more happens. */
export type Mover = 'nobody' | 'remesa' | 'finance' | 'on-call' | 'payee' | 'provider' | 'marketplace'

/** Whose move is next, and what it is: one or two sentences for people. */
export interface NextMove {
  readonly who: Mover
  readonly text: string
}

const move = (who: Mover, text: string): NextMove => ({ who, text })

/** What may hold up whatever is paid by itself. */
export interface Circumstances {
  /** Not tried again before this; null: at once. */
  readonly nextTryAt: Date | null
  /** Until then its rail rests, for it refuses our credentials. */
  readonly railPausedUntil: Date | null
  /** A person has stopped its rail. */
  readonly isRailStopped: boolean
  /** What else people decided about payments as a whole; null when that lets it go. */
  readonly controlWait: ControlWait | null
  readonly now: Date
}

/** Why a payment that is due does not go, though its rail runs. */
export type ControlWait =
  /** It would go beyond a cap. `endsAt`: when the window is over after which it fits; null: never by itself. */
  | { readonly why: 'cap_reached'; readonly endsAt: Date | null }
  /** Its run has sent out as much as it may without an approved plan. */
  | { readonly why: 'plan_required'; readonly plan: PlanOnItsWay | null }

/** The newest plan that pays it and has not been applied. */
export interface PlanOnItsWay {
  readonly id: string
  readonly state: 'planned' | 'approved'
}

/** Somebody has asked for what takes two. */
export const BEFORE_APPROVAL = move('finance', 'A second person has to approve, or refuse, what was asked for.')

const RAIL_RESTS = move(
  'on-call',
  'The rail refuses our credentials, and nothing goes through it. Once they are mended it is paid by itself.',
)
const RAIL_STOPPED = move(
  'finance',
  'A person has stopped the rail, and nothing new goes through it. Once two have restarted it, it is paid by itself.',
)

/** What keeps anything from going through the rail. */
function restOf({ isRailStopped, railPausedUntil, now }: Circumstances): NextMove | undefined {
  if (isRailStopped) return RAIL_STOPPED
  return railPausedUntil !== null && railPausedUntil > now ? RAIL_RESTS : undefined
}

/** What keeps something new from going: the rail, a cap, or the want of a plan. */
function waitOf(circumstances: Circumstances): NextMove | undefined {
  const { controlWait } = circumstances
  return restOf(circumstances) ?? (controlWait ? moveAfter(controlWait) : undefined)
}

function moveAfter(wait: ControlWait): NextMove {
  if (wait.why === 'plan_required') return move('finance', `${NO_PLAN} ${afterPlan(wait.plan)}`)
  return wait.endsAt
    ? move(
        'finance',
        `A cap is reached. It goes by itself once the cap’s window is over, at ${timeText(wait.endsAt)}, or as soon as two people raise the cap.`,
      )
    : move('finance', 'It would go beyond a cap, and waits until two people raise or remove the cap.')
}

const NO_PLAN = 'Its run has sent out as much as it may without an approved plan.'

function afterPlan(plan: PlanOnItsWay | null): string {
  if (!plan) return 'Plan the run, have a second person approve the plan, and apply it.'
  return plan.state === 'planned'
    ? `A second person has to approve plan ${plan.id}; then it is applied.`
    : `Plan ${plan.id} is approved, and has to be applied.`
}

/** To the second, in UTC. */
const timeText = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`

/** @param what - a sentence without its end */
const atItsTime = (what: string, { nextTryAt, now }: Circumstances): string =>
  nextTryAt && nextTryAt > now ? `${what} at ${timeText(nextTryAt)}.` : `${what} now.`

const whileCooling = (circumstances: Circumstances): NextMove =>
  move(
    'remesa',
    `${atItsTime('Where the payee’s money goes was changed lately. It is paid', circumstances)} Two people may release it before.`,
  )

const BLOCKED: Readonly<Record<Exclude<BlockedReason, 'destination_changed'>, NextMove>> = {
  bank_id_missing: move('marketplace', 'The seller has no account to be paid to. It is paid as soon as GSC sends one.'),
  rail_currency: move(
    'marketplace',
    'Payoneer pays dollars only. Have GSC correct the operation type of a seller that is local; settle any other by hand.',
  ),
  seller_closed: move('finance', 'The seller is closed and is owed money: decide how it is paid.'),
  document_currency: move('finance', 'Correct the currency of the document in NetSuite, then release the balance.'),
  documents_unreadable: move('finance', 'Correct the document in NetSuite, then release the balance.'),
  document_in_other_balance: move(
    'finance',
    'A document counts in another balance already: correct its date in NetSuite, then release the balance.',
  ),
}

/** @param balance.reportedToErp - NetSuite knows how its payment ended */
export function nextOfBalance(
  {
    status,
    blockedReason,
    reportedToErp,
    returnedBy = null,
  }: {
    readonly status: SellerBalanceStatus
    readonly blockedReason: BlockedReason | null
    readonly reportedToErp: boolean
    /** The rail to which its bank sent the payment back. */
    readonly returnedBy?: string | null
  },
  circumstances: Circumstances,
): NextMove {
  switch (status) {
    case 'initialized':
      return move('remesa', 'Its documents are read from NetSuite next.')
    case 'retrieved':
      return move('remesa', 'It is queued for payment.')
    case 'no_payment_due':
      return move('nobody', 'By NetSuite’s documents nothing is owed. What is negative stays with NetSuite.')
    case 'blocked':
      if (blockedReason === 'destination_changed') return whileCooling(circumstances)
      return blockedReason ? BLOCKED[blockedReason] : move('finance', 'It is blocked: find out why.')
    case 'payable':
      return waitOf(circumstances) ?? move('remesa', atItsTime('It is paid', circumstances))
    case 'paying':
      return (
        restOf(circumstances) ??
        move('remesa', 'The rail was asked and has not answered: it is asked again with the same key until it does.')
      )
    case 'payment_pending':
      return move('provider', 'The rail has accepted it, and its bank has yet to pay. It is looked at again by itself.')
    case 'awaiting_funds':
      return move('finance', atItsTime('The rail lacks funds: top it up. It is tried again', circumstances))
    case 'paid':
      return reportedToErp
        ? move('nobody', 'It is paid, and NetSuite knows.')
        : move('remesa', 'It is paid; NetSuite is told next.')
    case 'failed':
      return move('finance', 'The rail refused it for good: have the payee’s details mended, then retry it.')
    case 'returned':
      return returnedBy !== null && !paysAgainAfterReturn(returnedBy)
        ? move('finance', `It was paid and came back, so it is owed again, but ${SETTLED_OUTSIDE}.`)
        : move('finance', 'It was paid and came back, so it is owed again: retry it, which takes two people.')
  }
}

const HELD: Readonly<Record<Exclude<HeldReason, 'destination_changed'>, NextMove>> = {
  no_account: move('payee', 'The payee has no Stripe account yet. It goes as soon as there is one.'),
  account_unverified: move('provider', 'Stripe has not told of the payee’s account yet; it is asked by itself.'),
  transfers_inactive: move(
    'payee',
    'The payee’s Stripe account may not receive money. Stripe’s account page tells the payee what is missing.',
  ),
  payouts_disabled: move(
    'payee',
    'The payee’s Stripe account cannot pay out to its bank. Stripe’s account page tells the payee what is missing.',
  ),
  account_differs: move(
    'finance',
    'It names another Stripe account than the payee has: find out which is right, link it, and release the transfer.',
  ),
}

/** Stripe's code when our balance there is too low. */
const FUNDS = 'balance_insufficient'

/** @param transfer.isOfBooking - it pays a provider; else it pays a contest's winner */
export function nextOfTransfer(
  {
    status,
    heldReason,
    failureReason,
    isOfBooking,
  }: {
    readonly status: TransferStatus
    readonly heldReason: HeldReason | null
    readonly failureReason: string | null
    readonly isOfBooking: boolean
  },
  circumstances: Circumstances,
): NextMove {
  switch (status) {
    case 'awaiting_destination':
      if (heldReason === 'destination_changed') return whileCooling(circumstances)
      return heldReason ? HELD[heldReason] : move('finance', 'It waits for its destination: find out why.')
    case 'pending':
      return waitOf(circumstances) ?? move('remesa', 'It is sent to Stripe next.')
    case 'processing':
      return (
        restOf(circumstances) ??
        move('remesa', 'Stripe was asked and has not answered: it is asked again with the same key until it does.')
      )
    case 'retryable':
      return waitOf(circumstances) ?? nextTry(failureReason, circumstances)
    case 'completed':
      return move('nobody', 'Stripe has transferred it.')
    case 'failed_terminal':
      return isOfBooking
        ? move('finance', 'Stripe does not take it: mend the cause, then retry the payout, or cancel it.')
        : move(
            'finance',
            'Stripe does not take it, and it is never tried again by itself: mend the payee’s account, then retry it.',
          )
    case 'withdrawn':
      return move('nobody', 'It was taken back before it went; what is still owed has another transfer.')
  }
}

const nextTry = (failureReason: string | null, circumstances: Circumstances): NextMove =>
  failureReason === FUNDS
    ? move('finance', atItsTime('Our balance at Stripe is too low: top it up. It is tried again', circumstances))
    : move('remesa', atItsTime('Stripe refused it for a reason that passes. It is tried again', circumstances))

/** @param payout.transfer - whose move its transfer waits for, when it has one on its way */
export function nextOfPayout({
  status,
  heldBy,
  dueAt,
  isBeforeApproval,
  transfer,
  now,
}: {
  readonly status: BookingPayoutStatus
  readonly heldBy: 'disputes' | 'operator' | null
  readonly dueAt: Date
  /** What somebody asked for waits for a second person. */
  readonly isBeforeApproval: boolean
  readonly transfer: NextMove | null
  readonly now: Date
}): NextMove {
  if (isBeforeApproval) return BEFORE_APPROVAL
  switch (status) {
    case 'scheduled':
      return dueAt > now
        ? move('remesa', `It is paid at ${timeText(dueAt)}, unless a dispute is open then.`)
        : move('remesa', 'It is due, and released next.')
    case 'on_hold':
      return heldBy === 'operator'
        ? move('finance', 'An operator holds it: resume it, pay it now, or cancel it.')
        : move('marketplace', 'A dispute is open. It goes on once the marketplace has resolved it.')
    case 'processing':
      return transfer ?? move('remesa', 'Its transfer is on its way.')
    case 'transferred':
      return move('nobody', 'It is paid.')
    case 'failed':
      return move('finance', 'Stripe does not take it: mend the cause, then retry it, or cancel it.')
    case 'cancelled':
      return move('nobody', 'It was cancelled: nothing is paid.')
  }
}

/**
 * @param settlement.transfers - how many stand where; null while it has no job
 * @param settlement.cooling - how many of those that await their destination do so because it was changed lately
 */
export function nextOfSettlement({
  isRejected,
  isUntold,
  transfers,
  cooling,
}: {
  readonly isRejected: boolean
  readonly isUntold: boolean
  readonly transfers: Readonly<Partial<Record<TransferStatus, number>>> | null
  readonly cooling: number
}): NextMove {
  if (!transfers) {
    if (isRejected)
      return move('marketplace', 'It breaks a rule, and nobody is paid: have it corrected and sent again.')
    return isUntold
      ? move('finance', 'Nobody told us to pay it, and it is never paid by itself: have it told of if it is owed.')
      : move('remesa', 'Once it is told of it is checked, and its winners are paid.')
  }
  const { awaiting_destination: waiting = 0, failed_terminal: failed = 0 } = transfers
  const moving = (transfers.pending ?? 0) + (transfers.processing ?? 0) + (transfers.retryable ?? 0)
  if (moving > 0) return move('remesa', `${transfersOf(moving)} on the way.`)
  if (failed > 0)
    return move('finance', `${transfersOf(failed)} not taken by Stripe: mend the payee’s account, then retry.`)
  if (waiting > cooling) {
    return move('payee', `${transfersOf(waiting - cooling)} waiting for an account of the payee’s.`)
  }
  if (cooling > 0) {
    return move('remesa', `${transfersOf(cooling)} waiting for a while, since the payee’s account was changed lately.`)
  }
  return move('nobody', 'All of its winners are paid.')
}

/** Of somebody to whom nothing is owed. */
export const NOTHING_OPEN = move('nobody', 'Nothing is owed that is not paid.')

/** @param seller - to whom nothing is owed; `account`: whether it has one to be paid to; `erpId`: null before NetSuite knows it */
export function nextOfIdleSeller({
  account,
  status,
  erpId,
}: {
  readonly account: string | null
  readonly status: string
  readonly erpId: string | null
}): NextMove {
  if (status === 'active' && account === null) {
    return move('marketplace', 'Nothing is owed. The seller has no account to be paid to yet: GSC sends it.')
  }
  if (status === 'active' && erpId === null) {
    return move('remesa', 'Nothing is owed. The seller is made a vendor in NetSuite next.')
  }
  return NOTHING_OPEN
}

/** Of a booking that has no payout yet. */
export const nextOfUnpaidBooking = (isCompleted: boolean): NextMove =>
  isCompleted
    ? move('remesa', 'It is completed, and its payout is scheduled next.')
    : move('marketplace', 'It has not been completed, as far as the marketplace has told.')

const transfersOf = (count: number): string => (count === 1 ? '1 transfer is' : `${count} transfers are`)
