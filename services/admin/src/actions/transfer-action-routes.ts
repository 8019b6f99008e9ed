import type { ControlApproval } from '@remesa/database/control-approvals'
import type { Schema } from '@remesa/database/schema'
import { findTransferRow } from '@remesa/database/transfer-reads'
import { retryTransfer, type TransferAnswer } from '@remesa/database/transfer-repayments'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { Transaction } from 'kysely'
import { z } from 'zod'
import { type ApiParts, actorOf, doOnce, PROBLEMS_OF_DEEDS, type ZodServer } from '../api.ts'
import { controlApproval, controlApprovalJson } from '../controls/control-shapes.ts'
import { type Outcome, refused } from '../outcome.ts'
import { transfer, transferJson } from '../routes/transfer-routes.ts'
import { byId, withReason, withRequestKey } from '../schemas.ts'

const answer = z
  .object({
    transfer,
    approval: controlApproval.nullable().meta({ description: 'what waits for a second person; null once it is done' }),
  })
  .meta({ id: 'TransferAnswer' })
type Answer = z.output<typeof answer>

export function transferActionRoutes(server: ZodServer, parts: ApiParts): void {
  server.post(
    '/v1/transfers/:id/retry',
    {
      schema: {
        tags: ['transfers'],
        summary:
          'Try a transfer now that waits for its turn; have a contest’s that failed paid again: that takes a second person',
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
        outcomeOf(tx, id, await retryTransfer(tx, id, asked)),
      )
      return reply.code(done.status).send(done.answer)
    },
  )
}

async function outcomeOf(tx: Transaction<Schema>, id: string, done: TransferAnswer): Promise<Outcome<Answer>> {
  switch (done.kind) {
    case 'not_found':
      return refused('not-found', `There is no transfer ${id}.`)
    case 'refused':
      return refused('wrong-state', done.why, { current: await transferNow(tx, id) })
    case 'open':
      return refused('approval-open', 'This is asked for already; a second person decides first.', {
        approval: controlApprovalJson(done.approval),
      })
    case 'asked':
      return { kind: 'done', status: 202, answer: await answerOf(tx, id, done.approval) }
    case 'done':
      await enqueue(tx, topics.payoutTransfer, [{ data: { payoutTransferId: id } }])
      return { kind: 'done', status: 200, answer: await answerOf(tx, id, null) }
  }
}

const answerOf = async (tx: Transaction<Schema>, id: string, approval: ControlApproval | null): Promise<Answer> => ({
  transfer: await transferNow(tx, id),
  approval: approval && controlApprovalJson(approval),
})

async function transferNow(tx: Transaction<Schema>, id: string): Promise<Answer['transfer']> {
  const row = await findTransferRow(tx, id)
  if (!row) throw new Error(`transfer ${id} is gone`)
  return transferJson(row)
}
