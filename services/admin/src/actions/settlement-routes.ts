import type { ControlApproval } from '@remesa/database/control-approvals'
import type { Asked } from '@remesa/database/rail-stops'
import type { Schema } from '@remesa/database/schema'
import {
  compareImport,
  type DifferentSettlement,
  importedAlone,
  owedByCurrency,
  storeImport,
} from '@remesa/database/settlement-import'
import { askToImport } from '@remesa/database/settlement-import-approvals'
import type { SettlementWithWinners } from '@remesa/database/settlements'
import { settlementProblem } from '@remesa/domain/settlement'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { type ApprovalLimits, takesTwo } from '../approval-limits.ts'
import { controlApproval, controlApprovalJson } from '../controls/control-shapes.ts'
import { type Outcome, refused } from '../outcome.ts'
import { withReason, withRequestKey } from '../schemas.ts'
import { isPlainText } from '../text.ts'

// What one request may bring; a settlement is never split, so that these are also the limits of one.
const MOST_SETTLEMENTS = 200
const MOST_WINNERS = 20_000
const BODY_LIMIT_BYTES = 4 * 1024 * 1024
/** What one person brings alone within it counts together. */
const DAY_MS = 86_400_000

/** Kept as it is written: it is the marketplace's, and is compared letter by letter. */
const exactText = (longest: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(longest, `must have at most ${longest} characters`)
    .refine(
      (text) => isPlainText(text) && text === text.trim(),
      'must have no control characters, nor spaces around it',
    )
const amount = z.string().regex(/^-?\d{1,18}$/, 'must be whole minor units')

const settlement = z
  .strictObject({
    settlementId: exactText(200),
    contestId: exactText(200),
    currency: exactText(20),
    total: amount.meta({ description: 'minor units of the currency, as a decimal string' }),
    status: exactText(50).meta({ description: '`closed` or `completed` once the contest is over' }),
    winners: z.array(
      z.strictObject({
        userId: exactText(200),
        stripeAccountId: z
          .string()
          .regex(/^acct_\w{1,250}$/, 'must be a Stripe account, acct_…, or null')
          .nullable(),
        amount,
        currency: exactText(20),
      }),
    ),
  })
  .meta({ id: 'SettlementWish' })

const body = withReason
  .extend({
    replace: z
      .boolean()
      .default(false)
      .meta({ description: 'a settlement that stands here otherwise and is not being paid gives way' }),
    settlements: z
      .array(settlement)
      .min(1, 'must have one at least')
      .max(MOST_SETTLEMENTS, `must have at most ${MOST_SETTLEMENTS}`)
      .refine(
        (all) => new Set(all.map(({ settlementId }) => settlementId)).size === all.length,
        'must have each one once',
      )
      .refine(
        (all) => all.reduce((sum, { winners }) => sum + winners.length, 0) <= MOST_WINNERS,
        `must have at most ${MOST_WINNERS} winners together`,
      ),
  })
  .meta({ id: 'SettlementImport' })

const answer = z
  .object({
    settlements: z.array(
      z.object({
        settlementId: z.string(),
        result: z
          .enum(['new', 'replaced', 'unchanged', 'waits'])
          .meta({ description: '`waits`: nothing is stored of it before a second person approves' }),
        problem: z
          .object({ rule: z.string(), found: z.string() })
          .nullable()
          .meta({ description: 'the rule that it breaks as it stands: nobody of it is paid, and finance is told' }),
      }),
    ),
    approval: controlApproval
      .nullable()
      .default(null) // answers that were kept before imports could wait have none
      .meta({ description: 'what waits for a second person; null once they are stored' }),
  })
  .meta({ id: 'SettlementImportAnswer' })
type Answer = z.output<typeof answer>

export function settlementRoutes(server: ZodServer, parts: ApiParts): void {
  server.post(
    '/v1/settlements',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        tags: ['settlements'],
        summary:
          'Store settlements of contests and have them paid, all of a request or none; above the limit it takes a second person; the same one again changes nothing',
        headers: withRequestKey,
        body,
        response: { ...PROBLEMS_OF_DEEDS, 200: answer, 202: answer },
      },
    },
    async (request, reply) => {
      const { reason, replace } = request.body
      const brought = request.body.settlements.map(settlementOf)
      const asked = { actor: actorOf(request), reason, replace, now: parts.clock().now }
      const digested = { reason, replace: String(replace), settlements: JSON.stringify(request.body.settlements) }
      const done = await doOnce(parts, { request, reply, body: digested, answers: answer }, (tx) =>
        bring(tx, brought, { ...asked, limits: parts.limits }),
      )
      return reply.code(done.status).send(done.answer)
    },
  )
}

const settlementOf = ({ winners, ...one }: z.output<typeof settlement>): SettlementWithWinners => ({
  settlement: { ...one, total: BigInt(one.total) },
  winners: winners.map((winner) => ({ ...winner, amount: BigInt(winner.amount) })),
})

async function bring(
  tx: Transaction<Schema>,
  brought: readonly SettlementWithWinners[],
  asked: Asked & { readonly replace: boolean; readonly limits: ApprovalLimits },
): Promise<Outcome<Answer>> {
  const { actor, reason, now, replace, limits } = asked
  const compared = await compareImport(tx, brought, { replace })
  if (compared.kind === 'different') {
    return refused('wrong-state', refusalOf(compared.settlements), { different: compared.settlements.slice(0, SHOWN) })
  }
  const answerOf = (approval: ControlApproval | null): Answer => ({
    settlements: brought.map(({ settlement, winners }) => {
      const result = compared.imported.get(settlement.settlementId) ?? 'unchanged'
      return {
        settlementId: settlement.settlementId,
        result: approval && result !== 'unchanged' ? 'waits' : result,
        problem: settlementProblem(settlement, winners) ?? null,
      }
    }),
    approval: approval && controlApprovalJson(approval),
  })

  const before = await importedAlone(tx, { actor, since: new Date(now.getTime() - DAY_MS) })
  const together = [...owedByCurrency(compared.toWrite)].map(([currency, owed]) => ({
    currency,
    amount: owed + (before.get(currency) ?? 0n),
  }))
  if (together.some((sum) => takesTwo(limits, sum))) {
    const { approval } = await askToImport(tx, brought, { compared, replace }, { actor, reason, now })
    return { kind: 'done', status: 202, answer: answerOf(approval) }
  }
  await storeImport(tx, compared, { actor, reason, approvalId: null })
  await enqueue(
    tx,
    topics.settlementCompleted,
    compared.toWrite.map(({ settlement: { settlementId } }) => ({ data: { settlementId } })),
  )
  return { kind: 'done', status: 200, answer: answerOf(null) }
}

const SHOWN = 20

function refusalOf(different: readonly DifferentSettlement[]): string {
  const [first] = different
  if (!first) throw new Error('nothing differs')
  const others = different.length > 1 ? `, and ${different.length - 1} more stand here otherwise` : ''
  const why = first.hasJob
    ? 'and is being paid or is paid, so that nothing changes it any more'
    : 'and gives way only where `replace` is asked for'
  return `Settlement ${first.settlementId} stands here otherwise (${first.differs.join(', ')}), ${why}${others}. Nothing was stored.`
}
