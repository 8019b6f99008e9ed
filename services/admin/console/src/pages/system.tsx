import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { System } from '../api-controls.ts'
import { read } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { formatAge } from '../time.ts'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Caps } from './caps.tsx'
import { Rails } from './rails.tsx'
import { Providers, Services, Subscriptions } from './system-tables.tsx'

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
      <Answer query={query}>
        {(system) => (
          <>
            <Tiles system={system} />
            <Rails attempts={system.attempts} />
            <Caps />
            <Providers system={system} />
            <Subscriptions subscriptions={system.subscriptions} />
            <Services system={system} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

/** A relay that works takes what is due within a second or two. */
const LATE_SECONDS = 60

function Tiles({ system: { outbox, deadLetters, attempts, services } }: { system: System }) {
  const { t, locale } = useSpeech()
  const number = new Intl.NumberFormat(locale)
  const sum = (figureOf: (of: System['attempts'][number]) => number) =>
    attempts.reduce((total, one) => total + figureOf(one), 0)
  const unknown = sum((one) => one.unknown)
  const silent = services?.filter(({ trouble }) => trouble !== null).length ?? 0
  return (
    <dl className="tiles">
      <Tile
        name={t('system.outbox')}
        figure={number.format(outbox.due)}
        tone={(outbox.oldestSeconds ?? 0) > LATE_SECONDS ? 'bad' : 'good'}
      >
        {outbox.oldestSeconds !== null && outbox.due > 0
          ? t('system.outboxOldest', { age: formatAge(outbox.oldestSeconds, locale) })
          : t('system.outboxLater', { count: number.format(outbox.waiting - outbox.due) })}
      </Tile>
      <Tile name={t('system.deadLetters')} figure={number.format(deadLetters)} tone={deadLetters > 0 ? 'bad' : 'good'}>
        <Link to="/dead-letters?waiting=true">{t('explain.open')}</Link>
      </Tile>
      <Tile
        name={t('system.inFlight')}
        figure={number.format(sum(({ claimed }) => claimed))}
        tone={unknown > 0 ? 'warn' : 'good'}
      >
        {t('system.ofUnknown', { count: number.format(unknown) })}
      </Tile>
      {services && (
        <Tile
          name={t('system.services')}
          figure={t('system.servicesHeard', { count: services.length - silent, total: services.length })}
          tone={silent > 0 ? 'bad' : 'good'}
        >
          {t(silent > 0 ? 'system.servicesSilent' : 'system.servicesWell')}
        </Tile>
      )}
    </dl>
  )
}

function Tile({
  name,
  figure,
  tone,
  children,
}: {
  name: string
  figure: string
  tone: 'good' | 'warn' | 'bad'
  children: ReactNode
}) {
  return (
    <div className={`tile ${tone}`}>
      <dt>{name}</dt>
      <dd>{figure}</dd>
      <dd className="muted">{children}</dd>
    </div>
  )
}
