import { listAudit, sealStatus } from '@remesa/database/audit-reads'
import type { AuditEntry } from '@remesa/database/audit-rows'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, type ZodServer } from '../api.ts'
import { maskedFacts } from '../masks.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { auditEntry, count, countedPageQuery, cutPage, given, pageOf, time } from './shapes.ts'

const seals = z
  .object({
    sealedRows: count,
    unsealedRows: count,
    lastSeal: z.object({ at: time, digest: z.string() }).nullable(),
  })
  .meta({ id: 'AuditSeals' })

const name = plainText({ longest: 200 }).optional()
const query = z.strictObject({
  subjectType: name,
  subjectId: name,
  actor: name,
  action: name,
  ...countedPageQuery,
})

export function auditRoutes(server: ZodServer, { database }: ApiParts): void {
  server.get(
    '/v1/audit',
    {
      schema: {
        tags: ['audit'],
        summary: 'Decisions and changes of state, newest first',
        querystring: query,
        response: { ...PROBLEMS, 200: pageOf(auditEntry).meta({ id: 'AuditEntryPage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const after = cursor === undefined ? undefined : BigInt(cursor)
      const rows = await listAudit(database, { ...given({ ...which, after }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id.toString(), itemOf: entryJson })
    },
  )

  server.get(
    '/v1/audit/seals',
    {
      schema: {
        tags: ['audit'],
        summary: 'How far the log is sealed; `remesa audit verify` proves that the seals hold',
        response: {
          ...PROBLEMS,
          200: seals,
        },
      },
    },
    async () => toWire(await sealStatus(database)),
  )
}

const entryJson = ({ before, after, ...entry }: AuditEntry) => ({
  ...toWire(entry),
  before: before && maskedFacts(before),
  after: after && maskedFacts(after),
})
