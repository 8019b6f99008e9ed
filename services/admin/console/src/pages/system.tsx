import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { System } from '../api-controls.ts'
import { read } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { formatAge } from '../time.ts'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Caps } from './caps.tsx'
import { Cooling } from './cooling.tsx'
import { Rails } from './rails.tsx'

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

function Whole({ system: { outbox, deadLetters, attempts, subscriptions } }: { system: System }) {
  const { t, locale } = useSpeech()
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
      <Rails attempts={attempts} />
      <Caps />
      <Cooling />
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
