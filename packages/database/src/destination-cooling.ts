import { sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { type ControlApproval, type ControlKind, listControlApprovals } from './control-approvals.ts'
import { type NewAlert, resolveAlerts } from './finance-alerts.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'
import { type Asking, askSecondPerson, isSameWish } from './second-person.ts'

// What was held because where a payee's money goes was changed lately: what people see of it, and how two of them end it
// before its time. The claims hold it (docs/decisions/0027); the database notes each change by itself.

/** Who is paid: a seller of the pay-days, by our id, or a user of contests and bookings. */
export interface CoolingPayee {
  readonly type: 'seller' | 'user'
  readonly id: string
}

/** Why a payment waits. */
export type CoolingWhy = 'destination_changed'

/** People hear once of each change, however many payments wait for it. */
export const coolingAlert = (
  payee: CoolingPayee,
  { changedAt, until }: { readonly changedAt: Date; readonly until: Date },
): NewAlert => ({
  kind: 'destination_changed',
  dedupKey: alertKey(payee, changedAt),
  subject: payee,
  businessDate: null,
  details: { changedAt: changedAt.toISOString(), until: until.toISOString() },
})

const alertKey = ({ type, id }: CoolingPayee, changedAt: Date): string =>
  `destination_changed:${type}:${id}:${changedAt.toISOString()}`

/** A payee for whom something waits. */
export interface CoolingState {
  readonly payee: CoolingPayee
  /** Null for a user, of whom we know no name. */
  readonly name: string | null
  readonly changedAt: Date
  /** When the last of what waits goes on by itself. */
  readonly until: Date
  /** How many balances or transfers wait. */
  readonly payments: number
  /** The release that waits for a second person. */
  readonly release: ControlApproval | null
}

/** Those for whom something waits, soonest first. */
export async function listCooling(connection: Database): Promise<readonly CoolingState[]> {
  const { rows } = await sql<{
    type: CoolingPayee['type']
    id: string
    name: string | null
    changed_at: Date
    until: Date
    payments: number
  }>`
    select 'seller' as type, s.id::text as id, s.legal_name as name, s.destination_changed_at as changed_at,
      max(b.next_try_at) as until, count(*)::int as payments
    from seller_balances b join sellers s on s.id = b.seller_id
    where b.blocked_reason = 'destination_changed' group by s.id
    union all
    select 'user', a.user_id, null, a.destination_changed_at, max(t.next_try_at), count(*)::int
    from payout_transfers t join user_stripe_accounts a on a.user_id = t.user_id
    where t.held_reason = 'destination_changed' group by a.user_id
    order by until, type, id`.execute(connection)
  if (rows.length === 0) return []
  const open = await Promise.all(
    Object.values(KINDS).map((kind) => listControlApprovals(connection, { status: 'open', kind, limit: OPEN_LIMIT })),
  )
  const releaseOf = new Map(open.flat().map((approval) => [`${approval.kind} ${approval.subjectId}`, approval]))
  return rows.map(({ type, id, name, changed_at, until, payments }) => ({
    payee: { type, id },
    name,
    changedAt: changed_at,
    until,
    payments,
    release: releaseOf.get(`${KINDS[type]} ${id}`) ?? null,
  }))
}

const OPEN_LIMIT = 1_000

const KINDS = {
  seller: 'seller_cooling_release',
  user: 'user_cooling_release',
} as const satisfies Readonly<Record<CoolingPayee['type'], ControlKind>>

const payeeOf = ({ kind, subjectId }: ControlApproval): CoolingPayee => ({
  type: kind === KINDS.seller ? 'seller' : 'user',
  id: subjectId,
})

/** What is agreed to: that the newest change is let pass, which is this one. */
const wishOf = (changedAt: Date) => ({ changedAt: changedAt.toISOString() })

/**
 * Asks for a second person, so that a payee is paid before the cooling time is over. What was asked for of an earlier change
 * is void.
 * @returns undefined when the payee's account was not changed, or that was let pass already
 */
export async function askForRelease(
  tx: Transaction<Schema>,
  payee: CoolingPayee,
  asked: Asked,
): Promise<Asking | undefined> {
  const changedAt = await lockChange(tx, payee)
  return changedAt && askSecondPerson(tx, { kind: KINDS[payee.type], subject: payee, wish: wishOf(changedAt) }, asked)
}

/** Locks the payee, before the approval. @returns whether the newest change is still the one that was asked about */
export async function isReleaseStillAsked(tx: Transaction<Schema>, approval: ControlApproval): Promise<boolean> {
  const changedAt = await lockChange(tx, payeeOf(approval))
  return changedAt !== undefined && isSameWish(approval.wish, wishOf(changedAt))
}

/**
 * Lets a change pass, as an approval says that has just been given. The deed is whose wish it was.
 * @returns what waited, to be put on its way: balances of a seller, transfers of a user
 * @throws from the database without a second person's approval of this very change
 */
export async function releaseCooling(tx: Transaction<Schema>, approval: ControlApproval): Promise<readonly string[]> {
  const payee = payeeOf(approval)
  const changedAt = await lockChange(tx, payee)
  if (!changedAt) throw new Error(`the account of ${payee.type} ${payee.id} was not changed`)
  const { rows } = await (payee.type === 'seller'
    ? sql<{ id: string }>`
        with passed as (update sellers set destination_release_id = ${approval.id} where id = ${payee.id})
        select id from seller_balances where seller_id = ${payee.id} and blocked_reason = 'destination_changed'
        order by id`
    : sql<{ id: string }>`
        with passed as (update user_stripe_accounts set destination_release_id = ${approval.id} where user_id = ${payee.id})
        select id from payout_transfers where user_id = ${payee.id} and held_reason = 'destination_changed'
        order by id`
  ).execute(tx)
  await recordAudit(tx, [
    {
      actor: approval.requestedBy,
      action: 'destination.released',
      subject: payee,
      reason: approval.reason,
      after: { ...wishOf(changedAt), approvalId: approval.id },
    },
  ])
  await resolveAlerts(tx, { dedupKeys: [alertKey(payee, changedAt)], note: 'Two people released it.' })
  return rows.map(({ id }) => id)
}

/** @returns when the account was changed last; undefined when it was not, or that was let pass */
async function lockChange(tx: Transaction<Schema>, { type, id }: CoolingPayee): Promise<Date | undefined> {
  const { rows } = await (type === 'seller'
    ? sql<{ changed_at: Date | null }>`
        select destination_changed_at as changed_at from sellers
        where id = ${id}::uuid and destination_release_id is null for update`
    : sql<{ changed_at: Date | null }>`
        select destination_changed_at as changed_at from user_stripe_accounts
        where user_id = ${id} and destination_release_id is null for update`
  ).execute(tx)
  return rows[0]?.changed_at ?? undefined
}
