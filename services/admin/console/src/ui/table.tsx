import type { ReactNode } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import type { Page } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Empty } from './states.tsx'

export interface Column<Row> {
  readonly header: string
  readonly cell: (row: Row) => ReactNode
  /** Figures stand to the right, one under the other. */
  readonly isFigure?: boolean
}

interface Props<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  /** Shown in place of the table when there are no rows. */
  readonly empty?: string
}

/** So many fit on any screen. */
const NARROW_COLUMNS = 3

/**
 * A table that scrolls sideways when it must; one of more columns becomes a list of cards on a narrow screen. The first
 * column names the row.
 */
export function Table<Row>({ caption, columns, rows, rowKey, empty }: Props<Row>) {
  const { t } = useSpeech()
  if (rows.length === 0) return <Empty>{empty ?? t('list.empty')}</Empty>
  return (
    <div className={columns.length > NARROW_COLUMNS ? 'table is-wide' : 'table'}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ header, isFigure }) => (
              <th key={header} scope="col" className={isFigure ? 'figure' : undefined}>
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ header, cell, isFigure }, index) =>
                index === 0 ? (
                  <th key={header} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={header} className={isFigure ? 'figure' : undefined} data-label={header}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The way through a list. The cursor stands in the address, so that a page can be sent to somebody. */
export function Pager({ page }: { page: Page<unknown> }) {
  const { t } = useSpeech()
  const [search, setSearch] = useSearchParams()
  const { state } = useLocation()
  const navigate = useNavigate()
  const isFirst = !search.has('cursor')
  if (isFirst && page.next === null) return null

  const turnTo = (cursor: string | null) => {
    const turned = new URLSearchParams(search)
    if (cursor === null) turned.delete('cursor')
    else turned.set('cursor', cursor)
    setSearch(turned, { state: { cameByPager: cursor !== null } })
  }
  return (
    <nav className="pager" aria-label={t('list.pages')}>
      <button type="button" disabled={isFirst} onClick={() => turnTo(null)}>
        {t('list.first')}
      </button>
      <button type="button" disabled={isFirst || state?.cameByPager !== true} onClick={() => navigate(-1)}>
        {t('list.previous')}
      </button>
      <button type="button" disabled={page.next === null} onClick={() => turnTo(page.next)}>
        {t('list.next')}
      </button>
    </nav>
  )
}
