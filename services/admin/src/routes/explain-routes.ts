import { findNamed, search } from '@remesa/database/search-reads'
import { z } from 'zod'
import { type ApiParts, PROBLEMS, PROBLEMS_OF_ONE, type ZodServer } from '../api.ts'
import { explain } from '../explain/explain.ts'
import { ProblemError, problem } from '../problem.ts'
import { plainText } from '../text.ts'
import { toWire } from '../wire.ts'
import { byName, money, time } from './shapes.ts'

const FOUND_TYPES = [
  'seller',
  'payee',
  'balance',
  'transfer',
  'payout',
  'booking',
  'settlement',
  'document',
  'payment',
] as const
const MOVERS = ['nobody', 'remesa', 'finance', 'on-call', 'payee', 'provider', 'marketplace'] as const

const foundType = z.enum(FOUND_TYPES).meta({ id: 'FoundType' })
const found = z
  .object({
    type: foundType,
    id: z.string(),
    title: z.string(),
    status: z.string(),
    money: money.nullable(),
    at: time,
  })
  .meta({ id: 'Found' })

const explanation = z
  .object({
    subject: z.object({
      type: foundType,
      id: z.string(),
      title: z.string(),
      status: z.string(),
      money: money.nullable(),
    }),
    amount: z
      .array(z.object({ label: z.string(), money }))
      .meta({ description: 'why it is so much: lines that add up to the subject’s money' }),
    story: z.array(z.object({ at: time, text: z.string() })).meta({ description: 'what happened, oldest first' }),
    next: z.object({ who: z.enum(MOVERS), text: z.string() }).meta({ description: 'whose move is next' }),
    links: z.array(z.object({ type: foundType, id: z.string(), label: z.string() })),
  })
  .meta({ id: 'Explanation' })

/** More than anybody reads. */
const SHOWN = 30

export function explainRoutes(server: ZodServer, { database, clock }: ApiParts): void {
  server.get(
    '/v1/search',
    {
      schema: {
        tags: ['search'],
        summary: 'What somebody may mean: any id, ours or anybody’s, a tax id, beginnings of words of a seller’s name',
        querystring: z.strictObject({ q: plainText({ longest: 200 }).optional() }),
        response: { ...PROBLEMS, 200: z.object({ items: z.array(found) }).meta({ id: 'SearchAnswer' }) },
      },
    },
    async ({ query: { q } }) => ({
      items: q === undefined ? [] : toWire((await search(database, q)).slice(0, SHOWN)),
    }),
  )

  server.get(
    '/v1/explain/:id',
    {
      schema: {
        tags: ['search'],
        summary: 'Why an amount is what it is, what happened, and whose move is next: of whatever has this id',
        params: byName,
        response: { ...PROBLEMS_OF_ONE, 200: explanation },
      },
    },
    async ({ params: { id } }) => {
      const [named] = await findNamed(database, id)
      const explained = named && (await explain(database, named, clock()))
      if (!explained) throw new ProblemError(problem('not-found', notKnown(id)))
      return toWire(explained)
    },
  )
}

/** Stripe's ids of what customers pay, give back and dispute. */
const STRIPE_PAYMENT = /^(?:pi|ch|py|re|pyr|dp|du)_/

const notKnown = (id: string): string =>
  STRIPE_PAYMENT.test(id)
    ? `Remesa does not know ${id}: neither an event of Stripe’s nor a comparison has told of it. Compare its day with Stripe to find it.`
    : `There is nothing of the id ${id}.`
