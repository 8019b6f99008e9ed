import { z } from 'zod'
import { ageText, counted, plain, timeText } from './text.ts'

/** What `GET /v1/system` answers. */
export const system = z.looseObject({
  subscriptions: z.array(z.looseObject({ name: z.string(), topic: z.string() })),
  outbox: z.looseObject({ waiting: z.number(), due: z.number(), oldestSeconds: z.number().nullable() }),
  deadLetters: z.number(),
  rails: z.array(
    z.looseObject({ name: z.string(), pausedUntil: z.string().nullable(), reason: z.string().nullable() }),
  ),
  at: z.string(),
})

/** A relay that works takes what is due within a second or two. */
const OUTBOX_LATE_SECONDS = 60

/** What is wrong with the machinery, and what to do about it. */
export function systemProblems({
  outbox,
  deadLetters,
  rails,
  at,
}: z.output<typeof system>): readonly { readonly says: string; readonly mend: string }[] {
  const late = (outbox.oldestSeconds ?? 0) > OUTBOX_LATE_SECONDS
  return [
    ...(late
      ? [
          {
            says: `${counted(outbox.due, 'message')} due in the outbox for up to ${ageText(outbox.oldestSeconds)}: nothing publishes.`,
            mend: 'See whether the services run, and whether they reach Pub/Sub (remesa doctor).',
          },
        ]
      : []),
    ...(deadLetters > 0
      ? [
          {
            says: `${counted(deadLetters, 'message')} set aside as dead letters.`,
            mend: 'remesa deadletters list says why; mend that, then replay them.',
          },
        ]
      : []),
    ...rails
      .filter(({ pausedUntil }) => pausedUntil !== null && pausedUntil > at)
      .map(({ name, pausedUntil, reason }) => ({
        says: `${plain(name)} is paused until ${timeText(pausedUntil)}: ${plain(reason ?? 'nobody said why')}.`,
        mend: 'Mend what it names; it is tried again by itself.',
      })),
  ]
}
