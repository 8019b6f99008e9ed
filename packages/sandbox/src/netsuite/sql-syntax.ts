import { SqlProblem, type SqlValue } from './sql-values.ts'

/** An expression of a SuiteQL query. */
export type Expression =
  | { readonly is: 'literal'; readonly value: SqlValue }
  | { readonly is: 'column'; readonly alias: string; readonly name: string }
  | { readonly is: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly is: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly is: 'in'; readonly operand: Expression; readonly values: readonly SqlValue[]; readonly negated: boolean }
  | { readonly is: 'null-test'; readonly operand: Expression; readonly negated: boolean }
  | { readonly is: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly is: 'not'; readonly operand: Expression }
export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>='

export interface Select {
  readonly columns: readonly { readonly expression: Expression; readonly name: string }[]
  readonly from: TableReference
  readonly joins: readonly Join[]
  readonly where: Expression | undefined
  readonly orderBy: readonly { readonly expression: Expression; readonly descending: boolean }[]
}
export interface TableReference {
  readonly table: string
  readonly alias: string
}
export interface Join extends TableReference {
  readonly on: Expression
  readonly keepsUnmatched: boolean
}

/** What one token of a query is. Words are in lower case, as SuiteQL does not mind case outside of quotes. */
export interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'mark' | 'end'
  readonly text: string
  /** As it was written. */
  readonly raw: string
}

const TOKEN = /\s+|--[^\n]*|('(?:[^']|'')*')|([A-Za-z_][\w$]*)|(\d+(?:\.\d+)?)|(<>|!=|<=|>=|[=<>(),.?*+\-/])|(.)/gy

/** @throws SqlProblem for a character that no query has. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = []
  for (const [raw, text, word, number, mark, unknown] of query.matchAll(TOKEN)) {
    if (text !== undefined) tokens.push({ kind: 'text', text: text.slice(1, -1).replaceAll("''", "'"), raw })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.toLowerCase(), raw })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, raw })
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark === '!=' ? '<>' : mark, raw })
    else if (unknown !== undefined) throw new SqlProblem(`The character ${unknown} has no meaning in a query.`)
  }
  return [...tokens, { kind: 'end', text: '', raw: 'the end' }]
}
