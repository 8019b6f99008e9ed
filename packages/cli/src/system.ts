import { z } from 'zod'
import { ageText, counted, plain, timeText } from './text.ts'

/** What `GET /v1/system` answers. */
export const system = z.looseObject({
  subscriptions: z.array(
    z.looseObject({
      name: z.string(),
      topic: z.string(),
      workers: z.looseObject({ inHand: z.number(), oldestSeconds: z.number() }).nullable(),
    }),
  ),
  providers: z.array(
    z.looseObject({
      name: z.string(),
      calls: z.number(),
      refused: z.number(),
      failed: z.number(),
      p50Ms: z.number().nullable(),
      p95Ms: z.number().nullable(),
    }),
  ),
  services: z
    .array(z.looseObject({ name: z.string(), at: z.string().nullable(), trouble: z.string().nullable() }))
    .nullable(),
  outbox: z.looseObject({ waiting: z.number(), due: z.number(), oldestSeconds: z.number().nullable() }),
  deadLetters: z.number(),
  rails: z.array(
    z.looseObject({ name: z.string(), pausedUntil: z.string().nullable(), reason: z.string().nullable() }),
  ),
  at: z.string(),
})

/** A relay that works takes what is due within a second or two. */
const OUTBOX_LATE_SECONDS = 60
/** What is taken is handled within seconds; a worker that holds something for so long is stuck, or cannot keep up. */
const MESSAGE_LATE_SECONDS = 300

/** What is wrong with the machinery, and what to do about it. */
export function systemProblems({
  outbox,
  deadLetters,
  rails,
  services,
  subscriptions,
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
    ...(services ?? [])
      .filter(({ trouble }) => trouble !== null)
      .map((one) => ({
        says: `${plain(one.name)} tells no metrics (${plain(one.trouble ?? '')}), ${lastHeard(one.at, at)}.`,
        mend: 'See whether it runs, and whether SERVICE_METRICS_URLS of the admin service has its address.',
      })),
    ...subscriptions
      .filter(({ workers }) => (workers?.oldestSeconds ?? 0) > MESSAGE_LATE_SECONDS)
      .map(({ name, workers }) => ({
        says: `${plain(name)}: the oldest of ${counted(workers?.inHand ?? 0, 'message')} in hand has waited ${ageText(workers?.oldestSeconds ?? null)}.`,
        mend: 'See the log of the service that reads it: a provider is slow, or there are too few instances.',
      })),
    ...rails
      .filter(({ pausedUntil }) => pausedUntil !== null && pausedUntil > at)
      .map(({ name, pausedUntil, reason }) => ({
        says: `${plain(name)} is paused until ${timeText(pausedUntil)}: ${plain(reason ?? 'nobody said why')}.`,
        mend: 'Mend what it names; it is tried again by itself.',
      })),
  ]
}

const lastHeard = (then: string | null, now: string): string =>
  then === null ? 'and never did' : `last heard ${ageText((Date.parse(now) - Date.parse(then)) / 1_000)} ago`

/** How the providers' calls went, a line for each; nothing where no service tells. */
export const providersText = ({ providers }: Pick<z.output<typeof system>, 'providers'>): string =>
  providers
    .filter(({ calls }) => calls > 0)
    .map(({ name, calls, failed, refused, p50Ms, p95Ms }) => {
      const ended = `${failed} failed, ${refused} refused`
      return `${plain(name)}: ${counted(calls, 'call')} within the hour, ${ended}; half within ${p50Ms} ms, 95 % within ${p95Ms} ms`
    })
    .join('\n')
