import { parseTraceparent, runWithTrace } from '@remesa/service-kit/trace'
import type { BatchHandler, Message, Verdict } from './handler.ts'

/** What an error means for the message that it was thrown for; undefined when it is a broken promise of ours. */
export type VerdictOf = (error: unknown, message: Message<object>) => Verdict | undefined

/**
 * Has a batch handled, and when that throws, each of its messages alone, so that a poisoned one cannot hold up its
 * neighbours.
 * @returns a verdict for each message, in their order; never rejects
 */
export async function askHandler<Data extends object>(
  handle: BatchHandler<Data>,
  verdictOf: VerdictOf,
  batch: readonly Message<Data>[],
): Promise<readonly Verdict[]> {
  const { verdicts, threwAsAWhole } = await ask(handle, verdictOf, batch)
  if (batch.length === 1 || !threwAsAWhole || verdicts.every(({ kind }) => kind !== 'threw')) return verdicts

  const alone = new Map<Message<Data>, Verdict>()
  const chains = [...Map.groupBy(batch, ({ orderingKey, id }) => orderingKey || `message ${id}`).values()]
  await Promise.all(
    Array.from({ length: ALONE_AT_ONCE }, async () => {
      for (let chain = chains.shift(); chain; chain = chains.shift()) {
        for (const message of chain) {
          const [verdict] = (await ask(handle, verdictOf, [message])).verdicts
          if (verdict) alone.set(message, verdict)
        }
      }
    }),
  )
  return batch.map((message) => alone.get(message) ?? { kind: 'threw', error: new Error('was not handled') })
}

const ALONE_AT_ONCE = 8

async function ask<Data extends object>(
  handle: BatchHandler<Data>,
  verdictOf: VerdictOf,
  batch: readonly Message<Data>[],
): Promise<{ verdicts: readonly Verdict[]; threwAsAWhole: boolean }> {
  let answers: readonly Verdict[] | undefined
  let thrown: unknown
  try {
    const given = await runWithTrace(commonTrace(batch), () => handle(batch))
    if (given.length === batch.length) answers = given
    else thrown = new Error(`the handler answered ${given.length} of ${batch.length} messages`)
  } catch (error) {
    thrown = error
  }
  const verdicts = batch.map((message, index): Verdict => {
    const verdict = answers?.[index] ?? { kind: 'threw', error: thrown }
    return (verdict.kind === 'threw' && verdictOf(verdict.error, message)) || verdict
  })
  return { verdicts, threwAsAWhole: answers === undefined }
}

/** The trace that all messages of a batch belong to; a batch of several traces starts its own. */
function commonTrace(batch: readonly Message<object>[]): string | undefined {
  const first = batch[0]?.attributes.traceparent
  const traceId = parseTraceparent(first)?.traceId
  const same = batch.every(({ attributes }) => parseTraceparent(attributes.traceparent)?.traceId === traceId)
  return same ? first : undefined
}
