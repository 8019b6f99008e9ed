import type { StoredRecord } from './record-store.ts'
import { refusal } from './refusal.ts'

/**
 * Records that a list request's `q` asks for: `field OP "value"`, joined by AND.
 * @throws Refusal INVALID_SEARCH for anything else
 */
export function searchRecords(records: readonly StoredRecord[], q: string | null): readonly StoredRecord[] {
  if (q === null || q.trim() === '') return records
  const conditions = q.split(/\s+AND\s+/i).map(conditionOf)
  return records.filter((record) => conditions.every((holds) => holds(record)))
}

function conditionOf(text: string): (record: StoredRecord) => boolean {
  const match = /^\s*(\w+)\s+(IS|EQUAL|CONTAIN|START_WITH)\s+(?:"([^"]*)"|(\S+))\s*$/i.exec(text)
  if (!match) throw refusal(400, 'INVALID_SEARCH', `Invalid search query: ${text.trim()}.`)
  const [, field = '', operator = '', quoted, bare] = match
  const wanted = (quoted ?? bare ?? '').toLowerCase()
  return (record) => {
    const value = field === 'id' ? record.id : field === 'externalId' ? record.externalId : record.fields[field]
    if (value === undefined || value === null) return false
    const held = String(value).toLowerCase()
    switch (operator.toUpperCase()) {
      case 'CONTAIN':
        return held.includes(wanted)
      case 'START_WITH':
        return held.startsWith(wanted)
      default:
        return held === wanted
    }
  }
}
