import { Link } from 'react-router'
import type { System, SystemProvider, SystemService, SystemSubscription } from '../api-controls.ts'
import { useSpeech } from '../language.tsx'
import { formatAge, formatDuration } from '../time.ts'
import { Section } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Moment } from '../ui/values.tsx'

const WORRYING_SHARE = 0.05

/** How calls of the outside APIs fare, as all services together tell it. */
export function Providers({ system: { providers, services } }: { system: System }) {
  const { t, label, locale } = useSpeech()
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const took = (ms: number | null) => (ms === null ? t('field.none') : formatDuration(ms, locale))
  const columns: Column<SystemProvider>[] = [
    { header: t('field.provider'), cell: ({ name }) => label(name) },
    { header: t('system.calls'), cell: ({ calls }) => number.format(calls), isFigure: true },
    {
      header: t('system.failed'),
      isFigure: true,
      cell: ({ calls, failed }) => (
        <span className={failed / Math.max(calls, 1) > WORRYING_SHARE ? 'badge bad' : undefined}>
          {number.format(failed)} ({percent.format(failed / Math.max(calls, 1))})
        </span>
      ),
    },
    { header: t('system.refused'), cell: ({ refused }) => number.format(refused), isFigure: true },
    { header: t('system.p50'), cell: ({ p50Ms }) => took(p50Ms), isFigure: true },
    { header: t('system.p95'), cell: ({ p95Ms }) => took(p95Ms), isFigure: true },
    { header: t('system.inUse'), cell: ({ inUse }) => number.format(inUse), isFigure: true },
  ]
  return (
    <Section title={t('system.providers')}>
      {services ? (
        <Table
          caption={t('system.providersCaption')}
          empty={t('system.providersNone')}
          rows={providers}
          rowKey={({ name }) => name}
          columns={columns}
        />
      ) : (
        <Empty>{t('system.noMetrics')}</Empty>
      )}
    </Section>
  )
}

export function Subscriptions({ subscriptions }: { subscriptions: readonly SystemSubscription[] }) {
  const { t, locale } = useSpeech()
  const number = new Intl.NumberFormat(locale)
  type Workers = NonNullable<SystemSubscription['workers']>
  const told = (header: string, figureOf: (workers: Workers) => string): Column<SystemSubscription> => ({
    header,
    isFigure: true,
    cell: ({ workers }) => (workers ? figureOf(workers) : t('field.none')),
  })
  const columns: Column<SystemSubscription>[] = [
    {
      header: t('system.subscription'),
      cell: ({ name, topic }) => (
        <>
          <code>{name}</code>
          <br />
          <code className="muted">{topic}</code>
        </>
      ),
    },
    {
      header: t('system.outboxDue'),
      isFigure: true,
      cell: ({ outbox }) => `${number.format(outbox.due)} / ${number.format(outbox.waiting)}`,
    },
    told(t('system.inHand'), ({ inHand }) => number.format(inHand)),
    told(t('system.oldestInHand'), ({ inHand, oldestSeconds }) =>
      inHand > 0 ? formatAge(oldestSeconds, locale) : t('field.none'),
    ),
    told(t('system.perMinute'), ({ perMinute }) => number.format(Math.round(perMinute))),
    told(t('system.handled'), ({ done }) => number.format(done)),
    told(t('system.retried'), ({ retried }) => number.format(retried)),
    told(t('system.failed'), ({ failed }) => number.format(failed)),
    {
      header: t('system.deadLetters'),
      isFigure: true,
      cell: ({ deadLetters, topic }) =>
        deadLetters === 0 ? (
          '0'
        ) : (
          <Link to={`/dead-letters?${new URLSearchParams({ topic, waiting: 'true' })}`}>
            {number.format(deadLetters)}
          </Link>
        ),
    },
  ]
  return (
    <Section title={t('system.subscriptions')}>
      <Table
        caption={t('system.subscriptionsCaption')}
        rows={subscriptions}
        rowKey={({ name }) => name}
        columns={columns}
      />
      <p className="muted">{t('system.depthElsewhere')}</p>
    </Section>
  )
}

/** Whose metrics these figures are, and how old. */
export function Services({ system: { services, at } }: { system: System }) {
  const { t, locale, tell } = useSpeech()
  if (!services) return null
  const columns: Column<SystemService>[] = [
    { header: t('system.service'), cell: ({ name }) => <code>{name}</code> },
    {
      header: t('field.status'),
      cell: ({ trouble }) =>
        trouble === null ? (
          <span className="badge good">{t('system.heard')}</span>
        ) : (
          <>
            <span className="badge bad">{t('system.notHeard')}</span>{' '}
            <span className="muted">{tell('trouble', trouble)}</span>
          </>
        ),
    },
    {
      header: t('system.age'),
      isFigure: true,
      cell: (one) =>
        one.at === null
          ? t('field.none')
          : formatAge(Math.max(0, (Date.parse(at) - Date.parse(one.at)) / 1_000), locale),
    },
    { header: t('system.lastHeard'), cell: (one) => <Moment at={one.at} /> },
    { header: t('system.over'), cell: ({ windowSeconds }) => formatAge(windowSeconds, locale), isFigure: true },
  ]
  return (
    <Section title={t('system.services')}>
      <Table caption={t('system.servicesCaption')} rows={services} rowKey={({ name }) => name} columns={columns} />
    </Section>
  )
}
