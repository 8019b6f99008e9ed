import type { Debt } from '../api-controls.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { majorUnits, readAmount } from '../money.ts'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount } from '../ui/values.tsx'
import { useList } from './use-list.ts'
import { useSaid } from './use-said.ts'

/** What providers owe us, and how it ends beside their next payouts. */
export function Component() {
  const { t } = useSpeech()
  const may = useMay('operator')
  const filters = useFilters(['providerId'])
  const query = useList<Debt>('/v1/debts', filters)
  return (
    <PageOf title={t('debts.title')}>
      <p>{t('debts.text')}</p>
      <Filters fields={[{ name: 'providerId', label: t('field.provider') }]} />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('debts.caption')}
              empty={t('debts.none')}
              rows={page.items}
              rowKey={({ providerId, money }) => `${providerId}:${money.currency}`}
              columns={[
                { header: t('field.provider'), cell: ({ providerId }) => providerId },
                { header: t('field.amount'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
                ...(may ? [{ header: t('detail.actions'), cell: (debt: Debt) => <DebtActions debt={debt} /> }] : []),
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

function DebtActions({ debt: { providerId, money } }: { debt: Debt }) {
  const { t } = useSpeech()
  const said = useSaid()
  const { currency } = money
  const amount = { name: 'amount', label: `${t('field.amount')}, ${currency}`, initial: majorUnits(money) }
  const deeds = [
    {
      how: 'repaid',
      name: t('debts.repaid'),
      text: t('debts.repaidText'),
      fields: [amount, { name: 'reference', label: t('debts.reference') }],
    },
    { how: 'forgiven', name: t('debts.forgive'), text: t('debts.forgiveText'), fields: [amount], isDangerous: true },
  ]
  return (
    <div className="buttons">
      {deeds.map(({ how, ...deed }) => (
        <Action
          key={how}
          deed={{
            ...deed,
            said: said(deed.name),
            path: at`/v1/debts/${providerId}/settle`,
            wrong: (written) => {
              if (readAmount(written.amount ?? '', currency) === undefined) return t('field.minMaxNeedCurrency')
              return how === 'repaid' && !written.reference?.trim() ? t('debts.referenceMissing') : undefined
            },
            body: (reason, written) => ({
              ...{ how, currency, reason, amount: readAmount(written.amount ?? '', currency) },
              reference: how === 'repaid' ? written.reference?.trim() : null,
            }),
          }}
        >
          {providerId} · <Amount money={money} />
        </Action>
      ))}
    </div>
  )
}
