import { PLAN_KINDS } from '@remesa/domain/payment-plan'
import type { PlanRule } from '../api-plans.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { majorUnits, readAmount } from '../money.ts'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import type { Written } from '../ui/dialog-field.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Moment } from '../ui/values.tsx'
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
  const said = useSaid()
  const { kind, currency } = rule
  const [change, remove] = [t('plans.ruleChange'), t('plans.ruleRemove')]
  const what = (
    <>
      {label(kind)} · <Amount money={rule} />
    </>
  )
  return (
    <div className="buttons">
      <Action
        deed={{
          ...{ name: change, text: t('plans.ruleText'), path: '/v1/plan-rules', method: 'PUT', said: said(change) },
          fields: [{ name: 'amount', label: `${t('field.amount')}, ${currency}`, initial: majorUnits(rule) }],
          wrong: (written) =>
            amountOf({ ...written, currency }) === undefined ? t('field.minMaxNeedCurrency') : undefined,
          body: (reason, written) => ({ kind, currency, reason, amount: amountOf({ ...written, currency }) }),
        }}
      >
        {what}
      </Action>
      <Action
        deed={{
          ...{ name: remove, text: t('plans.ruleRemoveText'), method: 'DELETE', said: said(remove), isDangerous: true },
          path: at`/v1/plan-rules/${rule.id}`,
          body: (reason) => ({ reason }),
        }}
      >
        {what}
      </Action>
    </div>
  )
}

const codeOf = ({ currency = '' }: Written): string => currency.trim().toUpperCase()
const amountOf = (written: Written): string | undefined => readAmount(written.amount ?? '', codeOf(written))
