import { sql, type Transaction } from 'kysely'
import { bigintAsString, recordAudit } from './audit.ts'
import {
  type ControlApproval,
  type ControlKind,
  decideControlApproval,
  insertControlApproval,
  lockOpenControlApproval,
} from './control-approvals.ts'
import { resolveAlerts } from './finance-alerts.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'

/** Something that takes a second person, as whoever asks for it sees it. */
export interface SecondPersonWish {
  readonly kind: Exclude<ControlKind, 'rail_restart' | 'cap_change' | 'plan_rule_change'>
  readonly subject: { readonly type: string; readonly id: string }
  /** What is agreed to: this, and nothing else. */
  readonly wish: Readonly<Record<string, Wished>>
  /** What the audit log keeps of the wish; default all of it. */
  readonly told?: object
}

type Wished = string | number | bigint | boolean | null | readonly Wished[] | { readonly [name: string]: Wished }

export type Asking =
  | { readonly kind: 'asked'; readonly approval: ControlApproval }
  /** The same is asked for already. */
  | { readonly kind: 'open'; readonly approval: ControlApproval }

/**
 * Asks for a second person's consent. What was asked for of this subject as it stood before is void. Call it with the
 * subject locked.
 */
export async function askSecondPerson(
  tx: Transaction<Schema>,
  { kind, subject, wish, told = wish }: SecondPersonWish,
  { actor, reason, now }: Asked,
): Promise<Asking> {
  const open = await lockOpenControlApproval(tx, { kind, subjectId: subject.id })
  if (open && isSameWish(open.wish, wish)) return { kind: 'open', approval: open }
  if (open) {
    await decideControlApproval(tx, open.id, { status: 'void', reason: CHANGED }, now)
    await recordAudit(tx, [
      {
        actor,
        action: `${kind}.request_void`,
        subject,
        reason: CHANGED,
        before: { approvalId: open.id, status: 'open' },
        after: { approvalId: open.id, status: 'void' },
      },
    ])
  }
  const approval = await insertControlApproval(
    tx,
    { kind, subjectId: subject.id, wish, reason, requestedBy: actor },
    now,
  )
  const after = { approvalId: approval.id, ...told }
  await recordAudit(tx, [{ actor, action: `${kind}.requested`, subject, reason, after }])
  return { kind: 'asked', approval }
}

const CHANGED = 'It is asked for anew, as it stands now.'

/** @returns whether two wishes are one, whatever the order of their fields */
export const isSameWish = (one: object, other: object): boolean => textOf(one) === textOf(other)

const textOf = (wish: object): string =>
  JSON.stringify(wish, (name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(byName))
      : bigintAsString(name, value),
  )
const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1)

/** Alerts about something that are open, of these kinds. */
export async function openAlertKinds(
  tx: Transaction<Schema>,
  { type, id }: SecondPersonWish['subject'],
  kinds: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await sql<{ kind: string }>`
    select distinct kind from finance_alerts
    where subject_type = ${type} and subject_id = ${id} and kind = any(${kinds}::text[]) and status <> 'resolved'
    order by kind`.execute(tx)
  return rows.map(({ kind }) => kind)
}

/** What a rail's refusal, or a bank's return, told people; it is settled once two of them have it paid again. */
const ENDS = [
  'payment_rejected',
  'payment_tries_used_up',
  'payment_request_refused',
  'payment_reversed',
  'insufficient_funds',
]

/** Closes the alerts of an end that two people have decided about. */
export async function closeEndAlerts(
  tx: Transaction<Schema>,
  { type, id }: SecondPersonWish['subject'],
  note: string,
): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    select dedup_key as key from finance_alerts where subject_type = ${type} and subject_id = ${id}
      and kind = any(${ENDS}::text[]) and status <> 'resolved'`.execute(tx)
  await resolveAlerts(tx, { dedupKeys: rows.map(({ key }) => key), note })
}

/** What must be settled before anything is paid again: the rail contradicts our books, or legal has to decide. */
const WALLS: Readonly<Record<string, string>> = {
  payment_mismatch: 'its rail’s books contradict ours; compare them, and resolve the alert payment_mismatch first',
  payment_compliance:
    'the rail’s compliance rules stopped it; legal decides, and the alert payment_compliance is resolved first',
}

const HAS_IT =
  'a report says that its rail has it, or has it twice; look there, and settle the urgent finding of the report first'

/**
 * Ask it with the subject locked: what a rail answers about it is recorded under the same lock.
 * @returns why nothing may be paid again of this, in words; undefined when nothing that people were told of stands against it
 */
export async function unsettledMatter(
  tx: Transaction<Schema>,
  subject: SecondPersonWish['subject'],
): Promise<string | undefined> {
  const [kind] = await openAlertKinds(tx, subject, Object.keys(WALLS))
  if (kind) return WALLS[kind]
  // An alert about a report names no payment. What NetSuite has is what we told it, not what a rail has paid.
  const { rows } = await sql`
    select from rail_reconciliation_findings f join reconciliation_reports r on r.id = f.report_id
    where f.payable_id = ${subject.id} and f.urgent and f.status <> 'resolved'
      and f.category in ('paid_not_recorded', 'duplicate') and r.kind <> 'netsuite'
      -- Of one window only what the newest run found stands.
      and not exists (select from reconciliation_reports n
        where n.kind = r.kind and n.window_from = r.window_from and n.window_to = r.window_to
          and n.status not in ('running', 'error') and n.started_at > r.started_at)
    limit 1`.execute(tx)
  return rows.length > 0 ? HAS_IT : undefined
}
