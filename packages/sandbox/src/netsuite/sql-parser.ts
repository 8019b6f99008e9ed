import {
  type Comparison,
  type Expression,
  type Join,
  type Select,
  type TableReference,
  type Token,
  tokensOf,
} from './sql-syntax.ts'
import { SqlProblem, type SqlValue, sqlNumber } from './sql-values.ts'

/** Oracle's own limit (ORA-01795). */
const LONGEST_IN_LIST = 1000
const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])
const KEYWORDS = new Set(
  'select from where and or not in is null join inner left outer on order by asc desc between as group having union'.split(
    ' ',
  ),
)

/**
 * Reads a SuiteQL query: SELECT, FROM, JOIN … ON, WHERE, ORDER BY, with the conditions and functions that a payer of
 * bills needs. It does not mind white space, case or the order of conditions.
 * @param params - values for the `?` of the query
 * @throws SqlProblem with a sentence about the first thing that is not understood
 */
export function parseSelect(query: string, params: readonly unknown[] = []): Select {
  const tokens = tokensOf(query)
  let at = 0
  let paramsUsed = 0
  const peek = (ahead = 0): Token => tokens[Math.min(at + ahead, tokens.length - 1)] as Token
  const next = (): Token => {
    const token = peek()
    at += 1
    return token
  }
  const isNext = (text: string, ahead = 0) => peek(ahead).text === text && /word|mark/.test(peek(ahead).kind)
  const take = (text: string): boolean => {
    if (!isNext(text)) return false
    at += 1
    return true
  }
  const expect = (text: string): void => {
    if (!take(text)) throw notUnderstood(`expected ${text.toUpperCase()}`)
  }
  const notUnderstood = (what: string) => new SqlProblem(`The query is not understood at ${peek().raw}: ${what}.`)

  const name = (): string => {
    const token = next()
    if (token.kind !== 'word' || KEYWORDS.has(token.text)) {
      at -= 1
      throw notUnderstood('expected a name')
    }
    return token.text
  }

  function select(): Select {
    if (!isNext('select')) throw new SqlProblem('Only SELECT queries can be run.')
    expect('select')
    const columns = [column()]
    while (take(',')) columns.push(column())
    expect('from')
    const from = table()
    const joins: Join[] = []
    for (let join = joined(); join !== undefined; join = joined()) joins.push(join)
    const where = take('where') ? expression() : undefined
    const orderBy = take('order') ? order() : []
    if (peek().kind !== 'end') throw notUnderstood('expected the end of the query')
    if (paramsUsed !== params.length) throw new SqlProblem(`${params.length} params for ${paramsUsed} question marks.`)
    return { columns, from, joins, where, orderBy }
  }

  function column(): Select['columns'][number] {
    const value = operand()
    const hasAlias = take('as') || (peek().kind === 'word' && !KEYWORDS.has(peek().text))
    if (hasAlias) return { expression: value, name: name() }
    return { expression: value, name: value.is === 'column' ? value.name : `expr${at}` }
  }

  function table(): TableReference {
    const named = name()
    take('as')
    const hasAlias = peek().kind === 'word' && !KEYWORDS.has(peek().text)
    return { table: named, alias: hasAlias ? name() : named }
  }

  function joined(): Join | undefined {
    const keepsUnmatched = isNext('left')
    if (keepsUnmatched) {
      expect('left')
      take('outer')
    } else if (!take('inner') && !isNext('join')) return undefined
    expect('join')
    const reference = table()
    expect('on')
    return { ...reference, on: expression(), keepsUnmatched }
  }

  function order(): Select['orderBy'] {
    expect('by')
    const keys: { expression: Expression; descending: boolean }[] = []
    do {
      const value = operand()
      const descending = take('desc')
      if (!descending) take('asc')
      keys.push({ expression: value, descending })
    } while (take(','))
    return keys
  }

  function expression(): Expression {
    const parts = [conjunction()]
    while (take('or')) parts.push(conjunction())
    return parts.length === 1 && parts[0] ? parts[0] : { is: 'or', parts }
  }

  function conjunction(): Expression {
    const parts = [condition()]
    while (take('and')) parts.push(condition())
    return parts.length === 1 && parts[0] ? parts[0] : { is: 'and', parts }
  }

  function condition(): Expression {
    if (take('not')) return { is: 'not', operand: condition() }
    if (take('(')) {
      const inner = expression()
      expect(')')
      return inner
    }
    const left = operand()
    if (take('is')) {
      const negated = take('not')
      expect('null')
      return { is: 'null-test', operand: left, negated }
    }
    const negated = take('not')
    if (take('in')) return { is: 'in', operand: left, values: list(), negated }
    if (take('between')) {
      const low = operand()
      expect('and')
      const within: Expression = {
        is: 'and',
        parts: [
          { is: 'compare', operator: '>=', left, right: low },
          { is: 'compare', operator: '<=', left, right: operand() },
        ],
      }
      return negated ? { is: 'not', operand: within } : within
    }
    if (negated || !COMPARISONS.has(peek().text)) throw notUnderstood('expected a comparison, IN, BETWEEN or IS NULL')
    return { is: 'compare', operator: next().text as Comparison, left, right: operand() }
  }

  function list(): SqlValue[] {
    expect('(')
    const values: SqlValue[] = []
    do values.push(literal())
    while (take(','))
    expect(')')
    if (values.length > LONGEST_IN_LIST) {
      throw new SqlProblem(
        `A list of IN has ${values.length} values, at most ${LONGEST_IN_LIST} are allowed (ORA-01795).`,
      )
    }
    return values
  }

  function operand(): Expression {
    if (peek().kind !== 'word' || isNext('null')) return { is: 'literal', value: literal() }
    const first = name()
    if (isNext('(')) return call(first)
    if (!take('.')) return { is: 'column', alias: '', name: first }
    const second = name()
    return isNext('(') ? call(`${first}.${second}`) : { is: 'column', alias: first, name: second }
  }

  function call(of: string): Expression {
    expect('(')
    const values = [operand()]
    while (take(',')) values.push(operand())
    expect(')')
    return { is: 'call', name: of, arguments: values }
  }

  function literal(): SqlValue {
    if (take('null')) return null
    if (take('?')) return param()
    const negative = take('-')
    const token = next()
    if (token.kind === 'number') return sqlNumber(negative ? `-${token.text}` : token.text)
    if (token.kind === 'text' && !negative) return token.text
    at -= 1
    throw notUnderstood('expected a value')
  }

  function param(): SqlValue {
    const value = params[paramsUsed]
    paramsUsed += 1
    if (typeof value === 'string') return value
    if (typeof value === 'number') return sqlNumber(String(value))
    throw new SqlProblem(`Parameter ${paramsUsed} is neither text nor a number.`)
  }

  return select()
}
