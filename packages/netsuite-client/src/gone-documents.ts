import { errorFor, readAs } from '@remesa/provider-http/read-as'
import { z } from 'zod'
import { internalId } from './ids.ts'
import type { Ask } from './transport.ts'

const AT_ONCE = 1000
/** So many are not deleted all together: NetSuite answers about what a role may not see as about what is not there. */
const MANY = 20
/** Our word for an answer about many documents that shows none of them. */
export const NO_DOCUMENT_SHOWN = 'no_document_shown'

const pageSchema = z.object({
  items: z.array(z.object({ id: z.string().regex(/^[1-9]\d{0,17}$/) })),
  hasMore: z.boolean(),
})

/**
 * Which of these bills and invoices NetSuite does not show any more. No query of its tables names what was deleted (facts:
 * netsuite §6), but one that asks for a document by its id does not bring one that is gone; nor one that our role may no
 * longer see.
 * @param erpIds - at least one, at most 1,000
 * @throws RangeError for ids that are none, or too many; ProviderError, of `credentials` and the code {@link NO_DOCUMENT_SHOWN} when
 *   it shows none of 20 or more
 */
export async function findGoneDocuments(ask: Ask, erpIds: readonly string[]): Promise<readonly string[]> {
  if (erpIds.length === 0 || erpIds.length > AT_ONCE)
    throw new RangeError(`${erpIds.length} ids are not 1 to ${AT_ONCE}`)
  const asked = new Set(erpIds)
  const shown = await ask(
    {
      operation: 'look for documents',
      method: 'POST',
      path: `/services/rest/query/v1/suiteql?limit=${AT_ONCE}`,
      headers: { prefer: 'transient' },
      json: {
        q:
          "SELECT t.id AS id FROM transaction t WHERE t.type IN ('VendBill','CustInvc') " +
          `AND t.id IN (${erpIds.map(internalId).join(',')}) ORDER BY t.id`,
      },
    },
    (answer) => {
      const { items, hasMore } = readAs(pageSchema, answer)
      // Of an answer that is not about what was asked nothing is taken for gone.
      if (hasMore || items.some(({ id }) => !asked.has(id))) {
        throw errorFor(answer, { kind: 'garbled', code: 'rows_not_as_asked' })
      }
      if (items.length === 0 && erpIds.length >= MANY) {
        throw errorFor(answer, { kind: 'unavailable', credentials: true, code: NO_DOCUMENT_SHOWN })
      }
      return new Set(items.map(({ id }) => id))
    },
  )
  return erpIds.filter((id) => !shown.has(id))
}
