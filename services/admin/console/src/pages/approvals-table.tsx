import { Link } from 'react-router'
import type { Approval } from '../api.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { Table } from '../ui/table.tsx'
import { Amounts, Id, Moment, Status } from '../ui/values.tsx'
import { Decision } from './decision.tsx'

/** What takes a second person. Whoever asked sees it, and cannot decide. */
export function ApprovalsTable({ approvals, empty }: { approvals: readonly Approval[]; empty?: string }) {
  const { t, label } = useSpeech()
  return (
    <Table
      caption={t('approvals.caption')}
      {...(empty !== undefined && { empty })}
      rows={approvals}
      rowKey={({ id }) => id}
      columns={[
        {
          header: t('field.payoutId'),
          cell: ({ payoutId }) => (
            <Link to={`/payouts/${payoutId}`}>
              <Id id={payoutId} />
            </Link>
          ),
        },
        { header: t('field.action'), cell: ({ action }) => label(action) },
        { header: t('field.amount'), cell: ({ seen }) => <Amounts amounts={seen.sums} />, isFigure: true },
        { header: t('field.reason'), cell: ({ reason }) => reason },
        {
          header: t('approvals.requestedBy'),
          cell: ({ requestedBy, requestedAt }) => (
            <>
              {requestedBy}
              <br />
              <Moment at={requestedAt} />
            </>
          ),
        },
        { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
        {
          header: t('approvals.decidedBy'),
          cell: (approval) => (
            <Decision approval={approval} path={at`/v1/approvals/${approval.id}`}>
              {label(approval.action)} · <Id id={approval.payoutId} />
              <Amounts amounts={approval.seen.sums} />
            </Decision>
          ),
        },
      ]}
    />
  )
}
