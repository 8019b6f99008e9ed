import { APPROVAL_STATUSES } from '@remesa/database/approvals'
import type { AttemptView } from '@remesa/database/payable-story'
import { z } from 'zod'
import { maskedFacts } from '../masks.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'

// What the answers of the reading routes are made of. Amounts are whole minor units as decimal strings, times ISO 8601 in UTC.

export const minorUnits = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ id: 'MinorUnits', description: 'whole minor units of the currency', examples: ['125000'] })
export const money = z.object({ amount: minorUnits, currency: z.string() }).meta({ id: 'Money' })
export const time = z.iso.datetime()
export const count = z.int().nonnegative()
export const facts = z.record(z.string(), z.unknown())
/** What something is about, by our word for it and its id. */
export const subject = z.object({ type: z.string(), id: z.string() }).meta({ id: 'Subject' })
/** One signed line of a ledger entry: credits positive, debits negative. */
export const posting = z
  .object({ account: z.string(), currency: z.string(), amount: minorUnits })
  .meta({ id: 'Posting' })

/** A decision or a change of state, as it is kept for good. */
export const auditEntry = z
  .object({
    id: z.string(),
    occurredAt: time,
    actor: z.string(),
    action: z.string(),
    subject,
    reason: z.string().nullable(),
    before: facts.nullable(),
    after: facts.nullable(),
  })
  .meta({ id: 'AuditEntry' })

export const approvalStatus = z.enum(APPROVAL_STATUSES).meta({ id: 'ApprovalStatus' })

/** An id that is no uuid, or not always one. */
export const byName = z.object({ id: plainText({ longest: 200 }) })

/** An intent to move money, with what was sent and what came back, masked. */
export const attempt = z
  .object({
    id: z.uuid(),
    rail: z.string(),
    generation: count,
    idempotencyKey: z.string(),
    money,
    state: z.string(),
    calls: count,
    providerReference: z.string().nullable(),
    refusalReason: z.string().nullable(),
    request: facts,
    response: facts,
    createdAt: time,
    acceptedAt: time.nullable().meta({ description: 'when the rail took it' }),
    settledAt: time.nullable().meta({ description: 'when it ended, by the rail’s clock where that names a time' }),
    updatedAt: time,
  })
  .meta({ id: 'Attempt' })

export const attemptJson = ({ payable, instruction, lastFacts, amount, currency, ...told }: AttemptView) => ({
  ...toWire(told),
  money: toWire({ amount, currency }),
  request: maskedFacts(instruction),
  response: maskedFacts(lastFacts),
})

/** A page of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'the cursor of the next page; null on the last one' }),
  })

const limit = z.coerce.number().int().min(1).max(200).default(50)
/** What every list may be asked, where rows have a uuid. */
export const pageQuery = {
  cursor: z.uuid().optional().meta({ description: '`next` of the page before' }),
  limit,
}
/** The same where rows are counted. */
export const countedPageQuery = {
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'must be `next` of the page before')
    .optional()
    .meta({ description: '`next` of the page before' }),
  limit,
}

/**
 * A page of rows of which one more was asked for than it shows, which tells whether there is a next page.
 * @param cursorOf - what names a row
 */
export function cutPage<Row, Item>(
  rows: readonly Row[],
  { limit, cursorOf, itemOf }: { limit: number; cursorOf: (row: Row) => string; itemOf: (row: Row) => Item },
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(itemOf), next: rows.length > limit && last !== undefined ? cursorOf(last) : null }
}

/** Leaves out what was not asked for, since what is absent and what is undefined are two things to the compiler. */
export const given = <Wanted extends object>(wanted: Wanted) =>
  Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Wanted]?: Exclude<Wanted[Name], undefined>
  }
