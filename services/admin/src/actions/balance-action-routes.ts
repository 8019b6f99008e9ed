import { findBalanceView } from '@remesa/database/balance-reads'
import { type BalanceAnswer, releaseBalance, retryBalance } from '@remesa/database/balance-repayments'
import type { ControlApproval } from '@remesa/database/control-approvals'
import type { Schema } from '@remesa/database/schema'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { controlApproval, controlApprovalJson } from '../controls/control-shapes.ts'
import { type Outcome, refused } from '../outcome.ts'
import { balance, balanceJson } from '../routes/balance-routes.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'

const answer = z
  .object({
    balance,
    approval: controlApproval.nullable().meta({ description: 'what waits for a second person; null once it is done' }),
  })
  .meta({ id: 'BalanceAnswer' })
type Answer = z.output<typeof answer>

export function balanceActionRoutes(server: ZodServer, parts: ApiParts): void {
  for (const [verb, summary, deed] of [
    [
      'retry',
      'Try a balance now that waits for its turn; have one paid again that failed or came back: that takes a second person',
      retryBalance,
    ],
    ['release', 'Let a blocked balance go on whose cause is mended', releaseBalance],
  ] as const) {
    server.post(
      `/v1/balances/:id/${verb}`,
      {
        schema: {
          tags: ['balances'],
          summary,
          params: byId,
          headers: withRequestKey,
          body: withReason,
          response: { ...PROBLEMS_OF_DEEDS, 200: answer, 202: answer },
        },
      },
      async (request, reply) => {
        const { reason } = request.body
        const { id } = request.params
        const asked = { actor: actorOf(request), reason, now: parts.clock().now }
        const done = await doOnce(parts, { request, reply, body: { reason }, answers: answer }, async (tx) =>
          outcomeOf(tx, id, await deed(tx, id, asked)),
        )
        return reply.code(done.status).send(done.answer)
      },
    )
  }
}

const TOPICS = { payment: topics.paySellerBalance, retrieval: topics.balanceDataRetrieval } as const

async function outcomeOf(tx: Transaction<Schema>, id: string, done: BalanceAnswer): Promise<Outcome<Answer>> {
  switch (done.kind) {
    case 'not_found':
      return refused('not-found', `There is no balance ${id}.`)
    case 'refused':
      return refused('wrong-state', done.why, { current: await balanceNow(tx, id) })
    case 'open':
      return refused('approval-open', 'This is asked for already; a second person decides first.', {
        approval: controlApprovalJson(done.approval),
      })
    case 'asked':
      return { kind: 'done', status: 202, answer: await answerOf(tx, id, done.approval) }
    case 'done':
      await enqueue(tx, TOPICS[done.goesOn], [{ data: { sellerBalanceId: id } }])
      return { kind: 'done', status: 200, answer: await answerOf(tx, id, null) }
  }
}

const answerOf = async (tx: Transaction<Schema>, id: string, approval: ControlApproval | null): Promise<Answer> => ({
  balance: await balanceNow(tx, id),
  approval: approval && controlApprovalJson(approval),
})

async function balanceNow(tx: Transaction<Schema>, id: string): Promise<Answer['balance']> {
  const view = await findBalanceView(tx, id)
  if (!view) throw new Error(`balance ${id} is gone`)
  return balanceJson(view)
}
