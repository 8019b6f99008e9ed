import { Link } from 'react-router'
import type { Payout } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Moment, Status } from '../ui/values.tsx'
import { useList } from './use-list.ts'

const STATUSES = ['scheduled', 'on_hold', 'processing', 'transferred', 'failed', 'cancelled']

export function Component() {
  const { t } = useSpeech()
  const query = useList<Payout>('/v1/payouts', useFilters(['status', 'bookingId', 'providerId']))
  return (
    <PageOf title={t('payouts.title')} aside={<Link to="/approvals">{t('approvals.title')}</Link>}>
      <Filters
        fields={[
          { name: 'bookingId', label: t('field.booking') },
          { name: 'providerId', label: t('field.provider') },
          { name: 'status', label: t('field.status'), options: STATUSES },
        ]}
      />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('payouts.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                {
                  header: t('field.booking'),
                  cell: ({ id, bookingId, sequence }) => (
                    <Link to={`/payouts/${id}`}>
                      {bookingId}
                      {sequence > 1 && ` · ${sequence}`}
                    </Link>
                  ),
                },
                { header: t('field.provider'), cell: ({ providerId }) => providerId },
                {
                  header: t('field.amount'),
                  cell: ({ amount, currency }) => <Amount money={{ amount, currency }} />,
                  isFigure: true,
                },
                { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
                { header: t('field.dueAt'), cell: ({ dueAt }) => <Moment at={dueAt} /> },
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
