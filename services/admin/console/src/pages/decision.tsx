import type { ReactNode } from 'react'
import type { Approval } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { useMay, useMe } from '../session.tsx'
import { Action } from '../ui/action.tsx'

/** What was decided about a wish; while it is open, the buttons for it. Whoever asked cannot decide, and is told so. */
export function Decision({
  approval: { status, requestedBy, decidedBy, decisionReason },
  path,
  children,
}: {
  approval: Pick<Approval, 'status' | 'requestedBy' | 'decidedBy' | 'decisionReason'>
  /** Of the approval; `/approve` and `/refuse` are put behind it. */
  path: string
  /** What is asked for. */
  children: ReactNode
}) {
  const { t, tell } = useSpeech()
  const me = useMe()
  const mayDecide = useMay('approver')
  if (status !== 'open') {
    return (
      <>
        {decidedBy ?? t('field.none')}
        {decisionReason && <p className="muted">{tell('note', decisionReason)}</p>}
      </>
    )
  }
  if (requestedBy === `operator:${me.subject}`) return t('approvals.own')
  if (!mayDecide) return t('approvals.needsRole')
  const body = (reason: string) => ({ reason })
  return (
    <div className="buttons">
      <Action deed={{ name: t('approvals.approve'), text: t('approvals.approveText'), path: `${path}/approve`, body }}>
        {children}
      </Action>
      <Action deed={{ name: t('approvals.refuse'), text: t('approvals.refuseText'), path: `${path}/refuse`, body }}>
        {children}
      </Action>
    </div>
  )
}
