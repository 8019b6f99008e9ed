import type { ControlApproval } from '../api-controls.ts'
import { useSpeech } from '../language.tsx'
import type { Money } from '../money.ts'
import { Table } from '../ui/table.tsx'
import { Amount, Id } from '../ui/values.tsx'

/** Settlements that somebody wants stored and paid, as the API tells of them. */
export interface ImportWish {
  readonly hash: string
  readonly replace: boolean
  readonly totals: readonly Money[]
  readonly settlements: number
  readonly winners: number
  /** Brought again as they stand here: nothing is done about them. */
  readonly unchanged: number
  /** Those that owe most. */
  readonly list: readonly {
    readonly settlementId: string
    readonly contestId: string
    readonly result: string
    readonly total: string
    readonly currency: string
    readonly winners: number
  }[]
  readonly notListed: number
}

/** @returns what an approval is about, if that is settlements by file */
export const importWishOf = ({ kind, wish }: Pick<ControlApproval, 'kind' | 'wish'>): ImportWish | undefined =>
  kind === 'settlement_import' ? (wish as unknown as ImportWish) : undefined

/** How many there are, by what they are known, and those that owe most. */
export function ImportDetails({ wish }: { wish: ImportWish }) {
  const { t } = useSpeech()
  const { hash, replace, settlements, winners, unchanged, list, notListed } = wish
  return (
    <>
      <p>{t('imports.counts', { settlements, winners })}</p>
      {unchanged > 0 && <p>{t('imports.unchanged', { count: unchanged })}</p>}
      {replace && <p>{t('imports.replace')}</p>}
      <p>
        {t('imports.hash')} <Id id={hash} />
      </p>
      <Table
        caption={t('imports.caption')}
        rows={list}
        rowKey={({ settlementId }) => settlementId}
        columns={[
          { header: t('imports.settlement'), cell: ({ settlementId }) => settlementId },
          { header: t('imports.contest'), cell: ({ contestId }) => contestId },
          {
            header: t('imports.result'),
            cell: ({ result }) => t(result === 'replaced' ? 'imports.replaced' : 'imports.new'),
          },
          {
            header: t('field.amount'),
            cell: ({ total, currency }) => <Amount money={{ amount: total, currency }} />,
            isFigure: true,
          },
          { header: t('imports.winners'), cell: (one) => one.winners, isFigure: true },
        ]}
      />
      {notListed > 0 && <p>{t('imports.notListed', { count: notListed })}</p>}
    </>
  )
}
