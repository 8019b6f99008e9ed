import { useQuery } from '@tanstack/react-query'
import type { Job } from '../api-controls.ts'
import { readPage } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Moment, Status } from '../ui/values.tsx'

const REFRESH_MS = 10_000

export function Component() {
  const { t, locale } = useSpeech()
  const query = useQuery({
    queryKey: ['/v1/jobs'],
    queryFn: ({ signal }) => readPage<Job>('/v1/jobs', {}, signal),
    refetchInterval: REFRESH_MS,
  })
  return (
    <PageOf title={t('jobs.title')}>
      <Answer query={query}>
        {({ items }) => (
          <Table
            caption={t('jobs.caption')}
            rows={items}
            rowKey={({ name }) => name}
            columns={[
              { header: t('jobs.name'), cell: ({ name }) => <JobName name={name} /> },
              {
                header: t('jobs.schedule'),
                cell: ({ schedule, timeZone }) => (
                  <>
                    <code>{schedule}</code> <span className="muted">{timeZone}</span>
                  </>
                ),
              },
              {
                header: t('field.status'),
                cell: ({ enabled }) => (
                  <span className={`badge ${enabled ? 'good' : 'warn'}`}>
                    {t(enabled ? 'jobs.enabled' : 'jobs.paused')}
                  </span>
                ),
              },
              { header: t('jobs.next'), cell: ({ nextRunAt }) => <Moment at={nextRunAt} /> },
              { header: t('jobs.last'), cell: ({ lastRunAt }) => <Moment at={lastRunAt} /> },
              {
                header: t('jobs.took'),
                cell: ({ lastDurationMs }) =>
                  lastDurationMs === null
                    ? t('field.none')
                    : t('jobs.milliseconds', { count: new Intl.NumberFormat(locale).format(lastDurationMs) }),
                isFigure: true,
              },
              {
                header: t('jobs.outcome'),
                cell: ({ lastOutcome, lastError }) => (
                  <>
                    <Status code={lastOutcome} />
                    {lastError && (
                      <p className="muted" lang="en">
                        {lastError}
                      </p>
                    )}
                  </>
                ),
              },
              { header: t('detail.actions'), cell: (job) => <Actions job={job} /> },
            ]}
          />
        )}
      </Answer>
    </PageOf>
  )
}

/** What it does, and the name that the command line knows it by. */
function JobName({ name }: Pick<Job, 'name'>) {
  const { label } = useSpeech()
  return (
    <>
      {label(name)}
      <br />
      <code className="muted">{name}</code>
    </>
  )
}

function Actions({ job: { name, enabled } }: { job: Job }) {
  const { t } = useSpeech()
  const may = useMay('operator')
  if (!may) return <>{t('field.none')}</>
  const turn = enabled
    ? { path: 'pause', name: t('jobs.pause'), text: t('jobs.pauseText'), isDangerous: true }
    : { path: 'resume', name: t('jobs.resume'), text: t('jobs.resumeText') }
  return (
    <div className="buttons">
      {[{ path: 'run', name: t('jobs.run'), text: t('jobs.runText') }, turn].map((deed) => (
        <Action
          key={deed.path}
          deed={{ ...deed, path: `${at`/v1/jobs/${name}`}/${deed.path}`, body: (reason) => ({ reason }) }}
        >
          <JobName name={name} />
        </Action>
      ))}
    </div>
  )
}
