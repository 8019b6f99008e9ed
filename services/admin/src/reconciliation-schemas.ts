import { RECONCILED_BOOKS } from '@remesa/domain/rail-reconciliation'
import { SYNCED_AT_ONCE, SYNCED_CATEGORIES } from '@remesa/domain/reconciliation-result'
import { z } from 'zod'
import { plainText } from './text.ts'

// What requests about reconciliations, and their answers, look like. Amounts of findings are whole minor units.

const minorUnits = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ description: 'whole minor units of the currency', example: '125000' })
const time = z.iso.datetime()
const uuid = z.uuid()

export const BOOKS = ['billing', ...RECONCILED_BOOKS] as const
const books = z.enum(BOOKS).meta({ description: 'whose books were held against ours' })

export const reconciliation = z.object({
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
export const reconciliationReport = reconciliation.extend({
  result: z.record(z.string(), z.unknown()).nullable().meta({ description: 'figures and recommendations' }),
  options: z
    .object({ includeRefunds: z.boolean(), tolerancePercentage: z.number() })
    .nullable()
    .meta({ description: 'what was asked of a comparison of billing' }),
  newer: reconciliation
    .pick({ id: true, status: true, startedAt: true })
    .nullable()
    .meta({ description: 'the newest comparison of the same books and window, where this is none' }),
})

const side = z.object({
  reference: z.string().nullable(),
  state: z.string().nullable(),
  currency: z.string().nullable(),
  amount: minorUnits.nullable().meta({ description: 'null where it could not be read' }),
  takenBack: minorUnits.meta({ description: 'of the amount: refunded, or reversed' }),
  at: time,
})
const difference = z.object({ amount: minorUnits, currency: z.string() })

export const finding = z.object({
  id: z.string().meta({ example: 'rail-17' }),
  reportId: uuid,
  category: z.string(),
  urgent: z.boolean().meta({ description: 'somebody must act before the next pay-day' }),
  about: z.string().nullable().meta({ description: 'a payment’s id at Stripe, or ours of what was paid out' }),
  theirs: side.nullable(),
  ours: side.nullable(),
  over: difference.nullable().meta({ description: 'what the other side has more' }),
  under: difference.nullable().meta({ description: 'what we have more' }),
  status: z.enum(['open', 'assigned', 'resolved']),
  assignee: z.string().nullable(),
  note: z.string().nullable(),
  decidedAt: time.nullable(),
})
export type FindingAnswer = z.output<typeof finding>

export const reconciliationPage = z.object({ reconciliations: z.array(reconciliation), next: uuid.nullable() })
export const trendAnswer = z.object({ trend: z.array(reconciliation) })
export const findingPage = z.object({ findings: z.array(finding), next: z.string().nullable() })
export const findingAnswer = z.object({ finding })
export const requestedAnswer = z.object({ requested: uuid.meta({ description: 'the report it is done for' }) })
export const startedAnswer = z.object({
  requested: z.object({ books, from: z.iso.date(), to: z.iso.date() }),
})

const limit = z.coerce.number().int().min(1).max(200).default(50)
export const reconciliationQuery = z.strictObject({ books: books.optional(), cursor: uuid.optional(), limit })
export const trendQuery = z.strictObject({ books: books.default('billing'), limit })
export const findingQuery = z.strictObject({
  category: z
    .string()
    .regex(/^[a-z_]{1,40}$/)
    .optional(),
  status: z.enum(['open', 'assigned', 'resolved']).optional(),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  limit,
})

export const byFindingId = z.object({ id: z.string().max(60) })
const reason = plainText({ longest: 1_000 }).meta({ description: 'the note; it becomes part of the audit log' })
/** Which findings of a billing report are mended by a copy of their payments. */
export const withWhatToSync = z.strictObject({
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

export const withAssignee = z.strictObject({
  reason,
  assignee: plainText({ longest: 200 }).optional().meta({ description: 'who is to settle it; you, where left out' }),
})
