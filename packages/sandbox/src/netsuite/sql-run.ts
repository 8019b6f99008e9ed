import type { Ledger } from './rules.ts'
import { type ColumnOf, condition, type Evaluate, type Row, value } from './sql-evaluate.ts'
import type { Expression, Join, Select } from './sql-syntax.ts'
import { type SqlTable, tableOf } from './sql-tables.ts'
import { compareValues, SqlProblem, type SqlValue, sqlText } from './sql-values.ts'

interface NamedTable {
  readonly alias: string
  readonly table: SqlTable
}

export interface SqlResult {
  readonly totalRows: number
  /** Values as strings, columns that are null left out (facts: netsuite §6). */
  page(offset: number, limit: number): Record<string, string>[]
}

/**
 * Runs a query over the books.
 * @throws SqlProblem for a table, column or function that is unknown, even when there are no rows
 */
export function runSelect(ledger: Ledger, select: Select): SqlResult {
  const tables = tablesOf(ledger, select)
  const columnOf = columnReader(tables)
  const columns = select.columns.map(({ name, expression }) => ({ name, read: value(expression, columnOf) }))
  const holds = select.where && condition(select.where, columnOf)
  const keys = select.orderBy.map(({ expression, descending }) => {
    return { read: value(aliased(expression, select), columnOf), descending }
  })

  const found: { row: Row; keys: SqlValue[] }[] = []
  for (const row of rowsOf(select, tables, columnOf)) {
    if (holds === undefined || holds(row) === true) found.push({ row, keys: keys.map(({ read }) => read(row)) })
  }
  found.sort((a, b) => {
    for (const [index, { descending }] of keys.entries()) {
      const order = compareKeys(a.keys[index] ?? null, b.keys[index] ?? null)
      if (order !== 0) return descending ? -order : order
    }
    return 0
  })

  function render({ row }: { row: Row }): Record<string, string> {
    const rendered: Record<string, string> = {}
    for (const { name, read } of columns) {
      const held = read(row)
      if (held !== null) rendered[name] = sqlText(held)
    }
    return rendered
  }
  return { totalRows: found.length, page: (offset, limit) => found.slice(offset, offset + limit).map(render) }
}

function tablesOf(ledger: Ledger, { from, joins }: Select): readonly NamedTable[] {
  const tables: NamedTable[] = []
  for (const { table: name, alias } of [from, ...joins]) {
    const table = tableOf(ledger, name)
    if (table === undefined) throw new SqlProblem(`Record '${name}' was not found.`)
    if (tables.some((other) => other.alias === alias)) throw new SqlProblem(`Two tables are called ${alias}.`)
    tables.push({ alias, table })
  }
  return tables
}

function columnReader(tables: readonly NamedTable[]): ColumnOf {
  return ({ alias, name }, what) => {
    const holders = tables.filter((each) => {
      return (alias === '' || each.alias === alias) && each.table.columns[name] !== undefined
    })
    const [holder] = holders
    const columns = holder?.table.columns ?? {}
    const displays = holder?.table.displays ?? {}
    const column = (what === 'shown' ? displays[name] : undefined) ?? columns[name]
    if (holder === undefined || column === undefined) {
      throw new SqlProblem(`Unknown identifier '${alias === '' ? name : `${alias}.${name}`}'.`)
    }
    if (holders.length > 1) throw new SqlProblem(`The column '${name}' is ambiguous: write its table.`)
    const at = tables.indexOf(holder)
    return (row) => (row[at] === null ? null : column(row[at]))
  }
}

/** ORDER BY may go by the name that a column is given. */
function aliased(expression: Expression, { columns }: Select): Expression {
  if (expression.is !== 'column' || expression.alias !== '') return expression
  return columns.find(({ name }) => name === expression.name)?.expression ?? expression
}

function* rowsOf({ from, joins, where }: Select, tables: readonly NamedTable[], columnOf: ColumnOf): Generator<Row> {
  const steps = joins.map((join, index) => joinStep(join, tables.slice(0, index + 2), columnOf))
  const isEntity = (expression: Expression) =>
    expression.is === 'column' && expression.name === 'entity' && ['', from.alias].includes(expression.alias)
  const entities = where && entitiesOf(where, isEntity)
  for (const source of tables[0]?.table.rows(entities) ?? []) {
    let rows: Row[] = [[source]]
    for (const step of steps) rows = rows.flatMap(step)
    yield* rows
  }
}

/** @param tables - those before the joined one, and it as the last */
function joinStep(
  { on, keepsUnmatched }: Join,
  tables: readonly NamedTable[],
  columnOf: ColumnOf,
): (row: Row) => Row[] {
  const holds = condition(on, columnOf)
  const candidates = candidatesOf(on, tables, columnOf)
  return (row) => {
    const matches: Row[] = []
    for (const source of candidates(row)) {
      const joined = [...row, source]
      if (holds(joined) === true) matches.push(joined)
    }
    return matches.length === 0 && keepsUnmatched ? [[...row, null]] : matches
  }
}

/** Rows that a join may match: looked up when it goes by a column that can be, else all of them. */
function candidatesOf(
  on: Expression,
  tables: readonly NamedTable[],
  columnOf: ColumnOf,
): (row: Row) => Iterable<unknown> {
  const joined = tables.at(-1)
  for (const part of on.is === 'and' ? on.parts : [on]) {
    if (part.is !== 'compare' || part.operator !== '=') continue
    for (const [own, other] of [
      [part.left, part.right],
      [part.right, part.left],
    ] as const) {
      const lookUp = own.is === 'column' && own.alias === joined?.alias ? joined.table.lookUps[own.name] : undefined
      const isEarlier = other.is === 'column' && tables.slice(0, -1).some(({ alias }) => alias === other.alias)
      if (lookUp === undefined || !isEarlier) continue
      const read: Evaluate<SqlValue> = value(other, columnOf)
      return (row) => {
        const key = read(row)
        return key === null ? [] : lookUp(sqlText(key))
      }
    }
  }
  return () => joined?.table.rows() ?? []
}

/** The entities whose rows alone can meet a condition, when it says so; undefined when any entity's may. */
function entitiesOf(
  expression: Expression,
  isEntity: (expression: Expression) => boolean,
): ReadonlySet<string> | undefined {
  switch (expression.is) {
    case 'and':
      return expression.parts.map((part) => entitiesOf(part, isEntity)).find((entities) => entities !== undefined)
    case 'or': {
      const sets = expression.parts.map((part) => entitiesOf(part, isEntity))
      if (sets.includes(undefined)) return undefined
      return new Set(sets.flatMap((entities) => [...(entities ?? [])]))
    }
    case 'in':
      if (expression.negated || !isEntity(expression.operand)) return undefined
      return new Set(expression.values.flatMap((entry) => (entry === null ? [] : [sqlText(entry)])))
    case 'compare': {
      const { operator, left, right } = expression
      if (operator !== '=' || !isEntity(left) || right.is !== 'literal' || right.value === null) return undefined
      return new Set([sqlText(right.value)])
    }
    default:
      return undefined
  }
}

/** Nulls come last, as in Oracle. */
function compareKeys(a: SqlValue, b: SqlValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareValues(a, b)
}
