import { APPROVABLE_ACTIONS } from '@remesa/database/approvals'
import { BOOKING_PAYOUT_STATUSES } from '@remesa/domain/booking-payout'
import { z } from 'zod'
import { approvalStatus, auditEntry, facts, minorUnits, money, posting, time } from './routes/shapes.ts'
import { plainText } from './text.ts'

// What requests and answers look like. Amounts are whole minor units as decimal strings, times ISO 8601 in UTC.

const id = z.uuid()
const payoutStatus = z.enum(BOOKING_PAYOUT_STATUSES).meta({ id: 'PayoutStatus' })

export const payout = z
  .object({
    id,
    bookingId: z.string(),
    sequence: z
      .int()
      .meta({ description: '1 is the booking’s own; what became due after that had gone has further ones' }),
    providerId: z.string(),
    status: payoutStatus,
    amount: minorUnits,
    setOff: minorUnits.meta({ description: 'of the amount: kept back against what the provider owes' }),
    corrected: minorUnits.meta({ description: 'of the amount: taken back after it was transferred' }),
    currency: z.string(),
    dueAt: time,
    holdReason: z.string().nullable(),
    heldBy: z.enum(['disputes', 'operator']).nullable(),
    overriddenDisputes: z.array(z.string()),
    cancelledBy: z.enum(['rules', 'operator']).nullable(),
    failureReason: z.string().nullable(),
    releasedAt: time.nullable(),
    transferredAt: time.nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Payout' })

export const approval = z
  .object({
    id,
    payoutId: id,
    action: z.enum(APPROVABLE_ACTIONS),
    reason: z.string(),
    seen: z
      .object({
        status: payoutStatus,
        amount: minorUnits,
        currency: z.string(),
        openDisputes: z.array(z.string()),
        sums: z.array(money).meta({ description: 'what it is about: of a cancel all that is open of the booking' }),
      })
      .meta({ description: 'the payout as it was asked for; any change of it voids the approval' }),
    requestedBy: z.string(),
    requestedAt: time,
    status: approvalStatus,
    decidedBy: z.string().nullable(),
    decisionReason: z.string().nullable(),
    decidedAt: time.nullable(),
  })
  .meta({ id: 'Approval' })

export const payoutStory = z
  .object({
    payout,
    booking: z.object({
      bookingId: z.string(),
      stripeAccountId: z.string().nullable(),
      currency: z.string().nullable(),
      providerShare: minorUnits.nullable(),
      completedAt: time.nullable(),
    }),
    tips: z.array(
      z.object({
        tipId: z.string(),
        amount: minorUnits,
        currency: z.string(),
        status: z.enum(['paid', 'failed', 'refunded']),
        addedAt: time,
        statusAt: time,
      }),
    ),
    disputes: z.array(
      z.object({
        disputeId: z.string(),
        openedAt: time,
        resolvedAt: time.nullable(),
        refundAmount: minorUnits.nullable(),
        currency: z.string().nullable(),
      }),
    ),
    transfers: z.array(
      z.object({
        id,
        amount: minorUnits,
        currency: z.string(),
        status: z.string(),
        destination: z.string().nullable(),
        heldReason: z.string().nullable(),
        withdrawRequested: z.boolean(),
        attempts: z.int(),
        nextTryAt: time.nullable(),
        failureReason: z.string().nullable(),
        providerReference: z.string().nullable(),
        createdAt: time,
        completedAt: time.nullable(),
      }),
    ),
    reversals: z.array(
      z.object({
        id,
        transferId: id.nullable(),
        amount: minorUnits,
        currency: z.string(),
        status: z.string(),
        attempts: z.int(),
        nextTryAt: time.nullable(),
        failureReason: z.string().nullable(),
        providerReference: z.string().nullable(),
        createdAt: time,
      }),
    ),
    attempts: z.array(
      z.object({
        id,
        payable: z.object({ type: z.string(), id }),
        rail: z.string(),
        generation: z.int(),
        idempotencyKey: z.string(),
        amount: minorUnits,
        currency: z.string(),
        state: z.string(),
        calls: z.int(),
        providerReference: z.string().nullable(),
        lastFacts: facts.nullable(),
        refusalReason: z.string().nullable(),
        createdAt: time,
        acceptedAt: time.nullable(),
        settledAt: time.nullable(),
        updatedAt: time,
      }),
    ),
    ledger: z.array(
      z.object({
        idempotencyKey: z.string(),
        kind: z.string(),
        occurredAt: time,
        postings: z.array(posting),
      }),
    ),
    audit: z.array(auditEntry),
    approvals: z.array(approval),
  })
  .meta({ id: 'PayoutDetail' })

/** What an action brought: the payout as it stands now, and the approval that it waits for, or had. */
export const actionAnswer = z.object({ payout, approval: approval.nullable() }).meta({ id: 'PayoutAnswer' })
export type ActionAnswer = z.output<typeof actionAnswer>

const next = z.uuid().nullable().meta({ description: 'the cursor of the next page; null on the last one' })
export const payoutPage = z.object({ payouts: z.array(payout), next }).meta({ id: 'PayoutPage' })
export const approvalPage = z.object({ approvals: z.array(approval), next }).meta({ id: 'ApprovalPage' })

const page = {
  cursor: z.uuid().optional().meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
}
const name = plainText({ longest: 200 })
export const payoutQuery = z.strictObject({
  status: payoutStatus.optional(),
  providerId: name.optional(),
  bookingId: name.optional(),
  ...page,
})
export const approvalQuery = z.strictObject({
  status: approvalStatus.optional(),
  payoutId: id.optional(),
  ...page,
})

export const byId = z.object({ id })
const reason = plainText({ longest: 1_000 }).meta({ description: 'why; it becomes part of the audit log' })
export const withReason = z.strictObject({ reason }).meta({ id: 'Reason' })
export const withRequestKey = z.object({
  'idempotency-key': z
    .string('is missing: name the request, so that sending it twice does it once')
    .regex(/^[\x21-\x7e]{1,200}$/, 'must have 1 to 200 visible ASCII characters')
    .meta({
      description: 'names the request: the same key with the same request gets the same answer, and is done once',
    }),
})
