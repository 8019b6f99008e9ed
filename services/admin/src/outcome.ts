import { createHash } from 'node:crypto'
import { insertAdminRequest, lockRequestKey, type RequestKey } from '@remesa/database/admin-requests'
import type { Database } from '@remesa/database/connection'
import type { Schema } from '@remesa/database/schema'
import type { Transaction } from 'kysely'
import { type ProblemBody, type ProblemKind, problem, problemSchema } from './problem.ts'
import { type ActionAnswer, actionAnswer } from './schemas.ts'

/** How an action ended. What was refused is an answer too: asked again under the same key, it is refused again. */
export type Outcome =
  | { readonly kind: 'done'; readonly status: 200 | 202; readonly answer: ActionAnswer }
  | { readonly kind: 'refused'; readonly problem: ProblemBody }

export const refused = (kind: ProblemKind, detail: string, members: object = {}): Outcome => ({
  kind: 'refused',
  problem: problem(kind, detail, members),
})

/** What was asked, in a form that is equal for equal requests. @param parts - strings, in a fixed order */
export const digestOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/**
 * Does what a key asks for once, and keeps the answer: request, deed and answer are one transaction. Of two that arrive at
 * once the second waits for the first, and gets its answer.
 * @param work - commits with whatever it did, also when it refuses
 * @returns `replayed` for an answer that was given before
 */
export async function answerOnce(
  { database, now }: { database: Database; now: () => Date },
  { digest, ...key }: RequestKey & { readonly digest: string },
  work: (tx: Transaction<Schema>) => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly replayed: boolean }> {
  return database.transaction().execute(async (tx) => {
    const before = await lockRequestKey(tx, key)
    if (before && before.digest !== digest) {
      const detail = 'This Idempotency-Key was used for another request; give each request its own.'
      return { outcome: refused('request-key-reused', detail), replayed: false }
    }
    if (before) return { outcome: storedOutcome(before), replayed: true }
    const outcome = await work(tx)
    const [status, answer] =
      outcome.kind === 'done' ? [outcome.status, outcome.answer] : [outcome.problem.status, outcome.problem]
    await insertAdminRequest(tx, key, { digest, status, answer }, now())
    return { outcome, replayed: false }
  })
}

const storedOutcome = ({ status, answer }: { status: number; answer: object }): Outcome =>
  status < 300
    ? { kind: 'done', status: status === 202 ? 202 : 200, answer: actionAnswer.parse(answer) }
    : { kind: 'refused', problem: problemSchema.parse(answer) }
