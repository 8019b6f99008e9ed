import { z } from 'zod'
import { type Api, type ApiOptions, openApi } from '../api.ts'
import { CannotError, type Context } from '../context.ts'
import { jobs } from '../jobs.ts'
import { system, systemProblems } from '../system.ts'
import { counted, plain, timeText } from '../text.ts'
import { allOrWell, type Check, type Finding, unchecked, well, wrong } from './check.ts'

const me = z.looseObject({ subject: z.string(), roles: z.array(z.string()), environment: z.string() })

/** A scheduler that runs takes what is due within seconds. */
const JOB_LATE_MS = 120_000

/** What the operators' API tells: who one is there, the machinery, the clock. */
export function apiChecks(context: Context, options: ApiOptions): readonly Check[] {
  const opened = openApi(context, options, 'viewer')
  opened.catch(() => {}) // each check says it
  const through = (look: (api: Api) => Promise<readonly Finding[]>) => async (): Promise<readonly Finding[]> => {
    try {
      return await look(await opened)
    } catch (error) {
      if (error instanceof CannotError) return [unchecked('the API is not to be had')]
      throw error
    }
  }
  return [
    {
      name: 'operators’ API',
      look: async () => {
        try {
          const api = await opened
          const { subject, roles, environment } = await api.get('/v1/me', me)
          return roles.length > 0
            ? [well(`${plain(subject)} (${plain(roles.join(', '))}) in ${plain(environment)}, ${api.url}`)]
            : [wrong(`${plain(subject)} has no role there`, 'Have the issuer give you viewer, operator or approver.')]
        } catch (error) {
          if (!(error instanceof CannotError)) throw error
          return [
            wrong(error.message, 'See that the admin service runs, and that REMESA_URL and REMESA_TOKEN are right.'),
          ]
        }
      },
    },
    {
      name: 'messages',
      look: through(async (api) => {
        const state = await api.get('/v1/system', system)
        const found = systemProblems(state).map(({ says, mend }) => wrong(says, mend))
        return allOrWell(
          found,
          `${counted(state.outbox.waiting, 'message')} in the outbox, no dead letter, no rail paused`,
        )
      }),
    },
    {
      name: 'scheduler',
      look: through(async (api) => {
        const [{ items }, { at }] = await Promise.all([api.get('/v1/jobs', jobs), api.get('/v1/system', system)])
        if (items.length === 0) return [wrong('it has never run', 'Start the scheduler service.')]
        const late = Date.parse(at) - JOB_LATE_MS
        const found = items.flatMap(({ name, enabled, nextRunAt, lastOutcome, lastError }) => [
          ...(enabled && nextRunAt !== null && Date.parse(nextRunAt) < late
            ? [wrong(`${plain(name)} was due at ${timeText(nextRunAt)}`, 'See that the scheduler service runs.')]
            : []),
          ...(lastOutcome === 'failed'
            ? [
                wrong(
                  `${plain(name)} failed: ${plain(lastError ?? '')}`,
                  `Mend it, then: remesa jobs run ${plain(name)}`,
                ),
              ]
            : []),
        ])
        return allOrWell(found, `${counted(items.length, 'job')}, none late`)
      }),
    },
  ]
}
