import type { PaymentOutcome, RailName } from '@remesa/domain/rail'
import { sql, type Transaction } from 'kysely'
import { resolveAlerts } from './finance-alerts.ts'
import type { ClaimedAttempt } from './payment-attempts.ts'
import type { Schema } from './schema.ts'

// What recording a rail's answers takes, whatever is being paid.

/** What a rail answered to a claim. */
export interface RailAnswer {
  readonly claim: { readonly attempt: ClaimedAttempt }
  readonly outcome: PaymentOutcome
}

/**
 * Two calls with one key may be answered in one batch, when the first took longer than its lease. An acceptance is a
 * fact, whichever call brings it; else the last call speaks.
 */
export function oneOfEachAttempt<Answer extends RailAnswer>(answers: readonly Answer[]): ReadonlySet<Answer> {
  const chosen = new Map<string, Answer>()
  for (const answer of answers) {
    const { attemptId, calls } = answer.claim.attempt
    const other = chosen.get(attemptId)
    const isBetter =
      !other ||
      (other.outcome.kind !== 'accepted' && (answer.outcome.kind === 'accepted' || calls > other.claim.attempt.calls))
    if (isBetter) chosen.set(attemptId, answer)
  }
  return new Set(chosen.values())
}

/**
 * A rail that accepts what it refused before under the same key contradicts itself: money may be out twice.
 * @param unmoved - answers that found their attempt ended
 * @returns the acceptances among them that are not the one on record, and what is
 */
export async function unexplainedAcceptances<Answer extends RailAnswer>(
  tx: Transaction<Schema>,
  unmoved: readonly Answer[],
): Promise<readonly { answer: Answer; reference: string; recorded: string | null }[]> {
  const accepted = unmoved.flatMap((answer) =>
    answer.outcome.kind === 'accepted' ? [{ answer, reference: answer.outcome.reference }] : [],
  )
  if (accepted.length === 0) return []
  const ids = accepted.map(({ answer }) => answer.claim.attempt.attemptId)
  const rows = await tx
    .selectFrom('payment_attempts')
    .select(['id', 'provider_reference'])
    .where('id', 'in', ids)
    .execute()
  const known = new Map(rows.map((row) => [row.id, row.provider_reference]))
  return accepted
    .map(({ answer, reference }) => {
      return { answer, reference, recorded: known.get(answer.claim.attempt.attemptId) ?? null }
    })
    .filter(({ reference, recorded }) => reference !== recorded)
}

/** An acceptance by a reference that is on record as another attempt's. */
export interface TakenReference {
  readonly reference: string
  /** Key of the attempt that has it. */
  readonly recordedFor: string
}

/**
 * A rail that gives one reference for two attempts says that one payment is both. Which of them it is, a person tells:
 * the first on record keeps it.
 * @returns the acceptances among these answers that name a payment of another attempt
 */
export async function takenReferences<Answer extends RailAnswer>(
  tx: Transaction<Schema>,
  answers: readonly Answer[],
): Promise<ReadonlyMap<Answer, TakenReference>> {
  const taken = new Map<Answer, TakenReference>()
  const first = new Map<string, ClaimedAttempt>()
  const accepted: { answer: Answer; reference: string }[] = []
  for (const answer of answers) {
    const { outcome, claim } = answer
    if (outcome.kind !== 'accepted') continue
    const { reference } = outcome
    const { attemptId, rail } = claim.attempt
    const holder = first.get(`${rail} ${reference}`)
    if (holder && holder.attemptId !== attemptId) {
      taken.set(answer, { reference, recordedFor: holder.instruction.idempotencyKey })
    }
    if (!holder) first.set(`${rail} ${reference}`, claim.attempt)
    accepted.push({ answer, reference })
  }
  if (accepted.length === 0) return taken
  const { rows } = await sql<{ place: number; key: string }>`
    select r.place::int as place, a.idempotency_key as key
    from unnest(${accepted.map(({ answer }) => answer.claim.attempt.attemptId)}::uuid[],
      ${accepted.map(({ answer }) => answer.claim.attempt.rail)}::text[],
      ${accepted.map(({ reference }) => reference)}::text[]) with ordinality as r(id, rail, reference, place)
    join payment_attempts a on a.rail = r.rail and a.provider_reference = r.reference and a.id <> r.id`.execute(tx)
  for (const { place, key } of rows) {
    const found = accepted[place - 1]
    if (found) taken.set(found.answer, { reference: found.reference, recordedFor: key })
  }
  return taken
}

/** The rails that rest now, and until when. */
export async function pausedRails(tx: Transaction<Schema>, now: Date): Promise<ReadonlyMap<RailName, Date>> {
  const rows = await tx.selectFrom('rails').select(['name', 'paused_until']).where('paused_until', '>', now).execute()
  return new Map(rows.flatMap(({ name, paused_until }) => (paused_until ? [[name, paused_until]] : [])))
}

/** Names the one matter that a resting rail is, for everybody. */
export const railPausedKey = (rail: RailName): string => `rail_paused:${rail}`

/**
 * Ends the rest of rails that take our credentials again, and closes their alerts, so that the next refusal is told of.
 * Only a rest that is over, or that an operator ended: an answer that comes during one is to a call from before it.
 */
export async function resumeRails(tx: Transaction<Schema>, answers: readonly RailAnswer[], now: Date): Promise<void> {
  const names = [...new Set(answers.filter(isPastTheDoor).map(({ claim }) => claim.attempt.rail))]
  if (names.length === 0) return
  const { rows } = await sql<{ name: RailName }>`
    with rested as (
      update rails set paused_until = null, paused_reason = null
      where name in (
        select name from rails where name = any(${names}::text[]) and paused_until <= ${now} order by name for update
      ) returning name
    )
    select name from rested
    union
    select r.name from rails r join finance_alerts a on a.dedup_key = 'rail_paused:' || r.name
    where r.name = any(${names}::text[]) and r.paused_until is null and a.status <> 'resolved'`.execute(tx)
  const dedupKeys = rows.map(({ name }) => railPausedKey(name))
  await resolveAlerts(tx, { dedupKeys, note: 'The rail takes our credentials again.' })
}

/** True when the rail spoke about the payment, which it does only to one it knows. A 429 may come before it looks. */
const isPastTheDoor = ({ outcome }: RailAnswer): boolean =>
  outcome.kind !== 'unknown' && !(outcome.kind === 'declined_may_change' && outcome.reason === 'rate_limited')

/** Lets rails rest that refused our own credentials. A longer rest stands, with its reason: perhaps an operator wants it. */
export async function pauseRails(tx: Transaction<Schema>, pauses: ReadonlyMap<RailName, Date>): Promise<void> {
  for (const [rail, until] of [...pauses].sort(([a], [b]) => a.localeCompare(b))) {
    await tx
      .updateTable('rails')
      .set({ paused_until: until, paused_reason: 'our credentials were refused' })
      .where('name', '=', rail)
      .where((eb) => eb.or([eb('paused_until', 'is', null), eb('paused_until', '<', until)]))
      .execute()
  }
}
