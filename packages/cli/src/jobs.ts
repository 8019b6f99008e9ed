import { z } from 'zod'

/** What `GET /v1/jobs` answers. */
export const jobs = z.looseObject({
  items: z.array(
    z.looseObject({
      name: z.string(),
      schedule: z.string(),
      timeZone: z.string(),
      enabled: z.boolean(),
      nextRunAt: z.string().nullable(),
      lastRunAt: z.string().nullable(),
      lastDurationMs: z.number().nullable(),
      lastOutcome: z.string().nullable(),
      lastError: z.string().nullable(),
    }),
  ),
})
