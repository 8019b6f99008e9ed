import { SYNCED_CATEGORIES } from '@remesa/domain/reconciliation-result'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { acts, type DeedOptions, inPath, openApi } from '../api.ts'
import { type Context, exitCodes } from '../context.ts'
import { asJson } from '../text.ts'

interface Options extends DeedOptions {
  readonly category?: readonly string[]
  readonly payment?: readonly string[]
}

/** `remesa reconcile sync REPORT`: has payments of a billing report copied from Stripe. */
export function reconcileSyncCommand(context: Context): Command {
  const sync = new Command('sync')
    .description('Has payments of a billing report copied from Stripe: those that the database misses, or others.')
    .argument('<report>')
    .addOption(
      new Option('--category <category...>', 'findings of these kinds (default: missing_in_database)').choices(
        SYNCED_CATEGORIES,
      ),
    )
    .option('--payment <id...>', 'these payments of the report, by their ids or those of their refunds')
  return acts(sync)
    .addHelpText('after', HELP)
    .action(async (report: string, { category, payment, ...options }: Options) => {
      const api = await openApi(context, options, 'operator')
      const body = {
        reason: options.reason,
        ...(category && { categories: category }),
        ...(payment && { paymentIds: payment }),
      }
      const answer = await api.post(`/v1/reconciliations/${inPath(report)}/sync`, requested, { key: options.key, body })
      context.out(options.json ? asJson(answer) : 'Asked for. Reconcile the same days again to see what it mended.')
    })
}

const requested = z.looseObject({ requested: z.string() })

const HELP = `
The reconciliation service reads each payment from Stripe as it is now, with its refunds, and records that; a refund that Stripe
does not have is canceled. What only the database has cannot be copied. It asks as an operator, and is audited.

${exitCodes({ 0: 'it is asked for' })}

Examples:
  remesa reconcile sync 7f3a0c52-… --reason "the endpoint was down from ten to noon"
  remesa reconcile sync 7f3a0c52-… --category refund_mismatch amount_mismatch --reason "refund events were not subscribed"
  remesa reconcile sync 7f3a0c52-… --payment pi_1 pi_2 --reason "as the report advises"`
