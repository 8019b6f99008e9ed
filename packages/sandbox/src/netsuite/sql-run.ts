import type { Ledger } from './rules.ts'
import { condition, type Evaluate, type Row, value } from './sql-evaluate.ts'
import type { Expression, Join, Select } from './sql-syntax.ts'
import { type SqlTable, tableOf } from './sql-tables.ts'
import { compareValues, SqlProblem, type SqlValue, sqlText } from './sql-values.ts'

type Tables = ReadonlyMap<string, SqlTable>
/** One row of each table, by alias; null for a LEFT JOIN that found none. */
type Tuple = ReadonlyMap<string, unknown>

/**
 * Runs a query over the books.
 * @returns every row, in order: values as strings, columns that are null left out (facts: netsuite §6)
 * @throws SqlProblem for a table, column or function that is unknown
 */
export function runSelect(ledger: Ledger, select: Select): Record<string, string>[] {
  const tables = tablesOf(ledger, select)
  const qualified = (expression: Expression) => qualify(expression, tables)
  const columns = select.columns.map((column) => ({ name: column.name, read: value(qualified(column.expression)) }))
  const where = select.where === undefined ? undefined : qualified(select.where)
  const holds = where === undefined ? undefined : condition(where)
  const keys = select.orderBy.map(({ expression, descending }) => {
    const named = select.columns.find((column) => expression.is === 'column' && column.name === expression.name)
    const isAlias = expression.is === 'column' && expression.alias === '' && named !== undefined
    return { read: value(qualified(isAlias ? named.expression : expression)), descending }
  })

  const found: { row: Row; keys: SqlValue[] }[] = []
  const entities = where === undefined ? undefined : entitiesOf(where, select.from.alias)
  for (const row of tuplesOf(select, tables, entities)) {
    if (holds === undefined || holds(row) === true) found.push({ row, keys: keys.map(({ read }) => read(row)) })
  }
  found.sort((a, b) => {
    for (const [index, { descending }] of keys.entries()) {
      const order = compareKeys(a.keys[index] ?? null, b.keys[index] ?? null)
      if (order !== 0) return descending ? -order : order
    }
    return 0
  })
  return found.map(({ row }) => {
    const values = columns.map(({ name, read }) => [name, read(row)] as const)
    return Object.fromEntries(values.flatMap(([name, held]) => (held === null ? [] : [[name, sqlText(held)]])))
  })
}

function tablesOf(ledger: Ledger, { from, joins }: Select): Tables {
  const tables = new Map<string, SqlTable>()
  for (const { table: name, alias } of [from, ...joins]) {
    const table = tableOf(ledger, name)
    if (table === undefined) throw new SqlProblem(`Record '${name}' was not found.`)
    if (tables.has(alias)) throw new SqlProblem(`Two tables are called ${alias}.`)
    tables.set(alias, table)
  }
  return tables
}

function* tuplesOf({ from, joins }: Select, tables: Tables, entities: ReadonlySet<string> | undefined): Generator<Row> {
  const steps = joins.map((join) => joinStep(join, tables))
  const first = tables.get(from.alias)
  for (const source of first?.rows(entities) ?? []) {
    let tuples: Tuple[] = [new Map([[from.alias, source]])]
    for (const step of steps) tuples = tuples.flatMap(step)
    for (const tuple of tuples) yield rowOf(tuple, tables)
  }
}

function joinStep({ alias, on, keepsUnmatched }: Join, tables: Tables): (tuple: Tuple) => Tuple[] {
  const table = tables.get(alias)
  if (table === undefined) throw new SqlProblem(`No table is called ${alias}.`)
  const qualified = qualify(on, tables)
  const holds = condition(qualified)
  const candidates = candidatesOf(qualified, alias, table)
  return (tuple) => {
    const matches: Tuple[] = []
    for (const source of candidates(rowOf(tuple, tables))) {
      const joined = new Map(tuple).set(alias, source)
      if (holds(rowOf(joined, tables)) === true) matches.push(joined)
    }
    return matches.length === 0 && keepsUnmatched ? [new Map(tuple).set(alias, null)] : matches
  }
}

/** Rows that a join may match: looked up when it goes by a column that can be, else all of them. */
function candidatesOf(on: Expression, alias: string, table: SqlTable): (row: Row) => Iterable<unknown> {
  for (const part of on.is === 'and' ? on.parts : [on]) {
    if (part.is !== 'compare' || part.operator !== '=') continue
    for (const [own, other] of [
      [part.left, part.right],
      [part.right, part.left],
    ] as const) {
      const lookUp = own.is === 'column' && own.alias === alias ? table.lookUps[own.name] : undefined
      if (lookUp === undefined || (other.is === 'column' && other.alias === alias)) continue
      const read: Evaluate<SqlValue> = value(other)
      return (row) => {
        const key = read(row)
        return key === null ? [] : lookUp(sqlText(key))
      }
    }
  }
  return () => table.rows()
}

function rowOf(tuple: Tuple, tables: Tables): Row {
  const read = (alias: string, name: string, shown: boolean): SqlValue => {
    const source = tuple.get(alias)
    const table = tables.get(alias)
    if (source === null || table === undefined) return null
    const column = (shown ? table.displays[name] : undefined) ?? table.columns[name]
    return column?.(source) ?? null
  }
  return Object.assign((alias: string, name: string) => read(alias, name, false), {
    display: (alias: string, name: string) => read(alias, name, true),
  })
}

/** Gives every column its table, so that a wrong name is told even when there are no rows. */
function qualify(expression: Expression, tables: Tables): Expression {
  const inner = (part: Expression) => qualify(part, tables)
  switch (expression.is) {
    case 'literal':
      return expression
    case 'column':
      return { ...expression, alias: aliasOf(expression, tables) }
    case 'call':
      return { ...expression, arguments: expression.arguments.map(inner) }
    case 'compare':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) }
    case 'in':
    case 'null-test':
    case 'not':
      return { ...expression, operand: inner(expression.operand) }
    case 'and':
    case 'or':
      return { ...expression, parts: expression.parts.map(inner) }
  }
}

function aliasOf({ alias, name }: { alias: string; name: string }, tables: Tables): string {
  if (alias !== '') {
    if (tables.get(alias)?.columns[name] === undefined) throw new SqlProblem(`Unknown identifier '${alias}.${name}'.`)
    return alias
  }
  const holders = [...tables].filter(([, table]) => table.columns[name] !== undefined)
  const [holder] = holders
  if (holder === undefined) throw new SqlProblem(`Unknown identifier '${name}'.`)
  if (holders.length > 1) throw new SqlProblem(`The column '${name}' is ambiguous: write its table.`)
  return holder[0]
}

/** The entities whose rows alone can meet a condition, when it says so; undefined when any entity's may. */
function entitiesOf(expression: Expression, alias: string): ReadonlySet<string> | undefined {
  switch (expression.is) {
    case 'and':
      return expression.parts.map((part) => entitiesOf(part, alias)).find((entities) => entities !== undefined)
    case 'or': {
      const sets = expression.parts.map((part) => entitiesOf(part, alias))
      if (sets.includes(undefined)) return undefined
      return new Set(sets.flatMap((entities) => [...(entities ?? [])]))
    }
    case 'in':
      if (expression.negated || !isEntity(expression.operand, alias)) return undefined
      return new Set(expression.values.flatMap((entry) => (entry === null ? [] : [sqlText(entry)])))
    case 'compare': {
      const { operator, left, right } = expression
      if (operator !== '=' || !isEntity(left, alias) || right.is !== 'literal' || right.value === null) return undefined
      return new Set([sqlText(right.value)])
    }
    default:
      return undefined
  }
}

const isEntity = (expression: Expression, alias: string): boolean =>
  expression.is === 'column' && expression.alias === alias && expression.name === 'entity'

/** Nulls come last, as in Oracle. */
function compareKeys(a: SqlValue, b: SqlValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compareValues(a, b)
}
