import { invalidArgument } from './rpc-error.ts'

/** Tells whether a message with these attributes is delivered. */
export type Filter = (attributes: Readonly<Record<string, string>>) => boolean

const LONGEST_BYTES = 256
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z0-9_-]+)|(!=|[=:.,()]))/uy

/**
 * Reads an expression of the filter language: `attributes:key`, `attributes.key = "v"`, `!=`, `hasPrefix(attributes.key, "v")`,
 * joined by AND or OR, negated by NOT or `-`, grouped by parentheses; a key with other characters than letters, digits, `-` and `_` is quoted.
 * As in the service, AND and OR do not mix without parentheses, and `!=` also matches a message without the key.
 * @throws RpcError INVALID_ARGUMENT, naming the place, when the text is not such an expression or longer than 256 bytes
 */
export function parseFilter(text: string): Filter {
  if (Buffer.byteLength(text) > LONGEST_BYTES) {
    throw invalidArgument(`Invalid filter: longer than ${LONGEST_BYTES} bytes.`)
  }
  const parser = new Parser(text)
  const filter = parser.expression()
  parser.expect(undefined)
  return filter
}

type Token = { text: string; at: number; kind: 'string' | 'word' | 'sign' }

class Parser {
  readonly #tokens: Token[]
  readonly #end: number
  #next = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
    this.#end = text.length
  }

  expression(): Filter {
    const first = this.#negatable()
    const joint = this.#peek()
    if (joint !== 'AND' && joint !== 'OR') return first
    const terms = [first]
    while (this.#peek() === joint) {
      this.#next++
      terms.push(this.#negatable())
    }
    return joint === 'AND'
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes))
  }

  /** Takes exactly this token, or the end of the text for undefined. */
  expect(text: string | undefined): void {
    if (this.#peek() !== text) throw this.#unexpected(text === undefined ? 'AND, OR or the end' : `"${text}"`)
    this.#next++
  }

  #negatable(): Filter {
    const token = this.#tokens[this.#next]
    if (token?.kind === 'word' && token.text.startsWith('-') && token.text.length > 1) {
      // The minus stands directly before what it negates, so it arrives glued to the word.
      this.#tokens[this.#next] = { ...token, text: token.text.slice(1), at: token.at + 1 }
      return negate(this.#negatable())
    }
    if (token?.kind === 'word' && (token.text === 'NOT' || token.text === '-')) {
      this.#next++
      return negate(this.#negatable())
    }
    if (this.#peek() !== '(') return this.#comparison()
    this.#next++
    const inner = this.expression()
    this.expect(')')
    return inner
  }

  #comparison(): Filter {
    if (this.#peek() === 'hasPrefix') {
      this.#next++
      this.expect('(')
      this.expect('attributes')
      this.expect('.')
      const key = this.#key()
      this.expect(',')
      const prefix = this.#string()
      this.expect(')')
      return (attributes) => attributeOf(attributes, key)?.startsWith(prefix) ?? false
    }
    this.expect('attributes')
    if (this.#peek() === ':') {
      this.#next++
      const key = this.#key()
      return (attributes) => Object.hasOwn(attributes, key)
    }
    if (this.#peek() !== '.') throw this.#unexpected('":" or "."')
    this.#next++
    const key = this.#key()
    const sign = this.#peek()
    if (sign !== '=' && sign !== '!=') throw this.#unexpected('"=" or "!="')
    this.#next++
    const value = this.#string()
    return sign === '='
      ? (attributes) => attributeOf(attributes, key) === value
      : (attributes) => attributeOf(attributes, key) !== value
  }

  #key(): string {
    const token = this.#tokens[this.#next]
    if (token?.kind === 'string') return this.#string()
    if (token?.kind !== 'word') throw this.#unexpected('an attribute key')
    this.#next++
    return token.text
  }

  #string(): string {
    const token = this.#tokens[this.#next]
    if (token?.kind !== 'string') throw this.#unexpected('a string in double quotes')
    this.#next++
    return unescaped(token)
  }

  /** The next token's text; a string never passes for a word or a sign. */
  #peek(): string | undefined {
    const token = this.#tokens[this.#next]
    return token?.kind === 'string' ? `string ${token.text}` : token?.text
  }

  #unexpected(expected: string) {
    const token = this.#tokens[this.#next]
    const found = token ? `${token.text} at character ${token.at + 1}` : `the end at character ${this.#end + 1}`
    return invalidArgument(`Invalid filter: expected ${expected}, found ${found}.`)
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const trimmedLength = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < trimmedLength) {
    const from = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (!match) {
      const at = from + (text.slice(from).search(/\S/) ?? 0)
      throw invalidArgument(`Invalid filter: unexpected ${text.slice(at, at + 1)} at character ${at + 1}.`)
    }
    const [, string, word, sign] = match
    const found = string ?? word ?? sign ?? ''
    tokens.push({ text: found, at: TOKEN.lastIndex - found.length, kind: string ? 'string' : word ? 'word' : 'sign' })
  }
  return tokens
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Escapes: the usual letters, `\ooo`, `\xhh`, `\uhhhh`, `\Uhhhhhhhh`; any other character stands for itself. */
function unescaped({ text, at }: Token): string {
  return text
    .slice(1, -1)
    .replace(
      /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gsu,
      (_, octal?: string, ...rest: (string | undefined)[]) => {
        const [hex, short, long, other] = rest
        const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? short ?? long ?? '', 16)
        if (other !== undefined) return SIMPLE_ESCAPES[other] ?? other
        if (code > 0x10ffff)
          throw invalidArgument(`Invalid filter: no such character in the string at character ${at + 1}.`)
        return String.fromCodePoint(code)
      },
    )
}

const negate =
  (inner: Filter): Filter =>
  (attributes) =>
    !inner(attributes)

/** Own keys only: an attribute named `constructor` must not be found where nobody set it. */
const attributeOf = (attributes: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(attributes, key) ? attributes[key] : undefined
