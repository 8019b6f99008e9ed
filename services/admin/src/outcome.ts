import { createHash } from 'node:crypto'
import { insertAdminRequest, lockRequestKey, type RequestKey } from '@remesa/database/admin-requests'
import type { Database } from '@remesa/database/connection'
import type { Schema } from '@remesa/database/schema'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { type ProblemBody, type ProblemKind, problem, problemSchema } from './problem.ts'
import type { ActionAnswer } from './schemas.ts'

/** How an action ended. What was refused is an answer too: asked again under the same key, it is refused again. */
export type Outcome<Answer extends object = ActionAnswer> =
  | { readonly kind: 'done'; readonly status: 200 | 202; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly problem: ProblemBody }

export const refused = (kind: ProblemKind, detail: string, members: object = {}): Outcome<never> => ({
  kind: 'refused',
  problem: problem(kind, detail, members),
})

/** What was asked, in a form that is equal for equal requests. @param parts - strings, in a fixed order */
export const digestOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/**
 * Does what a key asks for once, and keeps the answer: request, deed and answer are one transaction. Of two that arrive at
 * once the second waits for the first, and gets its answer.
 * @param answers - the shape of what was answered before
 * @param work - commits with whatever it did, also when it refuses
 * @returns `replayed` for an answer that was given before
 */
export async function answerOnce<Answer extends object>(
  { database, now }: { database: Database; now: () => Date },
  { digest, answers, ...key }: RequestKey & { readonly digest: string; readonly answers: z.ZodType<Answer> },
  work: (tx: Transaction<Schema>) => Promise<Outcome<Answer>>,
): Promise<{ readonly outcome: Outcome<Answer>; readonly replayed: boolean }> {
  return database.transaction().execute(async (tx) => {
    const before = await lockRequestKey(tx, key)
    if (before && before.digest !== digest) {
      const detail = 'This Idempotency-Key was used for another request; give each request its own.'
      return { outcome: refused('request-key-reused', detail), replayed: false }
    }
    if (before) return { outcome: storedOutcome(before, answers), replayed: true }
    const outcome = await work(tx)
    const [status, answer] =
      outcome.kind === 'done' ? [outcome.status, outcome.answer] : [outcome.problem.status, outcome.problem]
    await insertAdminRequest(tx, key, { digest, status, answer }, now())
    return { outcome, replayed: false }
  })
}

const storedOutcome = <Answer extends object>(
  { status, answer }: { status: number; answer: object },
  answers: z.ZodType<Answer>,
): Outcome<Answer> =>
  status < 300
    ? { kind: 'done', status: status === 202 ? 202 : 200, answer: answers.parse(answer) }
    : { kind: 'refused', problem: problemSchema.parse(answer) }
