import { Refusal, type SandboxRequest } from '../kit/http.ts'
import { errorReply, invalid } from './errors.ts'

/** Metadata that a request sets; an empty value unsets its key. */
export type MetadataChanges = ReadonlyMap<string, string>

/** Unix seconds, both included, from `created[gte]` and its like. */
export interface CreatedRange {
  readonly from: number
  readonly to: number
}

/** The parameters of one request, of its form or its query, each asked for by the name it has at the top. */
export interface Parameters {
  /** undefined when it was not given or is empty, which unsets. */
  text(name: string): string | undefined
  given(name: string): boolean
  /** @throws Refusal parameter_missing */
  required(name: string): string
  /** @throws Refusal parameter_invalid_integer for anything but a positive whole number */
  positiveInteger(name: string): bigint | undefined
  /** @throws Refusal for more than Stripe keeps: 50 keys of 40 characters with values of 500 */
  metadata(): MetadataChanges
  /**
   * The fields to expand: `destination`, or `data.destination` of a list.
   * @throws Refusal for a field that is not among these
   */
  expand(fields: readonly string[], within?: 'data.'): readonly string[]
  /** @throws Refusal for bounds that are no times */
  created(): CreatedRange
}

/**
 * Reads `application/x-www-form-urlencoded` with nesting: `metadata[a]`, `created[gte]`, `expand[0]`.
 * @param allowed - names at the top; `metadata`, `expand` and `created` may be nested
 * @throws Refusal parameter_unknown for any other
 */
export function readParameters(pairs: URLSearchParams, allowed: readonly string[]): Parameters {
  const plain = new Map<string, string>()
  const nested = new Map<string, Map<string, string>>()
  for (const [name, value] of pairs) {
    const bracket = name.indexOf('[')
    const top = bracket === -1 ? name : name.slice(0, bracket)
    if (!allowed.includes(top)) throw invalid(name, `Received unknown parameter: ${name}`, 'parameter_unknown')
    if (bracket === -1) {
      plain.set(name, value)
      continue
    }
    if (!NESTED.has(top) || !name.endsWith(']')) throw invalid(name, `Invalid ${top}: unexpected nesting`)
    const inner = nested.get(top) ?? new Map<string, string>()
    nested.set(top, inner)
    const within = name.slice(bracket + 1, -1)
    inner.set(within === '' ? String(inner.size) : within, value)
  }

  const given = (name: string): boolean => plain.has(name) || nested.has(name)
  const text = (name: string): string | undefined => plain.get(name) || undefined

  return {
    text,
    given,
    required(name) {
      const value = text(name)
      if (value !== undefined) return value
      if (!given(name)) throw invalid(name, `Missing required param: ${name}.`, 'parameter_missing')
      throw invalid(name, `You passed an empty string for '${name}'.`, 'parameter_invalid_empty')
    },
    positiveInteger(name) {
      const value = plain.get(name)
      if (value === undefined) return undefined
      if (!/^\d{1,18}$/.test(value)) throw invalid(name, `Invalid integer: ${value}`, 'parameter_invalid_integer')
      const number = BigInt(value)
      if (number > 0n) return number
      throw invalid(name, 'This value must be greater than or equal to 1.', 'parameter_invalid_integer')
    },
    metadata() {
      const metadata = nested.get('metadata') ?? new Map<string, string>()
      if (metadata.size > 50) throw invalid('metadata', 'Metadata has at most 50 keys.')
      for (const [key, value] of metadata) {
        if (key.length > 40) throw invalid('metadata', 'Metadata keys can have up to 40 characters.')
        if (value.length > 500) throw invalid('metadata', 'Metadata values can have up to 500 characters.')
      }
      return metadata
    },
    expand(fields, within = undefined) {
      return [...(nested.get('expand')?.values() ?? [])].map((path) => {
        const field = fields.find((one) => path === `${within ?? ''}${one}`)
        if (field === undefined) throw invalid('expand', `This property cannot be expanded (${path}).`)
        return field
      })
    },
    created() {
      const exactly = text('created')
      if (exactly !== undefined) return { from: seconds('created', exactly), to: seconds('created', exactly) }
      const range = { from: 0, to: Number.MAX_SAFE_INTEGER }
      for (const [bound, value] of nested.get('created') ?? []) {
        const name = `created[${bound}]`
        const at = seconds(name, value)
        if (bound === 'gte') range.from = Math.max(range.from, at)
        else if (bound === 'gt') range.from = Math.max(range.from, at + 1)
        else if (bound === 'lte') range.to = Math.min(range.to, at)
        else if (bound === 'lt') range.to = Math.min(range.to, at - 1)
        else throw invalid(name, `Received unknown parameter: ${name}`, 'parameter_unknown')
      }
      return range
    },
  }
}

const NESTED: ReadonlySet<string> = new Set(['metadata', 'expand', 'created'])

function seconds(name: string, value: string): number {
  if (/^\d{1,12}$/.test(value)) return Number(value)
  throw invalid(name, `Invalid timestamp: ${value}`, 'parameter_invalid_integer')
}

/** The parameters of a POST. @throws Refusal 400 for a body that is not a form */
export function bodyParameters(request: SandboxRequest, allowed: readonly string[]): Parameters {
  const type = request.headers['content-type']
  if (request.rawBody.length > 0 && type?.startsWith('application/x-www-form-urlencoded') !== true) {
    const message = 'Invalid request (check that your POST content type is application/x-www-form-urlencoded).'
    throw new Refusal(errorReply(400, { message }))
  }
  return readParameters(request.form(), allowed)
}
