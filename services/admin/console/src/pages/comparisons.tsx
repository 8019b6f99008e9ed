import { SYNCED_CATEGORIES } from '@remesa/domain/reconciliation-result'
import type { ReconciliationReport } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { dayAfter, utcToday } from '../time.ts'
import { Action } from '../ui/action.tsx'
import type { Written } from '../ui/dialog-field.tsx'

// What people ask the reconciliation service for; it works in the background, within the providers' limits.

export const BOOKS = ['billing', 'stripe-transfers', 'fpay', 'payoneer', 'netsuite']

/** Has any books compared with ours over days that people choose. */
export function StartComparison() {
  const { t, label } = useSpeech()
  if (!useMay('operator')) return null
  const books = Object.fromEntries(BOOKS.map((one) => [one, label(one)]))
  const yesterday = dayAfter(utcToday(), -1)
  return (
    <Action
      deed={{
        name: t('reconciliation.start'),
        text: t('reconciliation.startText'),
        path: '/v1/reconciliations',
        fields: [
          { name: 'books', label: t('reconciliation.books'), options: books },
          { name: 'first', label: t('reconciliation.firstDay'), type: 'date', initial: yesterday },
          { name: 'last', label: t('reconciliation.lastDay'), type: 'date', initial: yesterday },
          { name: 'tolerance', label: t('reconciliation.tolerance'), hint: t('reconciliation.toleranceHint') },
          {
            name: 'refunds',
            label: t('reconciliation.refunds'),
            options: {
              usual: t('reconciliation.refundsUsual'),
              true: t('reconciliation.refundsIn'),
              false: t('reconciliation.refundsOut'),
            },
          },
        ],
        wrong: (written) => wrongWith(written) && t(wrongWith(written) ?? 'reconciliation.daysWrong'),
        body: wishOf,
        said: () => t('reconciliation.requested', { what: t('reconciliation.start') }),
      }}
    >
      {t('reconciliation.startWhat')}
    </Action>
  )
}

const PERCENTAGE = /^\d{1,3}([.,]\d{1,4})?$/

function wrongWith({ books, first = '', last = '', tolerance = '', refunds }: Written) {
  if (first === '' || last === '' || first > last) return 'reconciliation.daysWrong' as const
  if (books !== 'billing' && (tolerance.trim() !== '' || refunds !== 'usual'))
    return 'reconciliation.billingAlone' as const
  if (tolerance.trim() !== '' && !PERCENTAGE.test(tolerance.trim())) return 'reconciliation.toleranceWrong' as const
  return undefined
}

/** The API's window is half-open; people name the last day that counts. */
const wishOf = (reason: string, { books, first, last = '', tolerance = '', refunds }: Written) => ({
  ...{ books, from: first, to: dayAfter(last, 1), reason },
  ...(tolerance.trim() && { tolerancePercentage: Number(tolerance.trim().replace(',', '.')) }),
  ...(refunds !== 'usual' && { includeRefunds: refunds === 'true' }),
})

/** Whether its payments can be copied from Stripe. */
export const isCopied = ({ books, status }: ReconciliationReport): boolean =>
  books === 'billing' && status !== 'running' && status !== 'error'

/** What can be asked for about a report: a copy of what it names, and the same comparison once more. */
export function Requests({ report, path }: { report: ReconciliationReport; path: string }) {
  const { t, label } = useSpeech()
  const may = useMay('operator')
  if (!may || report.status === 'running') return null
  const said = (what: string) => () => t('reconciliation.requested', { what })
  const categories = Object.fromEntries(SYNCED_CATEGORIES.map((one) => [one, label(one)]))
  return (
    <div className="buttons">
      {isCopied(report) && (
        <Action
          deed={{
            name: t('reconciliation.sync'),
            text: t('reconciliation.syncText'),
            path: `${path}/sync`,
            fields: [
              {
                name: 'category',
                label: t('reconciliation.syncWhich'),
                options: { ...categories, all: t('reconciliation.syncAll') },
              },
            ],
            body: (reason, { category }) => ({
              reason,
              categories: category === 'all' ? SYNCED_CATEGORIES : [category],
            }),
            said: said(t('reconciliation.sync')),
          }}
        >
          {label(report.books)}
        </Action>
      )}
      <Action
        deed={{
          name: t('reconciliation.repeat'),
          text: t('reconciliation.repeatText'),
          path: `${path}/repeat`,
          body: (reason) => ({ reason }),
          said: said(t('reconciliation.repeat')),
        }}
      >
        {label(report.books)}
      </Action>
    </div>
  )
}
