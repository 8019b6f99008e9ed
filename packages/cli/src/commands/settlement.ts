import { Command } from 'commander'
import { z } from 'zod'
import { type Api, type ApiOptions, acts, inPath, openApi, pageOf, usesApi } from '../api.ts'
import { CannotError, type CommandGroup, type Context, exitCodes } from '../context.ts'
import { importedText, readSettlementFile, type Sent, sendSettlements } from '../settlement-import.ts'
import { asJson, counted, moneyText, table } from '../text.ts'

interface ImportOptions extends ApiOptions {
  readonly key: string
  readonly reason?: string
  readonly winners?: string
  readonly replace?: true
  readonly check?: true
}

/** `remesa settlement …` */
export const settlementCommands: CommandGroup = (context, ended) => {
  const commands = new Command('settlement').description('Settlements of contests, and their winners.')
  acts(
    commands
      .command('import')
      .description('Brings settlements by file, and has their winners paid. Above the limit it takes two people.')
      .argument('<file>', 'of the settlements, CSV'),
    { reasonIsOptional: true },
  )
    .option('--winners <file>', 'of their winners, CSV (default: winners.csv beside it)')
    .option('--replace', 'what stands there otherwise and is not being paid gives way')
    .option('--check', 'reads the files, says what is wrong with them, and sends nothing')
    .addHelpText('after', HELP)
    .action(async (file: string, options: ImportOptions) => {
      const settlements = await readSettlementFile(context, { settlements: file, winners: options.winners })
      if (options.check) {
        context.out(`${counted(settlements.length, 'settlement')}: the files are right. Nothing was sent.`)
        return
      }
      const sent = await send(context, options, settlements)
      context.out(options.json ? asJson(sent) : importedText(context, sent))
      if (sent.settlements.some(({ problem }) => problem !== null)) ended(1)
    })

  usesApi(
    commands
      .command('waiting')
      .description(
        'All of an import that waits for a second person, or waited: who is paid, how much, to which account.',
      )
      .argument('<approval>', 'its id'),
  )
    .addHelpText('after', WAITING_HELP)
    .action(async (approval: string, options: ApiOptions) => {
      const api = await openApi(context, options, 'viewer')
      const settlements = await broughtBy(api, approval)
      const rows = settlements.flatMap(({ settlementId, contestId, total, currency, status, winners }) => [
        [settlementId, contestId, status, 'total', '', moneyText({ amount: total, currency })],
        ...winners.map((winner) => [
          ...[settlementId, '', '', winner.userId, winner.stripeAccountId ?? 'none yet'],
          moneyText({ amount: winner.amount, currency: winner.currency }),
        ]),
      ])
      const text = table(['settlement', 'contest', 'status', 'winner', 'account', '>amount'], rows, 'There is none.')
      context.out(options.json ? asJson({ settlements }) : text)
    })
  return commands
}

const brought = z.looseObject({
  ...{ settlementId: z.string(), contestId: z.string(), total: z.string(), currency: z.string(), status: z.string() },
  winners: z.array(
    z.looseObject({
      ...{ userId: z.string(), stripeAccountId: z.string().nullable(), amount: z.string(), currency: z.string() },
    }),
  ),
})

async function broughtBy(api: Api, approval: string): Promise<readonly z.output<typeof brought>[]> {
  const all: z.output<typeof brought>[] = []
  let cursor: string | undefined
  do {
    const path = `/v1/control-approvals/${inPath(approval)}/settlements`
    const page = await api.get(path, pageOf(brought), { cursor, limit: 200 })
    all.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return all
}

async function send(
  context: Context,
  options: ImportOptions,
  settlements: Awaited<ReturnType<typeof readSettlementFile>>,
): Promise<Sent> {
  if (settlements.length === 0) throw new CannotError('There is no settlement in the file.')
  const { key, reason, replace = false } = options
  if (reason === undefined) throw new CannotError('Why? Give --reason: it becomes part of the audit log.')
  const api = await openApi(context, options, 'operator')
  return sendSettlements(api, settlements, {
    key,
    reason,
    replace,
    onProgress: (sent) => context.err(`… ${sent} of ${counted(settlements.length, 'settlement')}`),
  })
}

const HELP = `
Role: operator. Two files, UTF-8, comma-separated, each with a header that names these columns in any order:

  settlements  settlement_id,contest_id,currency,total,status
  winners      settlement_id,user_id,stripe_account_id,amount,currency

Amounts are in major units (1750.50). status is closed or completed once the contest is over. stripe_account_id is empty for a
winner who has none yet; currency of a winner is empty, or its column left out, where it is the settlement’s.

All of a file is read before anything is sent; what is wrong is told with file, line and column, and nothing is sent then. What
breaks a rule of payment, such as a sum that differs, is stored and not paid, as if the marketplace had sent it.
The same settlement again changes nothing, so that the same command may be typed again after a failure in the middle. Another one
under the same id is refused, unless it is not being paid and --replace is given.

Above ADMIN_APPROVAL_ABOVE of a currency, and in a currency without a limit, nothing is stored or paid before somebody else, an
approver, agrees: what new and replaced settlements owe is summed with all that you brought alone within the last 24 hours. Each
part of a large file is then an approval of its own, and the command says what the other person types. Typed again meanwhile, it
names the same approvals. One is void once a settlement of it stands there otherwise, or after a week: type the command again then.

Limits: 32 MiB a file (some 800,000 winners, for which it takes 1.2 GB of memory), 20,000 winners a settlement. They go in parts of
at most 200 settlements, 20,000 winners or 3 MB; each part is stored whole or not at all.

${exitCodes({ 0: 'all are stored, or wait for a second person', 1: 'some break a rule, and nobody of those is paid' })}

Examples:
  remesa settlement import settlements.csv --check
  remesa settlement import 2026-11/settlements.csv --reason "the marketplace was down"
  remesa settlement import mended.csv --winners mended-winners.csv --replace --reason "totals corrected"`

const WAITING_HELP = `
Whoever approves looks at it first: remesa approve shows the sums and the settlements that owe most.

${exitCodes({ 0: 'they are listed' })}

Examples:
  remesa settlement waiting 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22
  remesa settlement waiting 0197a3c2-3f6e-7c11-9d55-0a4b8e0c1f22 --json`
