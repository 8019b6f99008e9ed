import { Command } from 'commander'
import { z } from 'zod'
import { type Api, type ApiOptions, acts, inPath, openApi, pageOf } from '../api.ts'
import { CannotError, type Context, exitCodes } from '../context.ts'
import { wishLines, wishText } from '../control-wishes.ts'
import { actionAnswer, actionText, approval, payoutMoney } from '../payouts.ts'
import { newestOfEachRun, planAnswer, planDetail, planStateText, words } from '../plans.ts'
import { asJson, moneyText, plain, table, timeText } from '../text.ts'

interface Options extends ApiOptions {
  readonly reason?: string
  readonly key: string
  readonly refuse?: true
  readonly hash?: string
}

const approvalPage = z.looseObject({ approvals: z.array(approval), next: z.string().nullable() })
/** Of payments as a whole: a rail's restart, a cap. */
const controlApproval = z.looseObject({
  id: z.string(),
  kind: z.string(),
  subjectId: z.string(),
  wish: z.record(z.string(), z.unknown()),
  reason: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  status: z.string(),
})
const controlAnswer = z.looseObject({ approval: controlApproval })

/** `remesa approve [ID]`: the second of two people. */
export const approveCommands = (context: Context): Command =>
  acts(
    new Command('approve')
      .description('Agrees to what somebody else asked for, which is done at once; without an ID lists what waits.')
      .argument('[id]', 'of the approval, or of a plan'),
    { reasonIsOptional: true },
  )
    .option('--refuse', 'refuses it instead')
    .option('--hash <hash>', 'of a plan, as it was seen: it is approved if it still has it')
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, options: Options) => {
      if (id === undefined) return list(context, options)
      if (options.reason === undefined) throw new CannotError('Why? Give --reason: it becomes part of the audit log.')
      const api = await openApi(context, options, 'approver')
      const deed = { key: options.key, body: { reason: options.reason } }
      if (options.hash !== undefined) {
        if (options.refuse) throw new CannotError('A plan is not refused: one that nobody approves is not applied.')
        const body = { ...deed.body, hash: options.hash }
        const answer = await api.post(`/v1/plans/${inPath(id)}/approve`, planAnswer, { ...deed, body })
        context.out(options.json ? asJson(answer) : planStateText(context, answer.plan))
        return
      }
      const path = `${inPath(id)}/${options.refuse ? 'refuse' : 'approve'}`
      if (await isOfControls(api, id)) {
        const answer = await api.post(`/v1/control-approvals/${path}`, controlAnswer, deed)
        context.out(options.json ? asJson(answer) : controlText(context, answer.approval))
      } else {
        const answer = await api.post(`/v1/approvals/${path}`, actionAnswer, deed)
        context.out(options.json ? asJson(answer) : actionText(context, answer))
      }
    })

/** Decided ones count, too: the same command with the same key gets the same answer. */
async function isOfControls(api: Api, id: string): Promise<boolean> {
  let cursor: string | undefined
  do {
    const page = await api.get('/v1/control-approvals', pageOf(controlApproval), { cursor, limit: 200 })
    if (page.items.some((one) => one.id === id)) return true
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return false
}

function controlText({ colours }: Context, approval: z.output<typeof controlApproval>): string {
  const { kind, status, wish } = approval
  const sign = status === 'approved' ? colours.green('✓') : colours.yellow('!')
  const of = isImport(kind) ? [plain(wishText(kind, wish)), ...wishLines(kind, wish)] : []
  return [`${sign} ${kindText(kind)} ${plain(controlSubject(approval))}: ${plain(status)}`, ...of].join('\n  ')
}

/** An import is known by its hash, which stands with what it is; the beginning tells one from another. */
const controlSubject = ({ kind, subjectId }: z.output<typeof controlApproval>): string =>
  isImport(kind) ? subjectId.slice(0, 12) : subjectId

const isImport = (kind: string): boolean => kind === 'settlement_import'

const kindText = (kind: string): string => plain(kind.replaceAll('_', ' '))

async function list(context: Context, options: ApiOptions): Promise<void> {
  const api = await openApi(context, options, 'viewer')
  const open = { status: 'open', limit: 200 }
  const [{ approvals }, controls, { items }] = await Promise.all([
    api.get('/v1/approvals', approvalPage, open),
    api.get('/v1/control-approvals', pageOf(controlApproval), open),
    api.get('/v1/plans', pageOf(planDetail), { limit: 50 }),
  ])
  const plans = newestOfEachRun(items).filter(({ needsApproval }) => needsApproval)
  const asked = (one: { requestedBy: string; requestedAt: string; reason: string }) => [
    ...[one.requestedBy, timeText(one.requestedAt), one.reason],
  ]
  const rows = [
    ...approvals.map((one) => [one.id, one.action, `payout ${one.payoutId}`, payoutMoney(one.seen), ...asked(one)]),
    ...controls.items.map((one) => [
      ...[one.id, kindText(one.kind), controlSubject(one), wishText(one.kind, one.wish)],
      ...asked(one),
    ]),
    ...plans.map(({ id, kind, run, pays, planned, reason }) => [
      ...[id, 'approve the plan', `${words(kind)} of ${run}`, pays.map(moneyText).join(', ')],
      ...asked({ requestedBy: planned.by, requestedAt: planned.at, reason }),
    ]),
  ]
  const text = table(['id', 'to', 'what', 'as', 'asked by', 'at', 'why'], rows, 'Nothing waits for a second person.')
  const more = controls.items.flatMap(({ id, kind, wish }) => {
    const lines = wishLines(kind, wish)
    return lines.length === 0 ? [] : ['', `${kindText(kind)} ${plain(id)}:`, ...lines.map((line) => `  ${line}`)]
  })
  context.out(options.json ? asJson({ approvals, controls: controls.items, plans }) : [text, ...more].join('\n'))
}

const HELP = `
Role: approver, and never whoever asked. What is approved is what was asked for, as it stood then: if a payout’s amount,
its status or its disputes have changed since, the approval is void and nothing is done. Of settlements by file it shows the sums, the
SHA-256 of their content and those that owe most, 20 at most, and says how many more there are; they are stored and paid at once.

${exitCodes({ 0: 'it is decided, or they are listed' })}

Examples:
  remesa approve                                                          what waits
  remesa approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --reason "checked the call’s recording"
  remesa approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --hash 9f86… --reason "totals agree with treasury"
  remesa approve 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --refuse --reason "wrong booking"`
