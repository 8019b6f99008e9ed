import type { AttemptState } from '@remesa/domain/payment-steps'
import { sql } from 'kysely'
import type { Database } from './connection.ts'

// What every story of something that is paid has in common: what was tried at the rails, and what the books say of it.

export interface AttemptView {
  readonly id: string
  readonly payable: { readonly type: string; readonly id: string }
  readonly rail: string
  readonly generation: number
  readonly idempotencyKey: string
  readonly amount: bigint
  readonly currency: string
  readonly state: AttemptState
  readonly calls: number
  readonly providerReference: string | null
  /** The instruction as it was sent; whoever shows it masks the payee. */
  readonly instruction: Readonly<Record<string, unknown>>
  /** Status, code and request id of the provider's last answer. */
  readonly lastFacts: Readonly<Record<string, unknown>> | null
  readonly refusalReason: string | null
  readonly createdAt: Date
  /** When the rail took it. */
  readonly acceptedAt: Date | null
  /** When it ended, by the rail's clock where that names a time. */
  readonly settledAt: Date | null
  readonly updatedAt: Date
}

export interface LedgerEntryView {
  readonly idempotencyKey: string
  readonly kind: string
  readonly occurredAt: Date
  readonly postings: readonly { readonly account: string; readonly currency: string; readonly amount: bigint }[]
}

/** What is paid, or taken back. */
export type Payable = AttemptView['payable']
const typesOf = (payables: readonly Payable[]) => payables.map(({ type }) => type)
const idsOf = (payables: readonly Payable[]) => payables.map(({ id }) => id)

/** Every intent to move money for these, oldest first. */
export async function attemptsOf(connection: Database, payables: readonly Payable[]): Promise<readonly AttemptView[]> {
  const { rows } = await sql<AttemptView>`
    select a.id, jsonb_build_object('type', a.payable_type, 'id', a.payable_id) as payable, a.rail, a.generation,
      a.idempotency_key as "idempotencyKey", a.amount, a.currency, a.state, a.calls,
      a.provider_reference as "providerReference", a.instruction, a.last_facts as "lastFacts",
      a.refusal_reason as "refusalReason", a.created_at as "createdAt", a.accepted_at as "acceptedAt",
      a.settled_at as "settledAt", a.updated_at as "updatedAt"
    from unnest(${typesOf(payables)}::text[], ${idsOf(payables)}::uuid[]) as p(type, id)
    join payment_attempts a on a.payable_type = p.type and a.payable_id = p.id
    order by a.created_at, a.generation`.execute(connection)
  return rows
}

/**
 * What the books say of these, oldest first.
 * @param keys - of further entries, which name none of them
 */
export async function ledgerOf(
  connection: Database,
  payables: readonly Payable[],
  keys: readonly string[] = [],
): Promise<readonly LedgerEntryView[]> {
  const { rows } = await sql<LineRow>`
    with entries as (
      select e.* from unnest(${typesOf(payables)}::text[], ${idsOf(payables)}::uuid[]) as s(type, id)
      join ledger_entries e on e.payable_type = s.type and e.payable_id = s.id
      union all
      select * from ledger_entries where idempotency_key = any(${keys}::text[])
    )
    select e.id, e.idempotency_key, e.kind, e.occurred_at, p.account, p.currency, p.amount
    from entries e join ledger_postings p on p.entry_id = e.id
    order by e.id, p.line`.execute(connection)
  return entriesOf(rows)
}

/** Lines to entries. @param rows - in the order of their entries */
export function entriesOf(rows: readonly LineRow[]): readonly LedgerEntryView[] {
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((lines) => {
    const [first] = lines
    if (!first) return []
    const postings = lines.map(({ account, currency, amount }) => ({ account, currency, amount }))
    return [{ idempotencyKey: first.idempotency_key, kind: first.kind, occurredAt: first.occurred_at, postings }]
  })
}

/** A line of an entry, with what its entry says. */
export interface LineRow {
  id: bigint
  idempotency_key: string
  kind: string
  occurred_at: Date
  account: string
  currency: string
  amount: bigint
}
