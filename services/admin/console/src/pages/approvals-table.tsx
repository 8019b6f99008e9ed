import { Link } from 'react-router'
import type { Approval } from '../api.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay, useMe } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Id, Moment, Status } from '../ui/values.tsx'

/** What takes a second person. Whoever asked sees it, and cannot decide. */
export function ApprovalsTable({ approvals }: { approvals: readonly Approval[] }) {
  const { t, label } = useSpeech()
  return (
    <Table
      caption={t('approvals.caption')}
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
        { header: t('field.amount'), cell: ({ seen }) => <Amount money={seen} />, isFigure: true },
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
        { header: t('approvals.decidedBy'), cell: (approval) => <Decision approval={approval} /> },
      ]}
    />
  )
}

function Decision({ approval }: { approval: Approval }) {
  const { t, label } = useSpeech()
  const me = useMe()
  const mayDecide = useMay('approver')
  const { id, status, action, seen, payoutId, requestedBy, decidedBy, decisionReason } = approval
  if (status !== 'open') {
    return (
      <>
        {decidedBy ?? t('field.none')}
        {decisionReason && <p className="muted">{decisionReason}</p>}
      </>
    )
  }
  if (requestedBy === `operator:${me.subject}` || requestedBy === me.subject) return <>{t('approvals.own')}</>
  if (!mayDecide) return <>{t('approvals.needsRole')}</>
  const what = (
    <>
      {label(action)}: <Amount money={seen} /> · <Id id={payoutId} />
    </>
  )
  const deedOf = (verb: string) => ({
    path: `${at`/v1/approvals/${id}`}/${verb}`,
    body: (reason: string) => ({ reason }),
  })
  return (
    <div className="buttons">
      <Action deed={{ ...deedOf('approve'), name: t('approvals.approve'), text: t('approvals.approveText') }}>
        {what}
      </Action>
      <Action deed={{ ...deedOf('refuse'), name: t('approvals.refuse'), text: t('approvals.refuseText') }}>
        {what}
      </Action>
    </div>
  )
}
