import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useSearchParams } from 'react-router'
import type { Found } from '../api.ts'
import { readPage } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer, Empty } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, addressOf, Moment, Status, titleIn } from '../ui/values.tsx'

/** What the search box finds. One hit needs no list. */
export function Component() {
  const { t } = useSpeech()
  const q = (useSearchParams()[0].get('q') ?? '').trim()
  return (
    <PageOf title={q ? t('search.results', { q }) : t('search.title')}>
      {q ? <Results q={q} /> : <Empty>{t('search.prompt')}</Empty>}
    </PageOf>
  )
}

function Results({ q }: { q: string }) {
  const { t, label, tell } = useSpeech()
  const query = useQuery({
    queryKey: ['/v1/search', q],
    queryFn: ({ signal }) => readPage<Found>('/v1/search', { q }, signal),
  })
  return (
    <Answer query={query}>
      {({ items }) => {
        const [only] = items
        if (only && items.length === 1) return <Navigate to={at`/explain/${only.id}`} replace />
        return (
          <Table
            caption={t('search.caption')}
            empty={t('search.none', { q })}
            rows={items}
            rowKey={({ type, id }) => `${type} ${id}`}
            columns={[
              {
                header: t('field.subject'),
                cell: (found) => <Link to={at`/explain/${found.id}`}>{titleIn(tell, found.type, found.title)}</Link>,
              },
              { header: t('field.type'), cell: ({ type }) => label(type) },
              { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
              { header: t('field.amount'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
              { header: t('field.at'), cell: ({ at: moment }) => <Moment at={moment} /> },
              {
                header: t('explain.open'),
                cell: (found) => <OwnPage found={found} />,
              },
            ]}
          />
        )
      }}
    </Answer>
  )
}

function OwnPage({ found }: { found: Found }) {
  const { t, tell } = useSpeech()
  const address = addressOf(found)
  if (!address || address.startsWith('/explain')) return t('field.none')
  return (
    <Link to={address} aria-label={`${t('explain.open')}: ${titleIn(tell, found.type, found.title)}`}>
      {t('explain.open')}
    </Link>
  )
}
