import { businessDate } from '@remesa/domain/business-date'
import { Refusal } from '../kit/http.ts'
import { type FieldKind, fieldKindOf, type RecordType } from './fields.ts'
import { errorReply, invalidContent, type RefusalDetail } from './refusal.ts'

export type Line = Readonly<Record<string, unknown>>

/** A request body that has been checked: plain fields and the lines of its sublists, apart. */
export interface RecordBody {
  readonly fields: Readonly<Record<string, unknown>>
  readonly sublists: Readonly<Record<string, readonly Line[]>>
}

export type Strictness = 'Error' | 'Warning' | 'Ignore'

/**
 * Checks a body against the fields of its record type.
 * @param names - what an unknown field does: with `Error` it refuses the request, else it is dropped in silence
 * @param values - what a value of the wrong kind does, in the same way
 * @throws Refusal naming every field that is wrong, not only the first
 */
export function readRecordBody(
  type: RecordType,
  body: unknown,
  { names, values }: { names: Strictness; values: Strictness },
): RecordBody {
  if (!isObject(body)) throw invalidContent('Invalid content in the request body: expected a JSON object.')
  const fields: Record<string, unknown> = {}
  const sublists: Record<string, readonly Line[]> = {}
  const wrong: RefusalDetail[] = []
  for (const [name, value] of Object.entries(body)) {
    if (name === 'id' || name === 'links') continue
    const field = fieldKindOf(type, name)
    if (field === undefined) {
      if (names === 'Error') wrong.push(detail(`Unknown reference or field name: ${name}`, name))
      continue
    }
    const problem = value === null ? undefined : problemOf(field, value)
    if (problem !== undefined) {
      if (values === 'Error') wrong.push(detail(`Invalid value for the field ${name}: ${problem}.`, name))
    } else if (field.kind === 'sublist') {
      sublists[name] = value === null ? [] : (value as { items: Line[] }).items
    } else {
      fields[name] = value
    }
  }
  if (wrong.length > 0) throw new Refusal(errorReply(400, wrong))
  return { fields, sublists }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const detail = (text: string, path: string): RefusalDetail => ({
  detail: text,
  'o:errorCode': 'INVALID_CONTENT',
  'o:errorPath': path,
})

function problemOf(field: FieldKind, value: unknown): string | undefined {
  switch (field.kind) {
    case 'text':
      if (typeof value !== 'string') return 'expected text'
      return value.length > field.maxLength ? `expected at most ${field.maxLength} characters` : undefined
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'expected true or false'
    case 'number':
      return typeof value === 'number' ? undefined : 'expected a number'
    case 'date':
      return isDate(value) ? undefined : 'expected a date like 2026-11-20'
    case 'reference':
      return isObject(value) && (typeof value.id === 'string' || typeof value.externalId === 'string')
        ? undefined
        : 'expected a reference like { "id": "742" }'
    case 'custom':
      return undefined
    case 'computed':
      return 'it is read-only'
    case 'sublist':
      return isObject(value) && Array.isArray(value.items) && value.items.every(isObject)
        ? undefined
        : 'expected lines like { "items": [{}] }'
  }
}

function isDate(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    businessDate(value)
    return true
  } catch {
    return false
  }
}
