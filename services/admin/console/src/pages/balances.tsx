import { Link } from 'react-router'
import type { Balance } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { readAmount } from '../money.ts'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Day, Moment, Status } from '../ui/values.tsx'
import { useList } from './use-list.ts'

const STATUSES = [
  ...['initialized', 'retrieved', 'no_payment_due', 'payable', 'blocked', 'paying', 'payment_pending'],
  ...['awaiting_funds', 'paid', 'failed', 'returned'],
]
const NAMES = ['q', 'status', 'date', 'country', 'currency', 'sellerId', 'min', 'max']

export function Component() {
  const { t, label } = useSpeech()
  const { currency: code, ...filters } = useFilters(NAMES)
  const currency = code?.toUpperCase()
  // People write major units; the API has minor ones, and how many those are only the currency says.
  const [min, max] = [filters.min, filters.max].map((text) => text && readAmount(text, currency ?? ''))
  const isUnclear = (filters.min && !min) || (filters.max && !max)
  const query = useList<Balance>('/v1/balances', { ...filters, currency, min, max })
  return (
    <PageOf title={t('balances.title')}>
      <Filters
        fields={[
          { name: 'q', label: t('field.q') },
          { name: 'status', label: t('field.status'), options: STATUSES },
          { name: 'date', label: t('field.businessDate'), type: 'date' },
          { name: 'country', label: t('field.country') },
          { name: 'currency', label: t('field.currency') },
          { name: 'min', label: t('field.min') },
          { name: 'max', label: t('field.max') },
          { name: 'sellerId', label: t('field.sellerId') },
        ]}
      />
      {isUnclear && (
        <p className="trouble" role="alert">
          {t('field.minMaxNeedCurrency')}
        </p>
      )}
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('balances.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                {
                  header: t('field.seller'),
                  cell: ({ id, seller }) => <Link to={`/balances/${id}`}>{seller.name}</Link>,
                },
                { header: t('field.taxId'), cell: ({ seller }) => seller.taxId },
                { header: t('field.businessDate'), cell: ({ businessDate }) => <Day date={businessDate} /> },
                { header: t('field.country'), cell: ({ country }) => country.toUpperCase() },
                { header: t('field.amount'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
                { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
                { header: t('field.rail'), cell: ({ rail }) => (rail ? label(rail) : t('field.none')) },
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
