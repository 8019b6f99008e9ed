import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { ReconciliationReport } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { atRisk } from '../reconciliation.ts'
import { formatMoment, utcDays } from '../time.ts'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer, Empty } from '../ui/states.tsx'
import { Amount, Moment, Raw, Status, Window } from '../ui/values.tsx'
import { isCopied, Requests } from './comparisons.tsx'
import { Findings } from './findings.tsx'

/** A run ends, and a newer one begins, while somebody looks. */
const REFRESH_MS = 3_000

/** One comparison of somebody's books with ours. */
export function Component() {
  const { t, locale } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/reconciliations/${id}`
  const query = useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => read<ReconciliationReport>(path, {}, signal),
    refetchInterval: REFRESH_MS,
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
            {report.newer && <Newer newer={report.newer} />}
            <Overview report={report} path={path} />
            <Findings reportId={id} isCopied={isCopied(report)} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

function Overview({ report, path }: { report: ReconciliationReport; path: string }) {
  const { t, label, locale, tell } = useSpeech()
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
            [
              t('reconciliation.tolerance'),
              report.options &&
                new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 4 }).format(
                  report.options.tolerancePercentage / 100,
                ),
            ],
            [
              t('reconciliation.refunds'),
              report.options &&
                t(report.options.includeRefunds ? 'reconciliation.refundsIn' : 'reconciliation.refundsOut'),
            ],
            [label('error'), report.error && <span lang="en">{report.error}</span>],
          ]}
        />
        <Requests report={report} path={path} />
      </Section>
      <Section title={t('reconciliation.recommendations')}>
        {advice.length === 0 && <Empty>{t('reconciliation.noAdvice')}</Empty>}
        <ul>
          {advice.map((text) => (
            <li key={text}>{tell('advice', text)}</li>
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

/** This report stays as it was found; what it comes to now is on the page of the newest one. */
function Newer({ newer }: { newer: NonNullable<ReconciliationReport['newer']> }) {
  const { t } = useSpeech()
  return (
    <p className="notice" role="status">
      <Link to={`/reconciliation/${newer.id}`}>{t('reconciliation.newer')}</Link> <Status code={newer.status} />{' '}
      <Moment at={newer.startedAt} />
    </p>
  )
}
