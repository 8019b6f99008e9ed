import { ledgerProof } from '@remesa/database/ledger'
import { findAccounts, listAccounts, listEntries } from '@remesa/database/ledger-reads'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, type ZodServer } from '../api.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { count, countedPageQuery, cutPage, given, minorUnits, money, pageOf, posting, time } from './shapes.ts'

const account = z.object({ account: z.string(), money }).meta({ id: 'LedgerAccount' })
const entry = z
  .object({
    id: z.string(),
    idempotencyKey: z.string(),
    kind: z.string(),
    occurredAt: time,
    payable: z.object({ type: z.string(), id: z.uuid() }).nullable(),
    postings: z.array(posting),
  })
  .meta({ id: 'LedgerEntry' })

const proof = z
  .object({
    currencies: z.array(z.object({ currency: z.string(), entries: count, sum: minorUnits })),
    disagreements: z
      .array(z.object({ account: z.string(), currency: z.string(), posted: minorUnits, kept: minorUnits }))
      .meta({ description: 'accounts whose kept balance is not the sum of their postings' }),
    isBalanced: z.boolean(),
  })
  .meta({ id: 'LedgerProof' })

const name = plainText({ longest: 200 })
const accountQuery = z.strictObject({
  q: name.optional().meta({
    description:
      'accounts of payees: how their name begins, or a seller; without it the chart of accounts with its sums',
  }),
  cursor: z
    .string()
    .regex(/^[a-z_]+(:[A-Za-z0-9_-]+)*\|[A-Z]{3}$/, 'must be `next` of the page before')
    .optional(),
  limit: countedPageQuery.limit,
})

export function ledgerRoutes(server: ZodServer, { database }: ApiParts): void {
  server.get(
    '/v1/ledger/accounts',
    {
      schema: {
        tags: ['ledger'],
        summary: 'Accounts and their sums: credits positive, debits negative',
        querystring: accountQuery,
        response: { ...PROBLEMS, 200: pageOf(account).meta({ id: 'LedgerAccountPage' }) },
      },
    },
    async ({ query: { q, cursor, limit } }) => {
      if (q === undefined) return { items: toWire(await listAccounts(database)), next: null }
      const [after, currency] = cursor?.split('|') ?? []
      const rows = await findAccounts(database, {
        q,
        limit: limit + 1,
        ...(after !== undefined && currency !== undefined && { after: { account: after, currency } }),
      })
      const cursorOf = (row: (typeof rows)[number]) => `${row.account}|${row.money.currency}`
      return cutPage(rows, { limit, cursorOf, itemOf: toWire })
    },
  )

  server.get(
    '/v1/ledger/entries',
    {
      schema: {
        tags: ['ledger'],
        summary: 'Entries with their postings, newest first',
        querystring: z.strictObject({
          account: name.optional(),
          payableId: z.uuid().optional(),
          ...countedPageQuery,
        }),
        response: { ...PROBLEMS, 200: pageOf(entry).meta({ id: 'LedgerEntryPage' }) },
      },
    },
    async ({ query: { cursor, limit, ...which } }) => {
      const after = cursor === undefined ? undefined : BigInt(cursor)
      const rows = await listEntries(database, { ...given({ ...which, after }), limit: limit + 1 })
      return cutPage(rows, { limit, cursorOf: ({ id }) => id.toString(), itemOf: toWire })
    },
  )

  server.get(
    '/v1/ledger/proof',
    {
      schema: {
        tags: ['ledger'],
        summary:
          'That the books sum to zero in each currency, and that kept balances agree with postings; reads all of them',
        response: { ...PROBLEMS, 200: proof },
      },
    },
    async () => {
      const { currencies, disagreements } = await ledgerProof(database)
      const isBalanced = disagreements.length === 0 && currencies.every(({ sum }) => sum === 0n)
      return { ...toWire({ currencies, disagreements }), isBalanced }
    },
  )
}
