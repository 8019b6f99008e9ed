import type { Comparison, Expression } from './sql-syntax.ts'
import { compareValues, formatDate, parseDate, SqlProblem, type SqlValue, sqlNumber, sqlText } from './sql-values.ts'

/** One row of each table of the query, in the query's order; null for a LEFT JOIN that found none. */
export type Row = readonly unknown[]
/** Works an expression out for one row. */
export type Evaluate<Result> = (row: Row) => Result
/** How a column is read; `shown` is what BUILTIN.DF displays for it. @throws SqlProblem for one that does not exist */
export type ColumnOf = (column: { alias: string; name: string }, what: 'value' | 'shown') => Evaluate<SqlValue>

const HOLDS: Readonly<Record<Comparison, (difference: number) => boolean>> = {
  '=': (difference) => difference === 0,
  '<>': (difference) => difference !== 0,
  '<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
  '>': (difference) => difference > 0,
  '>=': (difference) => difference >= 0,
}

/** @returns whether a condition holds: null when it cannot be known, since something it looks at is null. */
export function condition(expression: Expression, columnOf: ColumnOf): Evaluate<boolean | null> {
  switch (expression.is) {
    case 'and':
    case 'or': {
      const parts = expression.parts.map((part) => condition(part, columnOf))
      const deciding = expression.is === 'or'
      return (row) => {
        let result: boolean | null = !deciding
        for (const part of parts) {
          const holds = part(row)
          if (holds === deciding) return deciding
          if (holds === null) result = null
        }
        return result
      }
    }
    case 'not': {
      const inner = condition(expression.operand, columnOf)
      return (row) => negate(inner(row))
    }
    case 'compare': {
      const [left, right] = [value(expression.left, columnOf), value(expression.right, columnOf)]
      const holds = HOLDS[expression.operator]
      return (row) => {
        const [a, b] = [left(row), right(row)]
        return a === null || b === null ? null : holds(compareValues(a, b))
      }
    }
    case 'in':
      return membership(expression, columnOf)
    case 'null-test': {
      const operand = value(expression.operand, columnOf)
      return (row) => (operand(row) === null) !== expression.negated
    }
    default:
      throw new SqlProblem('A condition is expected where a value stands.')
  }
}

/** A thousand values are looked up, not gone through: this is the condition that a pay-day's queries live by. */
function membership(expression: Extract<Expression, { is: 'in' }>, columnOf: ColumnOf): Evaluate<boolean | null> {
  const operand = value(expression.operand, columnOf)
  const listed = expression.values.filter((entry) => entry !== null)
  const texts = new Set<SqlValue>(listed.map(sqlText))
  let numbers: Set<bigint> | undefined
  return (row) => {
    const found = operand(row)
    if (found === null) return null
    let isListed: boolean
    if (typeof found === 'bigint') {
      numbers ??= new Set(listed.map((entry) => (typeof entry === 'bigint' ? entry : sqlNumber(sqlText(entry)))))
      isListed = numbers.has(found)
    } else if (typeof found === 'string') isListed = texts.has(found)
    else isListed = listed.some((entry) => compareValues(found, entry) === 0)
    return isListed !== expression.negated
  }
}

/** @throws SqlProblem for a function the sandbox does not have */
export function value(expression: Expression, columnOf: ColumnOf): Evaluate<SqlValue> {
  switch (expression.is) {
    case 'literal':
      return () => expression.value
    case 'column':
      return columnOf(expression, 'value')
    case 'call':
      return call(expression, columnOf)
    default:
      throw new SqlProblem('A value is expected where a condition stands.')
  }
}

function call({ name, arguments: given }: Extract<Expression, { is: 'call' }>, columnOf: ColumnOf): Evaluate<SqlValue> {
  const [first, second] = given
  if (first === undefined) throw new SqlProblem(`${name.toUpperCase()} needs an argument.`)
  if (name === 'builtin.df') {
    if (first.is !== 'column') throw new SqlProblem('BUILTIN.DF takes a column.')
    return columnOf(first, 'shown')
  }
  const operands = given.map((each) => value(each, columnOf))
  const operand = value(first, columnOf)
  switch (name) {
    case 'nvl':
    case 'coalesce':
      return (row) => operands.reduce<SqlValue>((found, other) => found ?? other(row), null)
    case 'abs':
      return (row) => {
        const found = operand(row)
        const number = typeof found === 'string' ? sqlNumber(found) : found
        if (number instanceof Date) throw new SqlProblem('ABS takes a number.')
        return number !== null && number < 0n ? -number : number
      }
    case 'to_char': {
      const format = formatIn(second)
      return (row) => {
        const found = operand(row)
        if (found === null) return null
        return found instanceof Date && format !== undefined ? formatDate(found, format) : sqlText(found)
      }
    }
    case 'to_date':
    case 'to_timestamp': {
      const format = formatIn(second)
      if (format === undefined) throw new SqlProblem(`${name.toUpperCase()} needs a format, like 'YYYY-MM-DD'.`)
      if (first.is === 'literal' && typeof first.value === 'string') {
        const date = parseDate(first.value, format)
        return () => date
      }
      throw new SqlProblem(`${name.toUpperCase()} takes text.`)
    }
    default:
      throw new SqlProblem(`The sandbox does not have the function ${name.toUpperCase()}.`)
  }
}

function formatIn(expression: Expression | undefined): string | undefined {
  if (expression === undefined) return undefined
  if (expression.is === 'literal' && typeof expression.value === 'string') return expression.value
  throw new SqlProblem('A date format is expected as text.')
}

const negate = (holds: boolean | null): boolean | null => (holds === null ? null : !holds)
