import type { Row } from '@remesa/csv/table'
import { momentOf } from '../moment.ts'

/** A moment with its offset from UTC, kept as it is written. */
export function readMoment<Column extends string>(row: Row<Column>, column: Column): string | undefined {
  const text = row.text(column)
  return momentOf(text) ? text : row.refuse(column, 'expected a moment like 2026-11-20T14:30:00Z')
}
