import { type AdminJob, claimDueRun, findDueJobs, finishRun, registerJobs } from '@remesa/database/admin-jobs'
import type { Database } from '@remesa/database/connection'
import type { Schema } from '@remesa/database/schema'
import type { Logger } from '@remesa/service-kit/logger'
import { Cron } from 'croner'
import type { Transaction } from 'kysely'

/** A job that is started by the clock. */
export interface Job {
  readonly name: string
  /** Cron, five fields, in `timeZone`. */
  readonly schedule: string
  readonly timeZone: string
  /**
   * Puts messages on their way, in the transaction that takes the run: the run is taken and told of, or neither.
   * @param dueTimes - when it fell due since it ran last, oldest first: more than once when no scheduler was up
   */
  readonly enqueue?: (tx: Transaction<Schema>, dueTimes: readonly Date[]) => Promise<void>
  /** Work of the scheduler's own, harmless when repeated; a run that died is not made up for before the next. */
  readonly work?: () => Promise<void>
}

interface Parts {
  readonly database: Database
  readonly jobs: readonly Job[]
  readonly now: () => Date
  /** Sends what was just committed on its way. */
  readonly nudge: () => void
  readonly logger: Pick<Logger, 'info' | 'error'>
}

/** Makes the jobs known, so that the console shows them and a run that falls due is found. */
export function makeJobsKnown({ database, jobs, now }: Pick<Parts, 'database' | 'jobs' | 'now'>): Promise<void> {
  const known = jobs.map(({ name, schedule, timeZone }): AdminJob => {
    return { name, schedule, timeZone, nextRunAt: nextRun({ schedule, timeZone }, now()) }
  })
  return database.transaction().execute((tx) => registerJobs(tx, known))
}

/**
 * Starts what is due. Of several schedulers at once, one starts each run; a job in trouble does not keep the others
 * from starting.
 * @throws when the database cannot be asked what is due
 */
export async function runDueJobs(parts: Parts): Promise<void> {
  for (const { name, dueAt } of await findDueJobs(parts.database, parts.now())) {
    const job = parts.jobs.find((one) => one.name === name)
    if (!job) continue // another version of the scheduler has it
    await runJob(parts, job, dueAt).catch((err: unknown) => {
      parts.logger.error(
        { err, job: name, dueAt },
        'a run could not be taken or noted; what was not taken is still due',
      )
    })
  }
}

async function runJob({ database, now, nudge, logger }: Parts, job: Job, dueAt: Date): Promise<void> {
  const startedAt = now()
  const began = performance.now()
  const taken = await database.transaction().execute(async (tx) => {
    const run = { name: job.name, dueAt, nextRunAt: nextRun(job, startedAt), now: startedAt }
    if (!(await claimDueRun(tx, run))) return false
    if (job.enqueue) await job.enqueue(tx, dueTimes(job, { from: dueAt, to: startedAt }))
    return true
  })
  if (!taken) return
  nudge()
  const error = await failureOf(job)
  await finishRun(database, { name: job.name, startedAt, durationMs: performance.now() - began, error })
  if (error === null) logger.info({ job: job.name, dueAt }, 'a job ran')
  else logger.error({ job: job.name, dueAt, error }, 'a job failed; it runs again when it falls due')
}

async function failureOf({ work }: Job): Promise<string | null> {
  try {
    await work?.()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function dueTimes(job: Job, { from, to }: { from: Date; to: Date }): readonly Date[] {
  const times = [from]
  for (let next = nextRun(job, from); next <= to; next = nextRun(job, next)) times.push(next)
  return times
}

/** @throws Error for a schedule that never comes */
export function nextRun({ schedule, timeZone }: Pick<Job, 'schedule' | 'timeZone'>, after: Date): Date {
  const next = new Cron(schedule, { timezone: timeZone, paused: true }).nextRun(after)
  if (!next) throw new Error(`the schedule ${schedule} never comes`)
  return next
}
