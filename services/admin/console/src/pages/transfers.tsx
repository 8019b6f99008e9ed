import { Link } from 'react-router'
import type { Transfer } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Id, Moment, Status } from '../ui/values.tsx'
import { useList } from './use-list.ts'

const STATUSES = [
  ...['awaiting_destination', 'pending', 'processing', 'completed', 'retryable', 'failed_terminal', 'withdrawn'],
]

export function Component() {
  const { t } = useSpeech()
  const query = useList<Transfer>('/v1/transfers', useFilters(['q', 'status', 'userId', 'jobId', 'payoutId']))
  return (
    <PageOf title={t('transfers.title')}>
      <Filters
        fields={[
          { name: 'q', label: t('field.id') },
          { name: 'status', label: t('field.status'), options: STATUSES },
          { name: 'userId', label: t('field.userId') },
          { name: 'jobId', label: t('field.jobId') },
          { name: 'payoutId', label: t('field.payoutId') },
        ]}
      />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('transfers.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                {
                  header: t('field.id'),
                  cell: ({ id }) => (
                    <Link to={`/transfers/${id}`}>
                      <Id id={id} />
                    </Link>
                  ),
                },
                { header: t('field.userId'), cell: ({ userId }) => userId },
                { header: t('field.amount'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
                { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
                { header: t('field.attempts'), cell: ({ attempts }) => attempts, isFigure: true },
                { header: t('field.nextTryAt'), cell: ({ nextTryAt }) => <Moment at={nextTryAt} /> },
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
