import { Link } from 'react-router'
import type { Seller } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Moment, Status } from '../ui/values.tsx'
import { useList } from './use-list.ts'

export function Component() {
  const { t, label } = useSpeech()
  const query = useList<Seller>('/v1/sellers', useFilters(['q']))
  return (
    <PageOf title={t('sellers.title')}>
      <Filters fields={[{ name: 'q', label: t('field.q') }]} />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('sellers.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                { header: t('field.seller'), cell: ({ id, name }) => <Link to={`/sellers/${id}`}>{name}</Link> },
                { header: t('field.taxId'), cell: ({ taxId }) => taxId },
                { header: t('field.sellerId'), cell: ({ gscSellerId }) => gscSellerId },
                { header: t('sellers.operation'), cell: ({ operationType }) => label(operationType) },
                { header: t('field.rail'), cell: ({ account }) => (account ? label(account) : t('field.none')) },
                { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
                { header: t('field.updatedAt'), cell: ({ updatedAt }) => <Moment at={updatedAt} /> },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}
