import { setTimeout as sleep } from 'node:timers/promises'
import { EnvironmentError } from '@remesa/service-kit/environment'
import { Command } from 'commander'
import { type ApiOptions, usesApi } from '../api.ts'
import { type Context, type ExitCode, exitCodes } from '../context.ts'
import { apiChecks } from '../doctor/api-checks.ts'
import { type Check, type Env, type Finding, wrong } from '../doctor/check.ts'
import { reasonOf } from '../errors.ts'
import { findLocalStack } from '../local-stack.ts'
import { asJson, counted, plain } from '../text.ts'

interface Looked {
  readonly name: string
  readonly findings: readonly Finding[]
}

/** `remesa doctor`: what is wrong, and how to mend it. */
export const doctorCommands = (context: Context, ended: (code: ExitCode) => void): Command =>
  usesApi(
    new Command('doctor').description('Says what is wrong and how to mend it, as far as it can be told from here.'),
  )
    .addHelpText('after', HELP)
    .action(async (options: ApiOptions) => {
      const { env, isLocalStack } = await environmentOf(context, options)
      // Read late: whoever asks for another command, or for help, need not wait for every provider's client.
      const [{ databaseChecks }, { pubsubCheck }, { providerChecks }] = await Promise.all([
        import('../doctor/database-checks.ts'),
        import('../doctor/pubsub-check.ts'),
        import('../doctor/provider-checks.ts'),
      ])
      const checks = [
        ...apiChecks(context, options),
        ...databaseChecks(env, { isLocalStack }),
        pubsubCheck(env),
        ...providerChecks(env),
      ]
      const looked = await Promise.all(checks.map(look))
      const wrongs = looked.flatMap(({ findings }) => findings).filter(({ kind }) => kind === 'wrong').length
      context.out(options.json ? asJson({ isWell: wrongs === 0, checks: looked }) : asText(context, looked, wrongs))
      ended(wrongs === 0 ? 0 : 1)
    })

/** The local stack's, when that is what is asked about, with whatever is set here in front of it. */
async function environmentOf(context: Context, { url }: ApiOptions): Promise<{ env: Env; isLocalStack: boolean }> {
  const set = Object.fromEntries(Object.entries(context.env).filter(([, value]) => value !== undefined && value !== ''))
  const stack = url === undefined && !set.REMESA_URL ? await findLocalStack(context) : undefined
  return { env: { ...stack?.environment, ...set }, isLocalStack: stack !== undefined }
}

const PATIENCE_MS = 20_000

async function look({ name, look: work }: Check): Promise<Looked> {
  const giving = new AbortController()
  const late = sleep(PATIENCE_MS, undefined, { signal: giving.signal }).then(
    () => [wrong(`no answer within ${PATIENCE_MS / 1_000} s`, 'See whether this machine may reach it.')],
    () => [],
  )
  try {
    return { name, findings: await Promise.race([work(), late]) }
  } catch (error) {
    const mend =
      error instanceof EnvironmentError
        ? 'Set what it names as the services have it (README).'
        : 'See whether the address is right, and this machine may reach it.'
    return { name, findings: [wrong(plain(reasonOf(error)), mend)] }
  } finally {
    giving.abort()
  }
}

function asText({ colours }: Context, looked: readonly Looked[], wrongs: number): string {
  const width = Math.max(...looked.map(({ name }) => name.length))
  const lines = looked.flatMap(({ name, findings }) =>
    findings.flatMap((one) => {
      const named = name.padEnd(width)
      if (one.kind === 'well') return [`${colours.green('✓')} ${named}  ${one.says}`]
      if (one.kind === 'unchecked') return [colours.dim(`· ${named}  not checked: ${one.says}`)]
      return [`${colours.red('✗')} ${named}  ${one.says}`, `  ${' '.repeat(width)}  → ${one.mend}`]
    }),
  )
  return [
    ...lines,
    wrongs === 0 ? 'Nothing is wrong as far as can be told from here.' : `${counted(wrongs, 'thing')} to mend.`,
  ].join('\n')
}

const HELP = `
It changes nothing, and sends nobody a message: providers are asked for what is harmless to read. What it looks at is what the
environment here names, as the services have it (DATABASE_URL, PUBSUB_…, STRIPE_…, FPAY_…, PAYONEER_…, NETSUITE_…, GSC_…), and the
operators’ API; on a local stack, all of that stack. What is not set here is not checked.

${exitCodes({ 0: 'nothing is wrong', 1: 'something is, with how to mend it' })}

Examples:
  remesa doctor                        the local stack
  REMESA_URL=https://pay.example.com REMESA_TOKEN=… remesa doctor
  remesa doctor --json`
