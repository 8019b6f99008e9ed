import { PLAN_KINDS } from '@remesa/domain/payment-plan'
import type { PlanRule } from '../api-plans.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Moment } from '../ui/values.tsx'
import { amountOf, codeOf, LimitActions } from './limit-actions.tsx'
import { useList } from './use-list.ts'
import { useSaid } from './use-said.ts'

/** From which amount a run needs an approved plan. One person sets and lowers rules; to raise or remove one takes two. */
export function PlanRules() {
  const { t, label } = useSpeech()
  const may = useMay('operator')
  const query = useList<PlanRule>('/v1/plan-rules', {})
  return (
    <Section title={t('plans.rules')} aside={may && <SetRule />}>
      <Answer query={query}>
        {({ items }) => (
          <Table
            caption={t('plans.rulesCaption')}
            empty={t('plans.rulesNone')}
            rows={items}
            rowKey={({ id }) => id}
            columns={[
              { header: t('plans.kind'), cell: ({ kind }) => label(kind) },
              { header: t('field.amount'), cell: (rule) => <Amount money={rule} />, isFigure: true },
              { header: t('field.actor'), cell: ({ setBy }) => setBy },
              { header: t('field.updatedAt'), cell: ({ setAt }) => <Moment at={setAt} /> },
              { header: t('field.reason'), cell: ({ reason }) => reason },
              ...(may ? [{ header: t('detail.actions'), cell: (rule: PlanRule) => <RuleActions rule={rule} /> }] : []),
            ]}
          />
        )}
      </Answer>
    </Section>
  )
}

function SetRule() {
  const { t } = useSpeech()
  const said = useSaid()
  const name = t('plans.ruleSet')
  return (
    <Action
      deed={{
        ...{ name, text: t('plans.ruleText'), path: '/v1/plan-rules', method: 'PUT', said: said(name) },
        fields: [
          { name: 'kind', label: t('plans.kind'), options: PLAN_KINDS },
          { name: 'currency', label: t('field.currency'), initial: 'USD' },
          { name: 'amount', label: t('field.amount'), hint: t('system.capAmountHint') },
        ],
        wrong: (written) => (amountOf(written) === undefined ? t('field.minMaxNeedCurrency') : undefined),
        body: (reason, written) => ({
          ...{ kind: written.kind, currency: codeOf(written), amount: amountOf(written), reason },
        }),
      }}
    >
      {t('plans.rulesCaption')}
    </Action>
  )
}

function RuleActions({ rule }: { rule: PlanRule }) {
  const { t, label } = useSpeech()
  const { kind } = rule
  return (
    <LimitActions
      limit={rule}
      path="/v1/plan-rules"
      holdsFor={{ kind }}
      change={{ name: t('plans.ruleChange'), text: t('plans.ruleText') }}
      remove={{ name: t('plans.ruleRemove'), text: t('plans.ruleRemoveText') }}
    >
      {label(kind)} · <Amount money={rule} />
    </LimitActions>
  )
}
