import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { Drift, PlanDetail, PlanTotal } from '../api-plans.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay, useMe } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Amounts, Day, Id, Moment, Status } from '../ui/values.tsx'
import { PlanLines } from './plan-lines.tsx'

const REFRESH_MS = 5_000

/** One plan: its totals against what the rails had, who is paid, who is left out, and the buttons for it. */
export function Component() {
  const { t, label } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/plans/${id}`
  const query = useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => read<PlanDetail>(path, {}, signal),
    refetchInterval: REFRESH_MS,
  })
  const title = query.data && t('plan.title', { kind: label(query.data.kind), run: query.data.run })
  return (
    <PageOf title={title ?? t('plans.title')}>
      <Answer query={query}>
        {(plan) => (
          <>
            <Summary plan={plan} />
            <Section title={t('plan.totals')}>
              <Totals pays={plan.pays} />
            </Section>
            <Section title={t('plan.leavesOut')}>
              <LeavesOut plan={plan} />
            </Section>
            {plan.voided?.why === 'drift' && (
              <Section title={t('plan.drift')}>
                <Drifted voided={plan.voided} />
              </Section>
            )}
            <PlanLines path={`${path}/lines`} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

function Summary({ plan }: { plan: PlanDetail }) {
  const { t, label } = useSpeech()
  const told = (deed: PlanDetail['approved']) =>
    deed && (
      <>
        <Moment at={deed.at} /> {t('detail.by', { actor: deed.by })}
      </>
    )
  return (
    <Section title={label(plan.kind)} aside={<PlanActions plan={plan} />}>
      <Facts
        facts={[
          [t('plans.run'), <Day key="run" date={plan.run} />],
          [t('field.status'), <Status key="state" code={plan.state} />],
          [t('plan.hash'), <code key="hash">{plan.hash}</code>],
          [t('plans.planned'), told(plan.planned)],
          [t('field.reason'), plan.reason],
          [t('plan.approved'), told(plan.approved)],
          [t('plan.applied'), told(plan.applied)],
          [t('plan.void'), told(plan.voided)],
          [t('plan.voidWhy'), plan.voided && t(VOID_WHY[plan.voided.why])],
          [t('plan.discardReason'), plan.voided?.reason],
        ]}
      />
      {plan.needsApproval && <p>{t('plan.needsApproval')}</p>}
    </Section>
  )
}

const VOID_WHY = {
  drift: 'plan.voidDrift',
  altered: 'plan.voidAltered',
  expired: 'plan.voidExpired',
  discarded: 'plan.voidDiscarded',
} as const

/** Approved by a second person, and applied where a rule no longer wants one. Both name the hash that is on the screen. */
function PlanActions({ plan }: { plan: PlanDetail }) {
  const { t } = useSpeech()
  const me = useMe()
  const [mayApprove, mayApply] = [useMay('approver'), useMay('operator')]
  if (plan.state !== 'planned' && plan.state !== 'approved') return null
  const isOwn = plan.planned.by === `operator:${me.subject}`
  const body = (reason: string) => ({ hash: plan.hash, reason })
  const what = (
    <>
      <Amounts amounts={plan.pays} />
      <Id id={plan.hash} />
    </>
  )
  return (
    <div className="buttons">
      {plan.state === 'planned' && mayApprove && !isOwn && (
        <Action
          deed={{ name: t('plan.approve'), text: t('plan.approveText'), path: at`/v1/plans/${plan.id}/approve`, body }}
        >
          {what}
        </Action>
      )}
      {plan.state === 'planned' && plan.needsApproval && isOwn && <p>{t('plan.own')}</p>}
      {mayApply && !plan.needsApproval && (
        <Action
          deed={{
            ...{ name: t('plan.apply'), text: t('plan.applyText'), path: at`/v1/plans/${plan.id}/apply`, body },
            isDangerous: true,
          }}
        >
          {what}
        </Action>
      )}
      {mayApply && (
        <Action
          deed={{
            ...{ name: t('plan.discard'), text: t('plan.discardText'), path: at`/v1/plans/${plan.id}/discard` },
            body: (reason) => ({ reason }),
          }}
        >
          {what}
        </Action>
      )}
    </div>
  )
}

function Totals({ pays }: { pays: readonly PlanTotal[] }) {
  const { t, label, locale } = useSpeech()
  const held = ({ available, unknown, currency }: PlanTotal) =>
    available === null ? (
      t('plan.unknown', { why: label(unknown ?? 'no_answer') })
    ) : (
      <Amount money={{ amount: available, currency }} />
    )
  return (
    <Table
      caption={t('plan.totalsCaption')}
      empty={t('plan.paysNobody')}
      rows={pays}
      rowKey={({ rail, currency }) => `${rail} ${currency}`}
      columns={[
        { header: t('field.rail'), cell: ({ rail }) => label(rail) },
        {
          header: t('plans.payments'),
          cell: ({ count }) => new Intl.NumberFormat(locale).format(count),
          isFigure: true,
        },
        { header: t('plans.pays'), cell: (total) => <Amount money={total} />, isFigure: true },
        { header: t('plan.available'), cell: held, isFigure: true },
        {
          header: t('plan.short'),
          cell: ({ short, currency }) =>
            short === null ? t('field.none') : <Amount money={{ amount: short, currency }} />,
          isFigure: true,
        },
      ]}
    />
  )
}

function LeavesOut({ plan: { leavesOut } }: { plan: PlanDetail }) {
  const { t, label, locale } = useSpeech()
  return (
    <Table
      caption={t('plan.leavesOutCaption')}
      empty={t('plan.leavesOutNone')}
      rows={leavesOut}
      rowKey={({ reason, currency }) => `${reason} ${currency}`}
      columns={[
        { header: t('plan.why'), cell: ({ reason }) => label(reason) },
        {
          header: t('plans.payments'),
          cell: ({ count }) => new Intl.NumberFormat(locale).format(count),
          isFigure: true,
        },
        { header: t('field.amount'), cell: (total) => <Amount money={total} />, isFigure: true },
      ]}
    />
  )
}

function Drifted({ voided: { drift, count } }: { voided: NonNullable<PlanDetail['voided']> }) {
  const { t, label } = useSpeech()
  const told = (line: Drift['planned']) =>
    line ? (
      <>
        <Amount money={line} /> · {label(line.rail)} · {line.destination}
      </>
    ) : (
      t('field.none')
    )
  return (
    <Table
      caption={t('plan.driftCaption', { count })}
      rows={drift}
      rowKey={({ planned, now }) => (planned ?? now)?.payableId ?? ''}
      columns={[
        { header: t('plan.payable'), cell: ({ planned, now }) => <Id id={(planned ?? now)?.payableId ?? ''} /> },
        { header: t('plan.why'), cell: ({ kind }) => label(kind) },
        { header: t('plan.before'), cell: ({ planned }) => told(planned) },
        { header: t('plan.after'), cell: ({ now }) => told(now) },
      ]}
    />
  )
}
