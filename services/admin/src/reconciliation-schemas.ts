import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { SYNCED_AT_ONCE, SYNCED_CATEGORIES } from '@remesa/domain/reconciliation-result'
import { z } from 'zod'
import { facts, minorUnits, money, time } from './routes/shapes.ts'
import { plainText } from './text.ts'

// What requests about reconciliations, and their answers, look like. Amounts of findings are whole minor units.

const uuid = z.uuid()

export const BOOKS = ['billing', ...RECONCILED_BOOKS] as const
const books = z.enum(BOOKS).meta({ id: 'Books', description: 'whose books were held against ours' })

export const reconciliation = z
  .object({
    id: uuid,
    books,
    from: time,
    to: time.meta({ description: 'the first moment that does not count any more' }),
    status: z.enum(['running', 'success', 'discrepancy_found', 'error']),
    severity: z.enum(['none', 'warning', 'critical']).nullable(),
    startedAt: time,
    finishedAt: time.nullable(),
    durationMs: z.number().nullable(),
    error: z.string().nullable(),
    moneyAtRisk: z.array(z.object({ currency: z.string(), amount: z.string().meta({ description: 'major units' }) })),
  })
  .meta({ id: 'Reconciliation' })
export const reconciliationReport = reconciliation
  .extend({
    result: facts.nullable().meta({ description: 'figures and recommendations' }),
    options: z
      .object({ includeRefunds: z.boolean(), tolerancePercentage: z.number() })
      .nullable()
      .meta({ description: 'what was asked of a comparison of billing' }),
    newer: reconciliation
      .pick({ id: true, status: true, startedAt: true })
      .nullable()
      .meta({ description: 'the newest comparison of the same books and window, where this is none' }),
  })
  .meta({ id: 'ReconciliationDetail' })

const side = z
  .object({
    reference: z.string().nullable(),
    state: z.string().nullable(),
    currency: z.string().nullable(),
    amount: minorUnits.nullable().meta({ description: 'null where it could not be read' }),
    takenBack: minorUnits.meta({ description: 'of the amount: refunded, or reversed' }),
    at: time,
  })
  .meta({ id: 'FindingSide' })
const findingStatus = z.enum(['open', 'assigned', 'resolved']).meta({ id: 'FindingStatus' })

export const finding = z
  .object({
    id: z.string().meta({ examples: ['rail-17'] }),
    reportId: uuid,
    category: z.string(),
    urgent: z.boolean().meta({ description: 'somebody must act before the next pay-day' }),
    about: z.string().nullable().meta({ description: 'a payment’s id at Stripe, or ours of what was paid out' }),
    theirs: side.nullable(),
    ours: side.nullable(),
    over: money.nullable().meta({ description: 'what the other side has more' }),
    under: money.nullable().meta({ description: 'what we have more' }),
    status: findingStatus,
    assignee: z.string().nullable(),
    note: z.string().nullable(),
    decidedAt: time.nullable(),
  })
  .meta({ id: 'Finding' })
export type FindingAnswer = z.output<typeof finding>

export const reconciliationPage = z
  .object({ reconciliations: z.array(reconciliation), next: uuid.nullable() })
  .meta({ id: 'ReconciliationPage' })
export const trendAnswer = z.object({ trend: z.array(reconciliation) }).meta({ id: 'ReconciliationTrend' })
export const findingPage = z
  .object({ findings: z.array(finding), next: z.string().nullable() })
  .meta({ id: 'FindingPage' })
export const findingAnswer = z.object({ finding }).meta({ id: 'FindingAnswer' })
export const requestedAnswer = z
  .object({ requested: uuid.meta({ description: 'the report it is done for' }) })
  .meta({ id: 'ReconciliationRequestAnswer' })
export const startedAnswer = z
  .object({
    requested: z.object({ books, from: z.iso.date(), to: z.iso.date() }),
  })
  .meta({ id: 'ReconciliationStartAnswer' })

const limit = z.coerce.number().int().min(1).max(200).default(50)
export const reconciliationQuery = z.strictObject({ books: books.optional(), cursor: uuid.optional(), limit })
export const trendQuery = z.strictObject({ books: books.default('billing'), limit })
export const findingQuery = z.strictObject({
  category: z
    .string()
    .regex(/^[a-z_]{1,40}$/)
    .optional(),
  status: findingStatus.optional(),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  limit,
})

export const byFindingId = z.object({ id: z.string().max(60) })
const reason = plainText({ longest: 1_000 }).meta({ description: 'the note; it becomes part of the audit log' })
/** Which findings of a billing report are mended by a copy of their payments. */
export const withWhatToSync = z
  .strictObject({
    reason,
    categories: z
      .array(z.enum(SYNCED_CATEGORIES))
      .min(1)
      .optional()
      .meta({ description: 'default: missing_in_database; with `paymentIds`, any' }),
    paymentIds: z
      .array(z.string().regex(/^[\x21-\x7e]{1,255}$/))
      .min(1)
      .max(SYNCED_AT_ONCE)
      .optional()
      .meta({ description: 'only these payments of the report, by their ids or those of their refunds' }),
  })
  .meta({ id: 'PaymentSync' })

/** UTC days, half-open. */
export const reconciliationWish = z
  .strictObject({
    books,
    from: z.iso.date().meta({ description: 'the first UTC day' }),
    to: z.iso.date().meta({ description: 'the day after the last one' }),
    reason,
    tolerancePercentage: z.number().min(0).max(100).optional().meta({ description: 'of billing' }),
    includeRefunds: z.boolean().optional().meta({ description: 'of billing' }),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], error: 'must be after `from`' })
  .refine(
    ({ books, tolerancePercentage, includeRefunds }) =>
      books === 'billing' || (tolerancePercentage === undefined && includeRefunds === undefined),
    { path: ['books'], error: 'must be billing for a tolerance, or to leave refunds out' },
  )
  .meta({ id: 'ReconciliationWish' })

export const withAssignee = z
  .strictObject({
    reason,
    assignee: plainText({ longest: 200 }).optional().meta({ description: 'who is to settle it; you, where left out' }),
  })
  .meta({ id: 'FindingAssignment' })
