import { z } from 'zod'
import { plain, timeText } from './text.ts'

/** What happened to something, oldest first. */
export const timeline = z.array(
  z.looseObject({
    at: z.string(),
    kind: z.string(),
    title: z.string(),
    actor: z.string().nullable(),
    reason: z.string().nullable(),
  }),
)

export const timelineText = (moments: z.output<typeof timeline>): string =>
  moments
    .map(({ at, kind, title, actor, reason }) => {
      const why = [actor, reason].filter((text) => text !== null && text !== '').join(': ')
      return `${timeText(at)}  ${plain(kind).padEnd(7)}  ${plain(title)}${why === '' ? '' : ` (${plain(why)})`}`
    })
    .join('\n') || 'none'
