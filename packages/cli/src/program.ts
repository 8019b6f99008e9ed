import { Command, CommanderError } from 'commander'
import { CannotError, type CommandGroup, type Context, type ExitCode } from './context.ts'

/** One file of `commands/` each, read when it is asked for: whoever verifies the audit log need not wait for the rest. */
const GROUPS: Readonly<Record<string, () => Promise<CommandGroup>>> = {
  status: async () => (await import('./commands/status.ts')).statusCommands,
  explain: async () => (await import('./commands/explain.ts')).explainCommands,
  payday: async () => (await import('./commands/payday.ts')).paydayCommands,
  seller: async () => (await import('./commands/seller.ts')).sellerCommands,
  balance: async () => (await import('./commands/balance.ts')).balanceCommands,
  payout: async () => (await import('./commands/payout.ts')).payoutCommands,
  transfer: async () => (await import('./commands/transfer.ts')).transferCommands,
  settlement: async () => (await import('./commands/settlement.ts')).settlementCommands,
  debt: async () => (await import('./commands/debt.ts')).debtCommands,
  approve: async () => (await import('./commands/approve.ts')).approveCommands,
  plan: async () => (await import('./commands/plan.ts')).planCommands,
  apply: async () => (await import('./commands/plan.ts')).applyCommands,
  rails: async () => (await import('./commands/rails.ts')).railsCommands,
  caps: async () => (await import('./commands/caps.ts')).capsCommands,
  cooling: async () => (await import('./commands/cooling.ts')).coolingCommands,
  stop: async () => (await import('./commands/rails.ts')).stopCommands,
  restart: async () => (await import('./commands/rails.ts')).restartCommands,
  alerts: async () => (await import('./commands/alerts.ts')).alertsCommands,
  deadletters: async () => (await import('./commands/deadletters.ts')).deadLettersCommands,
  jobs: async () => (await import('./commands/jobs.ts')).jobsCommands,
  reconcile: async () => (await import('./commands/reconcile.ts')).reconcileCommands,
  ledger: async () => (await import('./commands/ledger.ts')).ledgerCommands,
  audit: async () => (await import('./commands/audit.ts')).auditCommands,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommands,
}

/** The group that a command line names; all of them for help, or to say what it might have meant. */
async function groupsOf([first = '']: readonly string[]): Promise<readonly CommandGroup[]> {
  const named = Object.hasOwn(GROUPS, first) ? GROUPS[first] : undefined
  return Promise.all((named ? [named] : Object.values(GROUPS)).map((load) => load()))
}

/**
 * Runs one command line.
 * @param words - what was written after `remesa`
 * @returns the exit code; nothing is thrown for what a person can cause
 */
export async function run(words: readonly string[], context: Context): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = new Command('remesa')
    .description('Operates Remesa, which pays sellers, providers and winners, and proves it.')
    .addHelpText('after', HELP)
  for (const group of await groupsOf(words)) {
    program.addCommand(
      group(context, (ended) => {
        code = ended
      }),
    )
  }
  prepare(program, context)
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    // Commander has said what was wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof CannotError)) throw error
    context.err(`remesa: ${error.message}`)
    return 2
  }
}

/** Every command writes where it is told, ends by an error instead of the process, and shows how it is used when misused. */
function prepare(command: Command, context: Context): void {
  command
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .configureOutput({
      writeOut: (text) => context.out(text.trimEnd()),
      writeErr: (text) => context.err(text.trimEnd()),
    })
  for (const child of command.commands) prepare(child, context)
}

const HELP = `
Without flags it works on the local stack (npx -y pnpm@12 start), as whoever the command needs: viewer, operator or approver.
A deployment is named by REMESA_URL and REMESA_TOKEN, or --url and --token.

Exit codes: 0 all is well, 1 problems were found, 2 it could not be done.

Examples:
  remesa status                        did today’s money go out, does anything wait for me?
  remesa explain VB-1042               why is it so much, what happened, whose move is next?
  remesa payout release ID --reason "the customer withdrew the dispute"
  remesa reconcile fpay --from 2026-11-20 --reason "month’s end"
  remesa doctor                        what is wrong, and how is it mended?
  remesa payout --help                 all about one command`
