import type { HttpAnswer } from '@remesa/provider-http/http-client'
import { errorFor } from '@remesa/provider-http/read-as'

/**
 * A NetSuite internal id, which may then stand in a path or a query.
 * @throws RangeError for anything but up to 18 digits
 */
export function internalId(text: string): string {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new RangeError('a NetSuite internal id is a positive whole number')
  return text
}

/**
 * A record by our own key, as a path names it.
 * @throws RangeError when the key is empty
 */
export function externalPath(recordType: string, externalId: string): string {
  if (externalId === '') throw new RangeError(`an external id of a ${recordType} must not be empty`)
  return `/services/rest/record/v1/${recordType}/eid:${encodeURIComponent(externalId)}`
}

/**
 * The id of a record that was saved: NetSuite tells it in Location alone.
 * @throws ProviderError `garbled` when it does not
 */
export function savedId(answer: HttpAnswer): string {
  const id = /\/([1-9]\d{0,17})\/?$/.exec(answer.headers.location ?? '')?.[1]
  if (id === undefined) throw errorFor(answer, { kind: 'garbled', code: 'location_without_id' })
  return id
}
