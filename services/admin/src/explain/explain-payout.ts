import type { Database } from '@remesa/database/connection'
import { controlWaitOf } from '@remesa/database/control-waits'
import {
  type BookingSummary,
  findBooking,
  findSettlementSummary,
  isRepaymentAsked,
} from '@remesa/database/explanation-reads'
import { findPayoutStory, type PayoutStory } from '@remesa/database/payout-story'
import { findTransferStory, type TransferStory } from '@remesa/database/transfer-reads'
import { BOOKING_RULES } from '@remesa/domain/booking-payout'
import {
  linesAsSettled,
  linesOfBooking,
  linesOfBookingTransfer,
  linesOfPayout,
  linesOfPrize,
  linesOfSettlement,
  netOf,
} from '@remesa/domain/explain-amount'
import {
  BEFORE_APPROVAL,
  type NextMove,
  nextOfPayout,
  nextOfSettlement,
  nextOfTransfer,
  nextOfUnpaidBooking,
} from '@remesa/domain/explain-next'
import {
  linkToPayout,
  linkToPayoutOf,
  linkToTransfer,
  titleOfBooking,
  titleOfContest,
  titleOfPayout,
  titleOfTransfer,
} from '@remesa/domain/explain-titles'
import { BREAKS_A_RULE, SETTLED_BY_MARKETPLACE } from '@remesa/domain/story-titles'
import type { Clock } from '../act-on-payout.ts'
import { type Explanation, storyOf } from './explanation.ts'

export async function explainTransfer(
  database: Database,
  id: string,
  { now }: Clock,
): Promise<Explanation | undefined> {
  const story = await findTransferStory(database, id)
  if (!story) return undefined
  const { transfer } = story
  const payout = transfer.payoutId === null ? undefined : await findPayoutStory(database, transfer.payoutId)
  const kept = payout?.payout.setOff ?? 0n
  return {
    subject: { type: 'transfer', id, title: titleOfTransfer(transfer), status: transfer.status, money: transfer.money },
    amount:
      transfer.payoutId === null
        ? linesOfPrize(`${transfer.contestId}`, transfer.money)
        : linesOfBookingTransfer(transfer.bookingId, transfer.money, kept),
    story: storyOf(story),
    next: await nextOf(database, story, now),
    links: [
      ...(transfer.settlementId === null
        ? []
        : [{ type: 'settlement' as const, id: transfer.settlementId, label: titleOfContest(`${transfer.contestId}`) }]),
      ...(transfer.payoutId === null || transfer.bookingId === null
        ? []
        : [
            { type: 'payout' as const, id: transfer.payoutId, label: linkToPayoutOf(transfer.bookingId) },
            { type: 'booking' as const, id: transfer.bookingId, label: titleOfBooking(transfer.bookingId) },
          ]),
    ],
  }
}

export async function explainPayout(database: Database, id: string, clock: Clock): Promise<Explanation | undefined> {
  const story = await findPayoutStory(database, id)
  const booking = story && (await findBooking(database, story.payout.bookingId))
  if (!booking) return undefined
  const { payout } = story
  return {
    subject: {
      type: 'payout',
      id,
      title: titleOfPayout(payout),
      status: payout.status,
      money: netOf(payout),
    },
    amount: linesOfPayout(payout, booking.facts, booking.payouts, BOOKING_RULES),
    story: storyOf(story),
    next: await nextOfOne(database, story, clock),
    links: [
      { type: 'booking', id: payout.bookingId, label: titleOfBooking(payout.bookingId) },
      ...story.transfers.map(({ id: transferId, status }) => ({
        type: 'transfer' as const,
        id: transferId,
        label: linkToTransfer(status),
      })),
    ],
  }
}

export async function explainBooking(database: Database, id: string, clock: Clock): Promise<Explanation | undefined> {
  const booking = await findBooking(database, id)
  if (!booking) return undefined
  const lines = linesOfBooking(booking.facts, BOOKING_RULES)
  const [first] = lines
  const isOfOneCurrency = lines.every(({ money }) => money.currency === first?.money.currency)
  const stories = await Promise.all(booking.payouts.map(({ payoutId }) => findPayoutStory(database, payoutId)))
  const told = stories.filter((story) => story !== undefined)
  return {
    subject: {
      type: 'booking',
      id,
      title: titleOfBooking(id),
      status: booking.facts.completion ? 'completed' : 'open',
      money:
        first && isOfOneCurrency
          ? { amount: lines.reduce((sum, { money }) => sum + money.amount, 0n), currency: first.money.currency }
          : null,
    },
    amount: lines,
    story: mergedStories(told),
    next: await nextOfBooking(database, booking, told, clock),
    links: booking.payouts.map(({ payoutId, sequence, status }) => ({
      type: 'payout',
      id: payoutId,
      label: linkToPayout({ sequence, status }),
    })),
  }
}

export async function explainSettlement(database: Database, id: string): Promise<Explanation | undefined> {
  const found = await findSettlementSummary(database, id)
  if (!found) return undefined
  const { transfers, total, job, rejectedRule, isUntold, status, contestId, audit } = found
  return {
    subject: { type: 'settlement', id, title: titleOfContest(contestId), status, money: total },
    amount: job ? linesOfSettlement(transfers, total) : linesAsSettled(total),
    story: [
      { at: found.createdAt.toISOString(), text: SETTLED_BY_MARKETPLACE },
      ...(rejectedRule ? [{ at: found.createdAt.toISOString(), text: `${BREAKS_A_RULE} (${rejectedRule})` }] : []),
      ...storyOf({ attempts: [], ledger: [], audit }),
    ],
    next: nextOfSettlement({
      isRejected: rejectedRule !== null,
      isUntold,
      transfers: job ? Object.fromEntries(transfers.map((part) => [part.status, part.count])) : null,
      cooling: found.cooling,
    }),
    links: [],
  }
}

/** Each payout's story tells what happened to the booking, too: that once. */
function mergedStories(stories: readonly PayoutStory[]): Explanation['story'] {
  const told = new Map(
    stories.flatMap((story) => storyOf(story)).map((moment) => [`${moment.at} ${moment.text}`, moment]),
  )
  return [...told.values()].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
}

async function nextOf(
  database: Database,
  { transfer, railPausedUntil, isRailStopped }: TransferStory,
  now: Date,
): Promise<NextMove> {
  if (await isRepaymentAsked(database, { kind: 'transfer_repayment', id: transfer.id })) return BEFORE_APPROVAL
  return nextOfTransfer(
    {
      status: transfer.status,
      heldReason: transfer.heldReason,
      failureReason: transfer.failureReason,
      isOfBooking: transfer.payoutId !== null,
    },
    {
      ...{ nextTryAt: transfer.nextTryAt, railPausedUntil, isRailStopped, now },
      controlWait: await controlWaitOf(database, { type: 'payout_transfer', id: transfer.id }, now),
    },
  )
}

async function nextOfOne(
  database: Database,
  { payout, transfers, approvals }: PayoutStory,
  clock: Clock,
): Promise<NextMove> {
  const current = payout.status === 'processing' ? transfers.at(-1) : undefined
  const transfer = current && (await findTransferStory(database, current.id))
  return nextOfPayout({
    status: payout.status,
    heldBy: payout.heldBy,
    dueAt: payout.dueAt,
    isBeforeApproval: approvals.some(({ status }) => status === 'open'),
    transfer: transfer ? await nextOf(database, transfer, clock.now) : null,
    now: clock.rulesNow,
  })
}

const ENDED: ReadonlySet<string> = new Set(['transferred', 'cancelled'])

/** The first of its payouts that has not ended decides whose move is next. */
async function nextOfBooking(
  database: Database,
  { facts }: BookingSummary,
  stories: readonly PayoutStory[],
  clock: Clock,
): Promise<NextMove> {
  const open = stories.find(({ payout }) => !ENDED.has(payout.status)) ?? stories.at(-1)
  if (open) return nextOfOne(database, open, clock)
  return nextOfUnpaidBooking(facts.completion !== null)
}
