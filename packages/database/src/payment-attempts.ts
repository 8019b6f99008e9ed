import { randomUUID } from 'node:crypto'
import type { Currency } from '@remesa/domain/currency'
import type { AttemptState } from '@remesa/domain/payment-steps'
import { NOT_ADMITTED, type PaymentInstruction, type ProviderFacts, type RailName } from '@remesa/domain/rail'
import { sql, type Transaction } from 'kysely'
import type { PayableType, Schema } from './schema.ts'

/** One intent to move money, held by this worker until its lease ends. */
export interface ClaimedAttempt {
  readonly attemptId: string
  readonly leaseToken: string
  readonly rail: RailName
  readonly instruction: PaymentInstruction
  /** Calls with this key, the coming one included. */
  readonly calls: number
  /** When this key was first used: a provider may have forgotten an old one. */
  readonly firstCalledAt: Date
  /** When the lease ends. */
  readonly expiresAt: Date
  /** Given up: never called again, only looked up. See {@link supersedeAttempts}. */
  readonly superseded: boolean
}

/** The newest attempt of a payable, as far as the next step depends on it. */
export interface LatestAttempt {
  readonly id: string
  readonly state: AttemptState
  readonly generation: number
  readonly leaseExpiresAt: Date | null
  readonly rail: RailName
  /** Where its money goes. */
  readonly destination: string
  /** Of one that is claimed: its only call was turned away for our credentials, before anything was looked at. */
  readonly isUnexecuted: boolean
}

/** A later call makes it untrue before it is made: a claim counts the call that follows. */
const UNEXECUTED = sql<boolean>`(a.state = 'claimed' and a.calls = 1
  and coalesce(a.last_facts->>'status' = '401', false))`

/**
 * The newest attempt of each of these payables; one that has none is left out. Ask it once the payables are locked: what
 * is read before the lock may be history by then.
 */
export async function latestAttempts(
  tx: Transaction<Schema>,
  payableType: PayableType,
  payableIds: readonly string[],
): Promise<ReadonlyMap<string, LatestAttempt>> {
  const { rows } = await sql<LatestAttempt & { payableId: string }>`
    select p.id as "payableId", a.id, a.state, a.generation, a.lease_expires_at as "leaseExpiresAt", a.rail,
      a.destination, ${UNEXECUTED} as "isUnexecuted"
    from unnest(${payableIds}::uuid[]) as p(id)
    cross join lateral (
      select * from payment_attempts a where a.payable_type = ${payableType} and a.payable_id = p.id
      order by a.generation desc limit 1
    ) a`.execute(tx)
  return new Map(rows.map(({ payableId, ...attempt }) => [payableId, attempt]))
}

/** How long this worker alone may call with what it claims. */
export interface Lease {
  readonly now: Date
  readonly expiresAt: Date
}

/** Writes new attempts down before their first call. The database refuses a second live one for a payable. */
export async function insertAttempts(
  tx: Transaction<Schema>,
  payableType: PayableType,
  attempts: readonly { rail: RailName; instruction: PaymentInstruction }[],
  lease: Lease,
): Promise<readonly ClaimedAttempt[]> {
  const claimed = attempts.map(({ rail, instruction }) => ({
    attemptId: randomUUID(),
    leaseToken: randomUUID(),
    rail,
    instruction,
    calls: 1,
    firstCalledAt: lease.now,
    expiresAt: lease.expiresAt,
    superseded: false,
  }))
  const rows = claimed.map(({ attemptId, leaseToken, rail, instruction }) => ({
    id: attemptId,
    lease_token: leaseToken,
    rail,
    payable_id: instruction.payableId,
    generation: instruction.generation,
    idempotency_key: instruction.idempotencyKey,
    amount: instruction.money.amount.toString(),
    currency: instruction.money.currency,
    destination: instruction.destination,
    instruction: storedInstruction(instruction),
  }))
  if (rows.length > 0) {
    await sql`
      insert into payment_attempts (id, payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
        destination, instruction, state, lease_token, lease_expires_at, first_called_at, begun_at)
      select id, ${payableType}, payable_id, rail, generation, idempotency_key, amount, currency, destination,
        instruction, 'claimed', lease_token, ${lease.expiresAt}, ${lease.now}, ${lease.now}
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, lease_token uuid, rail text,
        payable_id uuid, generation int, idempotency_key text, amount bigint, currency text, destination text,
        instruction jsonb)`.execute(tx)
  }
  return claimed
}

/** Stands in `refusal_reason` of an attempt that is given up, from then to its end. */
const SUPERSEDED = 'superseded'

/**
 * Gives attempts up that are postponed, or of which nothing was executed, and whose money must not go where they would
 * send it: their keys are never called again. Each is still live, since a call before its refusal may have been carried
 * out: it ends when a look-up says what is so.
 */
export async function supersedeAttempts(tx: Transaction<Schema>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update payment_attempts a set refusal_reason = ${SUPERSEDED}
    where id = any(${ids}::uuid[]) and (state = 'postponed' or ${UNEXECUTED})`.execute(tx)
}

/** Takes attempts up again with their own keys: postponed ones, and claimed ones whose lease has ended. */
export async function reclaimAttempts(
  tx: Transaction<Schema>,
  ids: readonly string[],
  lease: Lease,
): Promise<readonly ClaimedAttempt[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{
    id: string
    lease_token: string
    rail: RailName
    instruction: StoredInstruction
    calls: number
    first_called_at: Date
    superseded: boolean
  }>`
    update payment_attempts set state = 'claimed', lease_token = gen_random_uuid(), calls = calls + 1,
      begun_at = case state when 'postponed' then ${lease.now} else begun_at end,
      lease_expires_at = ${lease.expiresAt}, updated_at = ${lease.now}
    where id = any(${ids}::uuid[])
      and (state = 'postponed' or (state = 'claimed' and lease_expires_at <= ${lease.now}))
    returning id, lease_token, rail, instruction, calls, first_called_at,
      refusal_reason is not distinct from ${SUPERSEDED} as superseded`.execute(tx)
  return rows.map((row) => ({
    attemptId: row.id,
    leaseToken: row.lease_token,
    rail: row.rail,
    instruction: {
      ...row.instruction,
      money: { ...row.instruction.money, amount: BigInt(row.instruction.money.amount) },
    },
    calls: row.calls,
    firstCalledAt: row.first_called_at,
    expiresAt: lease.expiresAt,
    superseded: row.superseded,
  }))
}

export interface AnsweredAttempt {
  readonly attempt: ClaimedAttempt
  readonly state: AttemptState
  /** When it stays claimed: until when nobody calls again. */
  readonly retryAt: Date | null
  readonly reference: string | null
  readonly refusalReason: string | null
  readonly facts: ProviderFacts
  /** For one that ended as it was accepted: when, by the provider's clock, where it names a time. */
  readonly settledAt?: Date | null
}

/**
 * Records what `pay` brought. Only the holder of the lease may, except that an acceptance is a fact and is recorded
 * whoever brings it.
 * @returns ids of the attempts that moved; the others were answered through another call
 */
export async function recordAnswers(
  tx: Transaction<Schema>,
  answers: readonly AnsweredAttempt[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const rows = answers.map(({ attempt, state, retryAt, reference, refusalReason, facts, settledAt }) => ({
    id: attempt.attemptId,
    token: attempt.leaseToken,
    state,
    retry_at: retryAt?.toISOString() ?? null,
    reference,
    reason: attempt.superseded && state === 'claimed' ? SUPERSEDED : refusalReason,
    facts,
    settled_at: settledAt?.toISOString() ?? null,
  }))
  const { rows: moved } = await sql<{ id: string }>`
    update payment_attempts a set state = r.state,
      lease_token = case when r.state = 'claimed' then a.lease_token end,
      lease_expires_at = case when r.state = 'claimed' then r.retry_at end,
      provider_reference = coalesce(r.reference, a.provider_reference),
      refusal_reason = r.reason, last_facts = r.facts,
      -- A call that was refused for haste was none: it must not make the wait after a later one longer. Nor was a look-up
      -- that our own limiter did not let out.
      calls = a.calls - case when (r.state = 'postponed' and r.reason = 'rate_limited')
        or r.facts->>'code' = ${NOT_ADMITTED} then 1 else 0 end,
      accepted_at = case when r.state in ('accepted', 'paid', 'reversed') then ${now}::timestamptz end,
      settled_at = case when r.state in ('paid', 'reversed') then coalesce(r.settled_at, ${now}) end,
      updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, token uuid, state text, retry_at timestamptz,
      reference text, reason text, facts jsonb, settled_at timestamptz)
    where a.id = any(${rows.map(({ id }) => id)}::uuid[]) and a.id = r.id -- by index: an array can be counted beforehand
      and ((a.state = 'claimed' and a.lease_token = r.token)
        or (r.state in ('accepted', 'paid', 'reversed') and a.state in ('claimed', 'postponed')))
    returning a.id`.execute(tx)
  return new Set(moved.map(({ id }) => id))
}

export interface SettledAttempt {
  readonly attemptId: string
  readonly from: AttemptState
  readonly to: AttemptState
  readonly refusalReason: string | null
  /** When it ended by the provider's clock; null where it names no time. */
  readonly settledAt: Date | null
}

/** Moves attempts on by the provider's word. @returns ids of those that still stood where they were thought to. */
export async function moveAttempts(
  tx: Transaction<Schema>,
  steps: readonly SettledAttempt[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const rows = steps.map(({ attemptId, from, to, refusalReason, settledAt }) => ({
    id: attemptId,
    from,
    to,
    reason: refusalReason,
    settled_at: (settledAt ?? now).toISOString(),
  }))
  const { rows: moved } = await sql<{ id: string }>`
    update payment_attempts a set state = r.to, refusal_reason = r.reason, settled_at = r.settled_at, updated_at = ${now}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, "from" text, "to" text, reason text,
      settled_at timestamptz)
    where a.id = any(${rows.map(({ id }) => id)}::uuid[]) and a.id = r.id and a.state = r.from
    returning a.id`.execute(tx)
  return new Set(moved.map(({ id }) => id))
}

type StoredInstruction = Omit<PaymentInstruction, 'money'> & { money: { amount: string; currency: Currency } }

const storedInstruction = (instruction: PaymentInstruction): StoredInstruction => ({
  ...instruction,
  money: { amount: instruction.money.amount.toString(), currency: instruction.money.currency },
})
