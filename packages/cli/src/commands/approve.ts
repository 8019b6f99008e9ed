import { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, acts, inPath, openApi } from '../api.ts'
import { CannotError, type Context, exitCodes } from '../context.ts'
import { actionAnswer, actionText, approval, payoutMoney } from '../payouts.ts'
import { asJson, table, timeText } from '../text.ts'

interface Options extends ApiOptions {
  readonly reason?: string
  readonly key: string
  readonly refuse?: true
}

const approvalPage = z.looseObject({ approvals: z.array(approval), next: z.string().nullable() })

/** `remesa approve [ID]`: the second of two people. */
export const approveCommands = (context: Context): Command =>
  acts(
    new Command('approve')
      .description('Agrees to what somebody else asked for, which is done at once; without an ID lists what waits.')
      .argument('[id]', 'of the approval'),
    { reasonIsOptional: true },
  )
    .option('--refuse', 'refuses it instead')
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, options: Options) => {
      if (id === undefined) return list(context, options)
      if (options.reason === undefined) throw new CannotError('Why? Give --reason: it becomes part of the audit log.')
      const api = await openApi(context, options, 'approver')
      const deed = { key: options.key, body: { reason: options.reason } }
      const verdict = options.refuse ? 'refuse' : 'approve'
      const answer = await api.post(`/v1/approvals/${inPath(id)}/${verdict}`, actionAnswer, deed)
      context.out(options.json ? asJson(answer) : actionText(context, answer))
    })

async function list(context: Context, options: ApiOptions): Promise<void> {
  const api = await openApi(context, options, 'viewer')
  const answer = await api.get('/v1/approvals', approvalPage, { status: 'open', limit: 200 })
  const rows = answer.approvals.map((one) => [
    ...[one.id, one.action, one.payoutId, payoutMoney(one.seen), one.requestedBy],
    ...[timeText(one.requestedAt), one.reason],
  ])
  const text = table(
    ['id', 'to', 'payout', '>amount', 'asked by', 'at', 'why'],
    rows,
    'Nothing waits for a second person.',
  )
  context.out(options.json ? asJson(answer) : text)
}

const HELP = `
Role: approver, and never whoever asked. What is approved is the payout as it was asked for: if its amount, its status or its
disputes have changed since, the approval is void and nothing is done.

${exitCodes({ 0: 'it is decided, or they are listed' })}

Examples:
  remesa approve                                                          what waits
  remesa approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "checked the call’s recording"
  remesa approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --refuse --reason "wrong booking"`
