import { type Selectable, sql, type Transaction } from 'kysely'
import { recordAudit } from './audit.ts'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A job that the scheduler starts. */
export interface AdminJob {
  readonly name: string
  /** Cron, five fields. */
  readonly schedule: string
  /** IANA, e.g. `America/Santiago`. */
  readonly timeZone: string
  readonly nextRunAt: Date
}

export interface AdminJobState extends Omit<AdminJob, 'nextRunAt'> {
  readonly enabled: boolean
  readonly nextRunAt: Date | null
  readonly lastRunAt: Date | null
  readonly lastDurationMs: number | null
  readonly lastOutcome: 'succeeded' | 'failed' | null
  readonly lastError: string | null
}

/**
 * Makes the jobs known. One that is known keeps its state, and its next run too, unless its schedule changed: a run
 * that fell due while no scheduler was up is still due.
 */
export async function registerJobs(tx: Transaction<Schema>, jobs: readonly AdminJob[]): Promise<void> {
  if (jobs.length === 0) return
  const rows = jobs.map(({ nextRunAt, ...job }) => ({ ...job, nextRunAt: nextRunAt.toISOString() }))
  await sql`
    insert into admin_jobs as j (name, schedule, time_zone, next_run_at)
    select name, schedule, "timeZone", "nextRunAt"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(name text, schedule text, "timeZone" text,
      "nextRunAt" timestamptz)
    order by name
    on conflict (name) do update set schedule = excluded.schedule, time_zone = excluded.time_zone,
      next_run_at = case when (j.schedule, j.time_zone) = (excluded.schedule, excluded.time_zone)
        then coalesce(j.next_run_at, excluded.next_run_at) else excluded.next_run_at end`.execute(tx)
}

/** Jobs whose time has come, and when it came. */
export async function findDueJobs(
  database: Database,
  now: Date,
): Promise<readonly Required<Pick<AdminJob, 'name' | 'schedule' | 'timeZone'> & { dueAt: Date }>[]> {
  const rows = await database
    .selectFrom('admin_jobs')
    .select(['name', 'schedule', 'time_zone', 'next_run_at'])
    .where('enabled', '=', true)
    .where('next_run_at', '<=', now)
    .orderBy('next_run_at')
    .execute()
  return rows.flatMap(({ name, schedule, time_zone, next_run_at }) =>
    next_run_at ? [{ name, schedule, timeZone: time_zone, dueAt: next_run_at }] : [],
  )
}

/**
 * Takes one due run of a job: of two schedulers that saw it fall due, one gets it.
 * @param run.dueAt - as `findDueJobs` told it
 * @param run.nextRunAt - when it falls due again; however many runs were missed, they are made up for by one
 * @returns false when another took it, or the job was switched off
 */
export async function claimDueRun(
  tx: Transaction<Schema>,
  run: { name: string; dueAt: Date; nextRunAt: Date; now: Date },
): Promise<boolean> {
  const taken = await tx
    .updateTable('admin_jobs')
    .set({ last_run_at: run.now, next_run_at: run.nextRunAt })
    .where('name', '=', run.name)
    .where('enabled', '=', true)
    .where('next_run_at', '=', run.dueAt)
    .returning('name')
    .executeTakeFirst()
  return taken !== undefined
}

/** Notes how a run ended. @param run.startedAt - as it was claimed: a later run's outcome is not overwritten */
export async function finishRun(
  database: Database,
  run: { name: string; startedAt: Date; durationMs: number; error: string | null },
): Promise<void> {
  await database
    .updateTable('admin_jobs')
    .set({
      last_duration_ms: Math.round(run.durationMs),
      last_outcome: run.error === null ? 'succeeded' : 'failed',
      last_error: run.error,
    })
    .where('name', '=', run.name)
    .where('last_run_at', '=', run.startedAt)
    .execute()
}

/**
 * Notes how a run ended that the scheduler only told somebody else of: telling took a moment, the work its own time. It
 * has the last word, whether the scheduler has noted the telling before or does so after.
 * @param run.startedAt - when the work began
 */
export async function noteRun(
  database: Database,
  run: { name: string; startedAt: Date; durationMs: number; error: string | null },
): Promise<void> {
  await database
    .updateTable('admin_jobs')
    .set({
      last_run_at: run.startedAt,
      last_duration_ms: Math.round(run.durationMs),
      last_outcome: run.error === null ? 'succeeded' : 'failed',
      last_error: run.error,
    })
    .where('name', '=', run.name)
    .execute()
}

/** What a person asks of a job. */
export type JobWish = 'run' | 'pause' | 'resume'

/**
 * Has a job run at once, or not until it is resumed. Run now, it falls due at this moment, and then by its schedule again;
 * resumed, what fell due meanwhile is made up for as after an outage.
 * @returns the job as it stands now; `refused` for the run of one that is paused; undefined when there is no such job
 */
export async function changeJob(
  tx: Transaction<Schema>,
  name: string,
  { wish, actor, reason, now }: { wish: JobWish; actor: string; reason: string; now: Date },
): Promise<{ readonly kind: 'done' | 'refused'; readonly job: AdminJobState } | undefined> {
  const before = await tx.selectFrom('admin_jobs').selectAll().where('name', '=', name).forUpdate().executeTakeFirst()
  if (!before) return undefined
  if (wish === 'run' && !before.enabled) return { kind: 'refused', job: jobOf(before) }
  const isDue = before.next_run_at !== null && before.next_run_at <= now
  const after = await tx
    .updateTable('admin_jobs')
    .set(wish === 'run' ? { next_run_at: isDue ? before.next_run_at : now } : { enabled: wish === 'resume' })
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirstOrThrow()
  const told = ({ enabled, next_run_at }: typeof after) => ({ enabled, nextRunAt: next_run_at })
  await recordAudit(tx, [
    {
      actor,
      action: wish === 'run' ? 'admin_job.run_now' : `admin_job.${wish}d`,
      subject: { type: 'admin_job', id: name },
      reason,
      before: told(before),
      after: told(after),
    },
  ])
  return { kind: 'done', job: jobOf(after) }
}

/** Every job, for the console. */
export async function listJobs(database: Database): Promise<readonly AdminJobState[]> {
  const rows = await database.selectFrom('admin_jobs').selectAll().orderBy('name').execute()
  return rows.map(jobOf)
}

const jobOf = (row: Selectable<Schema['admin_jobs']>): AdminJobState => ({
  name: row.name,
  schedule: row.schedule,
  timeZone: row.time_zone,
  enabled: row.enabled,
  nextRunAt: row.next_run_at,
  lastRunAt: row.last_run_at,
  lastDurationMs: row.last_duration_ms,
  lastOutcome: row.last_outcome,
  lastError: row.last_error,
})
