import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Rail, System } from '../api-controls.ts'
import { readPage } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { formatDuration } from '../time.ts'
import { Action } from '../ui/action.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Moment } from '../ui/values.tsx'

const REFRESH_MS = 5_000

/** The rails, what they do, and the switch of each: one person stops, two restart. */
export function Rails({ attempts }: Pick<System, 'attempts'>) {
  const { t, label, locale } = useSpeech()
  const query = useQuery({
    queryKey: ['/v1/rails'],
    queryFn: ({ signal }) => readPage<Rail>('/v1/rails', {}, signal),
    refetchInterval: REFRESH_MS,
  })
  const told = (header: string, textOf: (of: System['attempts'][number]) => string) => ({
    header,
    isFigure: true,
    cell: ({ name }: Rail) => {
      const figures = attempts.find(({ rail }) => rail === name)
      return figures ? textOf(figures) : t('field.none')
    },
  })
  const figure = (header: string, figureOf: (of: System['attempts'][number]) => number) =>
    told(header, (figures) => new Intl.NumberFormat(locale).format(figureOf(figures)))
  const took = (header: string, msOf: (of: System['attempts'][number]) => number | null) =>
    told(header, (figures) => {
      const ms = msOf(figures)
      return ms === null ? t('field.none') : formatDuration(ms, locale)
    })
  return (
    <Section title={t('system.rails')}>
      <Answer query={query}>
        {({ items }) => (
          <Table
            caption={t('system.railsCaption')}
            rows={items}
            rowKey={({ name }) => name}
            columns={[
              { header: t('field.rail'), cell: ({ name }) => label(name) },
              { header: t('field.status'), cell: (rail) => <RailState rail={rail} /> },
              figure(t('system.claimed'), ({ claimed }) => claimed),
              figure(t('system.unknown'), ({ unknown }) => unknown),
              figure(t('system.accepted'), ({ lastHour }) => lastHour.accepted),
              figure(t('system.declined'), ({ lastHour }) => lastHour.declined),
              took(t('system.p50'), ({ lastHour }) => lastHour.p50Ms),
              took(t('system.p95'), ({ lastHour }) => lastHour.p95Ms),
              { header: t('detail.actions'), cell: (rail) => <Switch rail={rail} /> },
            ]}
          />
        )}
      </Answer>
    </Section>
  )
}

function RailState({ rail: { stopped, paused } }: { rail: Rail }) {
  const { t, tell } = useSpeech()
  if (!stopped && !paused) return <span className="badge good">{t('system.running')}</span>
  return (
    <>
      {stopped && (
        <p>
          <span className="badge bad">{t('system.stopped')}</span> {t('detail.by', { actor: stopped.by })} ·{' '}
          <Moment at={stopped.at} /> <span className="muted">{stopped.reason}</span>
        </p>
      )}
      {paused && (
        <p>
          <span className="badge warn">{t('system.pausedUntil')}</span> <Moment at={paused.until} />{' '}
          <span className="muted">{paused.reason && tell('note', paused.reason)}</span>
        </p>
      )}
    </>
  )
}

function Switch({ rail: { name, stopped, restart } }: { rail: Rail }) {
  const { t, label } = useSpeech()
  const may = useMay('operator')
  if (restart) return <Link to="/approvals?status=open">{t('system.restartWaits')}</Link>
  if (!may) return t('field.none')
  const path = at`/v1/rails/${name}`
  const body = (reason: string) => ({ reason })
  const what = label(name)
  return stopped ? (
    <Action
      deed={{
        ...{ name: t('system.restart'), text: t('system.restartText'), path: `${path}/restart`, body },
        said: () => t('action.needsSecond', { what: `${t('system.restart')}, ${what}` }),
      }}
    >
      {what}
    </Action>
  ) : (
    <Action
      deed={{ name: t('system.stop'), text: t('system.stopText'), path: `${path}/stop`, body, isDangerous: true }}
    >
      {what}
    </Action>
  )
}
