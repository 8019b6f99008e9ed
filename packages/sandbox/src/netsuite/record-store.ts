import type { RecordType } from './fields.ts'
import { internalIdOf } from './ids.ts'
import type { Line } from './record-body.ts'
import { refusal, userError } from './refusal.ts'

/** A saved record. It is never changed in place: a save puts a new one in its stead. */
export interface StoredRecord {
  readonly type: RecordType
  readonly id: string
  readonly externalId: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
  readonly sublists: Readonly<Record<string, readonly Line[]>>
  readonly createdAt: Date
  readonly modifiedAt: Date
}

/** Records by internal id and by external id, which is unique per record type (facts: netsuite §1). */
export class RecordStore {
  readonly #byId = new Map<RecordType, Map<string, StoredRecord>>()
  readonly #byExternalId = new Map<RecordType, Map<string, string>>()
  readonly #relationships = new Map<string, Set<string>>()
  #counted = 100_000

  /** @param key - an internal id, or `eid:` and an external id, as in a URL */
  find(type: RecordType, key: string): StoredRecord | undefined {
    const id = key.startsWith('eid:') ? this.#byExternalId.get(type)?.get(key.slice(4)) : key
    return id === undefined ? undefined : this.#byId.get(type)?.get(id)
  }

  /** @throws Refusal 404 when there is no such record. */
  get(type: RecordType, key: string): StoredRecord {
    const record = this.find(type, key)
    if (record === undefined) {
      throw refusal(
        404,
        'NONEXISTENT_ID',
        `The record instance does not exist. Provide a valid record instance ID: ${key}.`,
      )
    }
    return record
  }

  /** Every record of a type, in the order of their ids. */
  all(type: RecordType): StoredRecord[] {
    return [...(this.#byId.get(type)?.values() ?? [])].sort((a, b) => Number(a.id) - Number(b.id))
  }

  /** The subsidiaries of a vendor beside its primary one. */
  relationshipsOf(vendorId: string): StoredRecord[] {
    const ids = this.#relationships.get(vendorId) ?? []
    return [...ids].map((id) => this.get('vendorSubsidiaryRelationship', id))
  }

  /** The id a record will have: of its external id when it has one, else the next one counted. */
  newId(type: RecordType, externalId: string | undefined): string {
    if (externalId === undefined) {
      this.#counted += 1
      return this.#counted.toString()
    }
    return internalIdOf(type, externalId)
  }

  /** @throws Refusal when another record of the type has the external id. */
  save(record: StoredRecord): void {
    const byId = mapOf(this.#byId, record.type)
    const byExternalId = mapOf(this.#byExternalId, record.type)
    const previous = byId.get(record.id)
    if (record.externalId !== undefined) {
      const holder = byExternalId.get(record.externalId)
      if (holder !== undefined && holder !== record.id) {
        throw userError(`This record already exists: external id ${record.externalId}.`, 'externalId')
      }
    }
    if (previous !== undefined) this.delete(previous)
    if (record.externalId !== undefined) byExternalId.set(record.externalId, record.id)
    byId.set(record.id, record)
    const vendorId = vendorOf(record)
    if (vendorId !== undefined) addTo(this.#relationships, vendorId, record.id)
  }

  delete(record: StoredRecord): void {
    this.#byId.get(record.type)?.delete(record.id)
    if (record.externalId !== undefined) this.#byExternalId.get(record.type)?.delete(record.externalId)
    const vendorId = vendorOf(record)
    if (vendorId !== undefined) this.#relationships.get(vendorId)?.delete(record.id)
  }
}

function mapOf<Key, Value>(maps: Map<Key, Map<string, Value>>, key: Key): Map<string, Value> {
  const map = maps.get(key) ?? new Map<string, Value>()
  maps.set(key, map)
  return map
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key) ?? new Set<string>()
  set.add(value)
  sets.set(key, set)
}

function vendorOf(record: StoredRecord): string | undefined {
  if (record.type !== 'vendorSubsidiaryRelationship') return undefined
  return (record.fields.entity as { id: string }).id
}
