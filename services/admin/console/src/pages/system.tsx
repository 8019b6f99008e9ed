import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { System } from '../api.ts'
import { read } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { formatAge } from '../time.ts'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Moment } from '../ui/values.tsx'

const REFRESH_MS = 5_000

export function Component() {
  const { t } = useSpeech()
  const query = useQuery({
    queryKey: ['/v1/system'],
    queryFn: ({ signal }) => read<System>('/v1/system', {}, signal),
    refetchInterval: REFRESH_MS,
  })
  return (
    <PageOf title={t('system.title')}>
      <Answer query={query}>{(system) => <Whole system={system} />}</Answer>
    </PageOf>
  )
}

function Whole({ system: { outbox, deadLetters, rails, attempts, subscriptions } }: { system: System }) {
  const { t, label, locale } = useSpeech()
  const number = new Intl.NumberFormat(locale)
  return (
    <>
      <div className="columns">
        <Section title={t('system.outbox')}>
          <Facts
            facts={[
              [t('system.outboxWaiting'), number.format(outbox.waiting)],
              [t('system.outboxDue'), number.format(outbox.due)],
              [
                t('system.outboxOldest'),
                outbox.oldestSeconds === null ? t('field.none') : formatAge(outbox.oldestSeconds, locale),
              ],
            ]}
          />
        </Section>
        <Section title={t('system.deadLetters')} aside={<Link to="/dead-letters">{t('explain.open')}</Link>}>
          <p className="figure big">{number.format(deadLetters)}</p>
        </Section>
      </div>
      <Section title={t('system.rails')}>
        <Table
          caption={t('system.railsCaption')}
          rows={rails}
          rowKey={({ name }) => name}
          columns={[
            { header: t('field.rail'), cell: ({ name }) => label(name) },
            { header: t('field.status'), cell: (rail) => <RailState rail={rail} /> },
            ...(
              [
                ['system.claimed', ({ claimed }) => claimed],
                ['system.unknown', ({ unknown }) => unknown],
                ['system.accepted', ({ lastHour }) => lastHour.accepted],
                ['system.declined', ({ lastHour }) => lastHour.declined],
              ] as const satisfies readonly (readonly [string, (of: System['attempts'][number]) => number])[]
            ).map(([header, figureOf]) => ({
              header: t(header),
              isFigure: true,
              cell: ({ name }: System['rails'][number]) => {
                const figures = attempts.find(({ rail }) => rail === name)
                return figures ? number.format(figureOf(figures)) : t('field.none')
              },
            })),
          ]}
        />
      </Section>
      <Section title={t('system.subscriptions')}>
        <Table
          caption={t('system.subscriptionsCaption')}
          rows={subscriptions}
          rowKey={({ name }) => name}
          columns={[
            { header: t('system.subscription'), cell: ({ name }) => <code>{name}</code> },
            { header: t('field.topic'), cell: ({ topic }) => <code>{topic}</code> },
          ]}
        />
      </Section>
    </>
  )
}

function RailState({ rail: { pausedUntil, reason } }: { rail: System['rails'][number] }) {
  const { t } = useSpeech()
  if (!pausedUntil) return <span className="badge good">{t('system.running')}</span>
  return (
    <>
      <span className="badge bad">{t('jobs.paused')}</span> <Moment at={pausedUntil} />
      {reason && <p className="muted">{reason}</p>}
    </>
  )
}
