import { Link } from 'react-router'
import type { PlanDetail } from '../api-plans.ts'
import { useSpeech } from '../language.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amounts, Day, Moment } from '../ui/values.tsx'
import { useList } from './use-list.ts'

/** Plans that a second person must approve: of each run the newest, since the others are no longer what would be paid. */
export function PlansToApprove() {
  const { t, label } = useSpeech()
  const query = useList<PlanDetail>('/v1/plans', { limit: 50 })
  return (
    <Answer query={query}>
      {({ items }) => {
        const waiting = newestOfEachRun(items).filter(({ needsApproval }) => needsApproval)
        return waiting.length === 0 ? null : (
          <Table
            caption={t('approvals.plansCaption')}
            rows={waiting}
            rowKey={({ id }) => id}
            columns={[
              { header: t('plans.kind'), cell: ({ id, kind }) => <Link to={`/plans/${id}`}>{label(kind)}</Link> },
              { header: t('plans.run'), cell: ({ run }) => <Day date={run} /> },
              { header: t('plans.pays'), cell: ({ pays }) => <Amounts amounts={pays} />, isFigure: true },
              { header: t('field.reason'), cell: ({ reason }) => reason },
              {
                header: t('plans.planned'),
                cell: ({ planned }) => (
                  <>
                    {planned.by}
                    <br />
                    <Moment at={planned.at} />
                  </>
                ),
              },
            ]}
          />
        )
      }}
    </Answer>
  )
}

/** @param plans - newest first. Every plan of payouts is of all that is due, whichever day it was planned on. */
function newestOfEachRun(plans: readonly PlanDetail[]): readonly PlanDetail[] {
  const runOf = ({ kind, run }: PlanDetail) => (kind === 'pay_day' ? run : kind)
  return plans.filter((plan, index) => plans.findIndex((one) => runOf(one) === runOf(plan)) === index)
}
