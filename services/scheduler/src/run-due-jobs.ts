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
  /** Puts messages on their way, in the transaction that takes the run: the run is taken and told of, or neither. */
  readonly enqueue?: (tx: Transaction<Schema>, dueAt: Date) => Promise<void>
  /** Work of the scheduler's own, harmless when repeated; a run that died is not made up for before the next. */
  readonly work?: () => Promise<void>
}

interface Parts {
  readonly database: Database
  readonly jobs: readonly Job[]
  readonly now: () => Date
  /** Sends what was just committed on its way. */
  readonly nudge: () => void
  readonly logger: Logger
}

/** Makes the jobs known, so that the console shows them and a run that falls due is found. */
export function makeJobsKnown({ database, jobs, now }: Pick<Parts, 'database' | 'jobs' | 'now'>): Promise<void> {
  const known = jobs.map(({ name, schedule, timeZone }): AdminJob => {
    return { name, schedule, timeZone, nextRunAt: nextRun({ schedule, timeZone }, now()) }
  })
  return database.transaction().execute((tx) => registerJobs(tx, known))
}

/** Starts what is due. Of several schedulers at once, one starts each run. */
export async function runDueJobs({ database, jobs, now, nudge, logger }: Parts): Promise<void> {
  for (const due of await findDueJobs(database, now())) {
    const job = jobs.find(({ name }) => name === due.name)
    if (!job) continue // another version of the scheduler has it
    const startedAt = now()
    const began = performance.now()
    const finish = (error: string | null) =>
      finishRun(database, { name: job.name, startedAt, durationMs: performance.now() - began, error })
    const taken = await database.transaction().execute(async (tx) => {
      const run = { name: job.name, dueAt: due.dueAt, nextRunAt: nextRun(job, startedAt), now: startedAt }
      if (!(await claimDueRun(tx, run))) return false
      await job.enqueue?.(tx, due.dueAt)
      return true
    })
    if (!taken) continue
    nudge()
    try {
      await job.work?.()
      await finish(null)
      logger.info({ job: job.name, dueAt: due.dueAt }, 'job started')
    } catch (error) {
      logger.error({ err: error, job: job.name }, 'a job failed; it runs again when it falls due')
      await finish(error instanceof Error ? error.message : String(error))
    }
  }
}

/** @throws Error for a schedule that never comes */
export function nextRun({ schedule, timeZone }: Pick<Job, 'schedule' | 'timeZone'>, after: Date): Date {
  const next = new Cron(schedule, { timezone: timeZone, paused: true }).nextRun(after)
  if (!next) throw new Error(`the schedule ${schedule} never comes`)
  return next
}
