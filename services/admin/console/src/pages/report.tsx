import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { ReconciliationReport } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { atRisk } from '../reconciliation.ts'
import { useMay } from '../session.tsx'
import { formatMoment, utcDays } from '../time.ts'
import { Action } from '../ui/action.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Amount, Raw, Status, Window } from '../ui/values.tsx'
import { Findings } from './findings.tsx'

/** One comparison of somebody's books with ours. */
export function Component() {
  const { t, locale } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/reconciliations/${id}`
  const query = useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => read<ReconciliationReport>(path, {}, signal),
  })
  const { from, to } = query.data ?? {}
  return (
    <PageOf
      title={
        from && to
          ? t('reconciliation.report', { date: utcDays(from, to, locale) ?? formatMoment(from, locale) })
          : t('reconciliation.title')
      }
    >
      <Answer query={query}>
        {(report) => (
          <>
            <Overview report={report} path={path} />
            <Findings reportId={id} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

function Overview({ report, path }: { report: ReconciliationReport; path: string }) {
  const { t, label } = useSpeech()
  const { recommendations, ...figures } = report.result ?? {}
  const advice = Array.isArray(recommendations) ? recommendations.map(String) : []
  return (
    <div className="columns">
      <Section title={t('detail.facts')} aside={<Status code={report.status} />}>
        <Facts
          facts={[
            [t('reconciliation.books'), label(report.books)],
            [t('reconciliation.window'), <Window key="window" from={report.from} to={report.to} />],
            [t('field.severity'), <Status key="severity" code={report.severity} />],
            ...atRisk(report).map(
              (money) =>
                [
                  `${t('reconciliation.atRisk')}, ${money.currency}`,
                  <Amount key={money.currency} money={money} />,
                ] as const,
            ),
            [label('error'), report.error],
          ]}
        />
        <Requests report={report} path={path} />
      </Section>
      <Section title={t('reconciliation.recommendations')}>
        <ul>
          {advice.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
        {Object.keys(figures).length > 0 && (
          <details>
            <summary>{t('reconciliation.figures')}</summary>
            <Raw value={figures} />
          </details>
        )}
      </Section>
    </div>
  )
}

function Requests({ report: { books, status }, path }: { report: ReconciliationReport; path: string }) {
  const { t, label } = useSpeech()
  const may = useMay('operator')
  if (!may || status === 'running') return null
  const deeds = [
    ...(books === 'billing' && status !== 'error'
      ? [{ path: 'sync', name: t('reconciliation.sync'), text: t('reconciliation.syncText') }]
      : []),
    { path: 'repeat', name: t('reconciliation.repeat'), text: t('reconciliation.repeatText') },
  ]
  return (
    <div className="buttons">
      {deeds.map((deed) => (
        <Action
          key={deed.path}
          deed={{
            ...deed,
            path: `${path}/${deed.path}`,
            body: (reason) => ({ reason }),
            said: () => t('reconciliation.requested', { what: deed.name }),
          }}
        >
          {label(books)}
        </Action>
      ))}
    </div>
  )
}
