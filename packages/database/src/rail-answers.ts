import type { PaymentOutcome, RailName } from '@remesa/domain/rail'
import type { Transaction } from 'kysely'
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

/** The rails that rest now, and until when. */
export async function pausedRails(tx: Transaction<Schema>, now: Date): Promise<ReadonlyMap<RailName, Date>> {
  const rows = await tx.selectFrom('rails').select(['name', 'paused_until']).where('paused_until', '>', now).execute()
  return new Map(rows.flatMap(({ name, paused_until }) => (paused_until ? [[name, paused_until]] : [])))
}

/** Lets rails rest that refused our own credentials. */
export async function pauseRails(tx: Transaction<Schema>, pauses: ReadonlyMap<RailName, Date>): Promise<void> {
  for (const [rail, until] of [...pauses].sort(([a], [b]) => a.localeCompare(b))) {
    await tx
      .updateTable('rails')
      .set({ paused_until: until, paused_reason: 'our credentials were refused' })
      .where('name', '=', rail)
      .execute()
  }
}
