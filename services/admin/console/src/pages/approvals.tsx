import type { Approval } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager } from '../ui/table.tsx'
import { ApprovalsTable } from './approvals-table.tsx'
import { useList } from './use-list.ts'

export function Component() {
  const { t } = useSpeech()
  const query = useList<Approval>('/v1/approvals', useFilters(['status', 'payoutId']))
  return (
    <PageOf title={t('approvals.title')}>
      <Filters
        fields={[
          { name: 'status', label: t('field.status'), options: ['open', 'approved', 'refused', 'void'] },
          { name: 'payoutId', label: t('field.payoutId') },
        ]}
      />
      <Answer query={query}>
        {(page) => (
          <>
            <ApprovalsTable approvals={page.items} />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}
