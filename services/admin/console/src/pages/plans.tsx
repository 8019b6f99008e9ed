import { PLAN_KINDS, PLAN_STATES } from '@remesa/domain/payment-plan'
import { Link, useNavigate } from 'react-router'
import type { Plan, PlanDetail } from '../api-plans.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amounts, Day, Moment, Status } from '../ui/values.tsx'
import { PlanRules } from './plan-rules.tsx'
import { useList } from './use-list.ts'

/** What runs would pay: planned by one person, approved by another, applied. */
export function Component() {
  const { t, label, locale } = useSpeech()
  const may = useMay('operator')
  const filters = useFilters(['kind', 'state'])
  const query = useList<PlanDetail>('/v1/plans', filters)
  const figure = new Intl.NumberFormat(locale)
  return (
    <PageOf title={t('plans.title')} aside={may && <MakePlan />}>
      <p>{t('plans.text')}</p>
      <Filters
        fields={[
          { name: 'kind', label: t('plans.kind'), options: PLAN_KINDS },
          { name: 'state', label: t('field.status'), options: PLAN_STATES },
        ]}
      />
      <Section title={t('plans.title')}>
        <Answer query={query}>
          {(page) => (
            <>
              <Table
                caption={t('plans.caption')}
                empty={t('plans.none')}
                rows={page.items}
                rowKey={({ id }) => id}
                columns={[
                  { header: t('plans.kind'), cell: ({ id, kind }) => <Link to={`/plans/${id}`}>{label(kind)}</Link> },
                  { header: t('plans.run'), cell: ({ run }) => <Day date={run} /> },
                  { header: t('field.status'), cell: ({ state }) => <Status code={state} /> },
                  { header: t('plans.payments'), cell: ({ lineCount }) => figure.format(lineCount), isFigure: true },
                  { header: t('plans.pays'), cell: ({ pays }) => <Amounts amounts={pays} />, isFigure: true },
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
                  { header: t('field.reason'), cell: ({ reason }) => reason },
                ]}
              />
              <Pager page={page} />
            </>
          )}
        </Answer>
      </Section>
      <PlanRules />
    </PageOf>
  )
}

function MakePlan() {
  const { t } = useSpeech()
  const navigate = useNavigate()
  const name = t('plans.make')
  return (
    <Action
      deed={{
        ...{ name, text: t('plans.makeText'), path: '/v1/plans' },
        fields: [
          { name: 'kind', label: t('plans.kind'), options: PLAN_KINDS },
          { name: 'businessDate', label: t('plans.date'), type: 'date', hint: t('plans.dateHint') },
        ],
        body: (reason, { kind, businessDate }) => ({ kind, reason, ...(businessDate && { businessDate }) }),
        said(answer) {
          void navigate(`/plans/${(answer as { plan: Plan }).plan.id}`)
          return t('action.done', { what: name })
        },
      }}
    >
      {t('plans.text')}
    </Action>
  )
}
