import type { DestinationPolicy, StripeAccount, StripeAccountFacts } from '@remesa/domain/stripe-account'
import { type Selectable, sql, type Transaction } from 'kysely'
import { type AuditRow, recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { NewAlert } from './finance-alerts.ts'
import { releaseHeld } from './held-transfers.ts'
import type { Schema } from './schema.ts'

/** What Stripe says of an account, at a moment. */
export interface StripeAccountNews {
  /** Whose it is; null where only the account is named, as in Stripe's events. */
  readonly userId: string | null
  readonly stripeAccountId: string
  readonly facts: StripeAccountFacts
  /** When Stripe said so, by its clock: an event's `created`, whole seconds, or before the account was read. */
  readonly asOf: Date
  /** It was read from Stripe: of what was said in the same second, this is true. */
  readonly wasRead?: true
}

/** What became of the news. */
export interface UpsertedAccounts {
  /** Transfers that waited for these accounts and are pending again: the caller puts them on their way. */
  readonly released: readonly string[]
  readonly alerts: readonly NewAlert[]
  /** Accounts that nobody has, as far as we know. */
  readonly unknown: readonly string[]
  /** Accounts that were said to be a user's and are another's, or of one who has another by now: nothing changed. */
  readonly ofAnother: readonly string[]
  /** Accounts of which two events of the same second say different things: only reading them tells. Nothing changed. */
  readonly ambiguous: readonly string[]
}

/**
 * Keeps accounts true to what Stripe says, whatever order its events come in: older news than what is known changes
 * nothing. News never changes which account a user has: an operator may have linked another while the old one was read.
 * @returns what follows, for the caller to put on its way in the same transaction
 */
export async function upsertStripeAccounts(
  tx: Transaction<Schema>,
  news: readonly StripeAccountNews[],
  { now, policy }: { now: Date; policy: DestinationPolicy },
): Promise<UpsertedAccounts> {
  if (news.length === 0) return { released: [], alerts: [], unknown: [], ofAnother: [], ambiguous: [] }
  const known = await lockKnown(tx, news)
  const ownerOf = new Map([...known.values()].map(({ userId, stripeAccountId }) => [stripeAccountId, userId]))
  const unknown = new Set<string>()
  const ofAnother = new Set<string>()
  const ambiguous = new Set<string>()
  const newest = new Map<string, OwnedNews>()
  for (const one of news) {
    const owner = ownerOf.get(one.stripeAccountId)
    const userId = one.userId ?? owner
    if (userId === undefined) unknown.add(one.stripeAccountId)
    else if ((owner ?? userId) !== userId || (known.has(userId) && owner === undefined)) {
      ofAnother.add(one.stripeAccountId)
    } else if ([known.get(userId), newest.get(userId)].some((other) => contradictsAtOnce(other, one))) {
      ambiguous.add(one.stripeAccountId)
    } else newest.set(userId, newerOf(newest.get(userId), { ...one, userId }))
  }
  const accounts = await write(tx, [...newest.values()], now)
  await recordAudit(
    tx,
    accounts.flatMap((account) => changeOf(known.get(account.userId), account)),
  )
  const { released, alerts } = await releaseHeld(tx, accounts, { now, policy, actor: ACTOR })
  return { released, alerts, unknown: [...unknown], ofAnother: [...ofAnother], ambiguous: [...ambiguous] }
}

type OwnedNews = StripeAccountNews & { readonly userId: string }

const newerOf = (a: OwnedNews | undefined, b: OwnedNews): OwnedNews => (a && a.asOf > b.asOf ? a : b)

/** Events carry whole seconds and overtake each other, so of two that differ within one nobody knows which came last. */
const contradictsAtOnce = (
  before: { facts: StripeAccountFacts | null; asOf: Date | null } | undefined,
  { facts, asOf, wasRead }: StripeAccountNews,
): boolean =>
  !wasRead &&
  before?.asOf?.getTime() === asOf.getTime() &&
  before.facts !== null &&
  FACTS.some((fact) => before.facts?.[fact] !== facts[fact])

const FACTS = ['transfersActive', 'payoutsEnabled', 'detailsSubmitted', 'disabledReason'] as const

/** Whose account it is, by the marketplace's word. */
export interface AccountLink {
  readonly userId: string
  readonly stripeAccountId: string
}

/**
 * Remembers whose accounts these are, before Stripe was asked about them. A user who has one keeps it, and so does an
 * account that has its user.
 * @returns the links that contradict what is on record, for people to settle
 */
export async function linkStripeAccounts(
  tx: Transaction<Schema>,
  links: readonly AccountLink[],
  now: Date,
): Promise<readonly AccountLink[]> {
  if (links.length === 0) return []
  const rows = JSON.stringify(links)
  await sql`
    insert into user_stripe_accounts (user_id, stripe_account_id, updated_at)
    select "userId", "stripeAccountId", ${now}
    from jsonb_to_recordset(${rows}::jsonb) as l("userId" text, "stripeAccountId" text)
    order by 1, 2
    on conflict do nothing`.execute(tx)
  // A statement of its own: it sees also what others committed while the first one waited for them.
  const { rows: refused } = await sql<AccountLink>`
    select l.* from jsonb_to_recordset(${rows}::jsonb) as l("userId" text, "stripeAccountId" text)
    where not exists (
      select from user_stripe_accounts a where a.user_id = l."userId" and a.stripe_account_id = l."stripeAccountId"
    )`.execute(tx)
  return refused
}

/** An account that is to be read from Stripe. */
export interface AccountToRead extends AccountLink {
  /** As far as is known, why it cannot receive. */
  readonly disabledReason: string | null
}

/**
 * Some accounts that Stripe has not told us of, then some that hold a transfer back and of which nothing was heard since
 * `heldSince`: the event that would release it may be lost. Drawn by lot, so that workers who ask at once read different
 * ones, and those that cannot be read do not hold up the others.
 */
export async function findAccountsToRead(
  database: Database,
  { heldSince, limit }: { heldSince: Date; limit: number },
): Promise<readonly AccountToRead[]> {
  const { rows } = await sql<AccountToRead>`
    select user_id as "userId", stripe_account_id as "stripeAccountId", disabled_reason as "disabledReason" from (
      select * from user_stripe_accounts where last_event_created is null
      union all
      select * from user_stripe_accounts where last_event_created <= ${heldSince}
        and user_id in (select user_id from payout_transfers
          where status = 'awaiting_destination' and held_reason not in ('account_differs', 'destination_changed'))
    ) as accounts order by (last_event_created is not null), random() limit ${limit}`.execute(database)
  return rows
}

/** True when one of our users has this account. */
export async function isSomebodysAccount(database: Database, stripeAccountId: string): Promise<boolean> {
  const { rows } = await sql`
    select from user_stripe_accounts where stripe_account_id = ${stripeAccountId}`.execute(database)
  return rows.length > 0
}

/** Where these users are paid; a user without an account is left out. */
export async function findStripeAccounts(
  database: Database,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, StripeAccount>> {
  const { rows } = await sql<AccountRow>`
    select * from user_stripe_accounts where user_id = any(${userIds}::text[])`.execute(database)
  return new Map(rows.map((row) => [row.user_id, accountOf(row)]))
}

/**
 * Where these users are paid, kept so until the transaction ends: news of an account must not miss a transfer that is
 * being held for it at this moment.
 */
export async function shareLockAccounts(
  tx: Transaction<Schema>,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, StripeAccount>> {
  if (userIds.length === 0) return new Map()
  const { rows } = await sql<AccountRow>`
    select * from user_stripe_accounts where user_id = any(${userIds}::text[]) order by user_id for share`.execute(tx)
  return new Map(rows.map((row) => [row.user_id, accountOf(row)]))
}

const ACTOR = 'stripe-accounts'

type AccountRow = Selectable<Schema['user_stripe_accounts']>

const accountOf = (row: AccountRow): StripeAccount => ({
  userId: row.user_id,
  stripeAccountId: row.stripe_account_id,
  facts: row.last_event_created && {
    transfersActive: row.transfers_active,
    payoutsEnabled: row.payouts_enabled,
    detailsSubmitted: row.details_submitted,
    disabledReason: row.disabled_reason,
  },
  changedAt: row.destination_release_id === null ? row.destination_changed_at : null,
})

interface KnownAccount extends StripeAccount {
  /** When Stripe said what is known; null when it has not. */
  readonly asOf: Date | null
}

/** The accounts as they are known, by user, locked in the order of their users. */
async function lockKnown(
  tx: Transaction<Schema>,
  news: readonly StripeAccountNews[],
): Promise<ReadonlyMap<string, KnownAccount>> {
  const userIds = news.flatMap(({ userId }) => userId ?? [])
  const accountIds = news.map(({ stripeAccountId }) => stripeAccountId)
  const { rows } = await sql<AccountRow>`
    select * from user_stripe_accounts where user_id in (
      select user_id from user_stripe_accounts where user_id = any(${userIds}::text[])
      union
      select user_id from user_stripe_accounts where stripe_account_id = any(${accountIds}::text[])
    ) order by user_id for update`.execute(tx)
  return new Map(rows.map((row) => [row.user_id, { ...accountOf(row), asOf: row.last_event_created }]))
}

/** @returns the accounts that the news changed or confirmed */
async function write(
  tx: Transaction<Schema>,
  news: readonly (StripeAccountNews & { userId: string })[],
  now: Date,
): Promise<readonly StripeAccount[]> {
  if (news.length === 0) return []
  const rows = news.map(({ userId, stripeAccountId, facts, asOf }) => ({ userId, stripeAccountId, ...facts, asOf }))
  const written = await sql<AccountRow>`
    insert into user_stripe_accounts as a (user_id, stripe_account_id, transfers_active, payouts_enabled,
      details_submitted, disabled_reason, last_event_created, updated_at, paid_out_since)
    select "userId", "stripeAccountId", "transfersActive", "payoutsEnabled", "detailsSubmitted", "disabledReason",
      "asOf", ${now}, case when "payoutsEnabled" then "asOf" end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n("userId" text, "stripeAccountId" text,
      "transfersActive" boolean, "payoutsEnabled" boolean, "detailsSubmitted" boolean, "disabledReason" text,
      "asOf" timestamptz)
    order by "userId"
    on conflict (user_id) do update set transfers_active = excluded.transfers_active,
      payouts_enabled = excluded.payouts_enabled, details_submitted = excluded.details_submitted,
      disabled_reason = excluded.disabled_reason, last_event_created = excluded.last_event_created,
      updated_at = excluded.updated_at, paid_out_since = coalesce(a.paid_out_since, excluded.paid_out_since)
    where a.stripe_account_id = excluded.stripe_account_id
      and (a.last_event_created is null or a.last_event_created <= excluded.last_event_created)
    returning *`.execute(tx)
  return written.rows.map(accountOf)
}

/** Only what matters to a payment is worth a row: Stripe says of most accounts, most of the time, what it said before. */
function changeOf(before: StripeAccount | undefined, after: StripeAccount): readonly AuditRow[] {
  const told = (account: StripeAccount | undefined) =>
    account ? { stripeAccountId: account.stripeAccountId, ...account.facts } : null
  if (JSON.stringify(told(before)) === JSON.stringify(told(after))) return []
  return [
    {
      actor: ACTOR,
      action: 'stripe_account.updated',
      subject: { type: 'user', id: after.userId },
      reason: after.facts?.disabledReason ?? null,
      before: told(before),
      after: told(after),
    },
  ]
}
