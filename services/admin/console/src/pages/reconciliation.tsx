import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import type { Reconciliation } from '../api.ts'
import { readPage } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { formatMoney } from '../money.ts'
import { atRisk, trendPoints } from '../reconciliation.ts'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf, Section } from '../ui/page.tsx'
import { Answer, Empty } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { TrendChart } from '../ui/trend-chart.tsx'
import { Amounts, Status, Window } from '../ui/values.tsx'
import { BOOKS, StartComparison } from './comparisons.tsx'
import { useList } from './use-list.ts'

/** A comparison that somebody asked for appears, and ends, by itself. */
const REFRESH_MS = 5_000

export function Component() {
  const { t, label } = useSpeech()
  const filters = useFilters(['books'])
  const query = useList<Reconciliation>('/v1/reconciliations', filters, REFRESH_MS)
  return (
    <PageOf title={t('reconciliation.title')} aside={<StartComparison />}>
      <Filters fields={[{ name: 'books', label: t('reconciliation.books'), options: BOOKS }]} />
      <Trend books={filters.books ?? 'billing'} />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('reconciliation.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                {
                  header: t('reconciliation.window'),
                  cell: ({ id, from, to }) => (
                    <Link to={`/reconciliation/${id}`}>
                      <Window from={from} to={to} />
                    </Link>
                  ),
                },
                { header: t('reconciliation.books'), cell: ({ books }) => label(books) },
                { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
                { header: t('field.severity'), cell: ({ severity }) => <Status code={severity} /> },
                {
                  header: t('reconciliation.atRisk'),
                  cell: (report) => <Amounts amounts={atRisk(report)} />,
                  isFigure: true,
                },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

const WINDOWS = 90

function Trend({ books }: { books: string }) {
  const { t, label } = useSpeech()
  const query = useQuery({
    queryKey: ['/v1/reconciliations/trend', books],
    queryFn: ({ signal }) => readPage<Reconciliation>('/v1/reconciliations/trend', { books, limit: WINDOWS }, signal),
    refetchInterval: REFRESH_MS,
  })
  return (
    <Section title={`${t('reconciliation.trend')}: ${label(books)}`}>
      <Answer query={query}>{({ items }) => <Drawn reports={items} />}</Answer>
    </Section>
  )
}

function Drawn({ reports }: { reports: readonly Reconciliation[] }) {
  const { t, locale } = useSpeech()
  const currencies = [...new Set(reports.flatMap(atRisk).map(({ currency }) => currency))]
  const [chosen, setChosen] = useState<string>()
  const currency = currencies.find((one) => one === chosen) ?? currencies[0]
  const points = useMemo(() => (currency ? trendPoints(reports, currency) : []), [reports, currency])
  if (!currency) return <Empty>{t('reconciliation.trendNone')}</Empty>
  const caption = t('reconciliation.trendCaption', { currency })
  return (
    <>
      {currencies.length > 1 && (
        <label>
          {t('reconciliation.trendCurrency')}{' '}
          <select value={currency} onChange={({ target }) => setChosen(target.value)}>
            {currencies.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      )}
      <figure>
        <figcaption>{caption}</figcaption>
        <TrendChart label={caption} points={points} locale={locale} />
      </figure>
      <details>
        <summary>{t('reconciliation.asTable')}</summary>
        <Table
          caption={caption}
          rows={points}
          rowKey={({ at }) => at}
          columns={[
            { header: t('reconciliation.window'), cell: ({ at, to }) => <Window from={at} to={to} /> },
            { header: t('reconciliation.atRisk'), cell: ({ money }) => formatMoney(money, locale), isFigure: true },
          ]}
        />
      </details>
    </>
  )
}
