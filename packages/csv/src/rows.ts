import type { Row, Table } from './table.ts'

// Rows of a table to items of a marketplace.

/** @returns undefined for a row that could not be read: that was reported where it was tried */
export type Reader<Column extends string, Read> = (row: Row<Column>) => Read | undefined

export const readAll = <Column extends string, Read>({ rows }: Table<Column>, read: Reader<Column, Read>): Read[] =>
  rows.map(read).filter((item) => item !== undefined)

/** Whether something is there to refer to; true for everything when its file could not be read to the end. */
export function isIn<Column extends string>(
  { rows, isComplete }: Table<Column>,
  column: Column,
): (id: string) => boolean {
  const ids = new Set(rows.map((row) => row.text(column)))
  return (id) => !isComplete || ids.has(id)
}

/** For what must be there once: tells in which line a key was before. */
export function earlierLines(): (row: { readonly line: number }, key: string) => number | undefined {
  const lines = new Map<string, number>()
  return ({ line }, key) => {
    const earlier = lines.get(key)
    if (earlier === undefined) lines.set(key, line)
    return earlier
  }
}

/** @returns undefined when a value could not be read: that was reported where it was tried */
export function whole<Item extends object>(values: { [Key in keyof Item]: Item[Key] | undefined }): Item | undefined {
  return Object.values(values).includes(undefined) ? undefined : (values as Item)
}
