import pino, { type DestinationStream, type LoggerOptions } from 'pino'
import { currentTrace } from './trace.ts'

export type Logger = pino.Logger
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/**
 * JSON lines on stdout, one per decision, with the trace it belongs to. Secrets and personal data are taken out by
 * the name of their field, at any depth, and credentials within texts by their form. Name fields plainly and log
 * ids: what a text says about a person, nothing can find.
 * @param destination - for tests; stdout otherwise, written at once: pino's default loses or reorders lines at exit
 */
export function createLogger(
  { service, level }: { service: string; level: LogLevel },
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => withoutSecrets(fields, 0, { left: MAXIMUM_OBJECTS }) as Record<string, unknown>,
    },
    serializers, // these also reach the fields of child loggers, which the formatter above does not see
    mixin() {
      const span = currentTrace()
      return span ? { traceId: span.traceId, spanId: span.spanId } : {}
    },
    hooks: { streamWrite: (line) => line.replace(CREDENTIAL_IN_TEXT, '$1$2$3[redacted]') },
  }
  return pino(options, destination ?? pino.destination({ dest: 1, sync: true }))
}

/** Field names, in lower case and without `_` and `-`, whose values no log may hold. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  ...['authorization', 'proxyauthorization', 'cookie', 'setcookie', 'password', 'secret', 'clientsecret', 'apikey'],
  ...['token', 'accesstoken', 'refreshtoken', 'idtoken', 'tokensecret', 'consumersecret', 'consumerkey', 'assertion'],
  ...['clientassertion', 'privatekey', 'signature', 'signingsecret', 'webhooksecret', 'routingkey', 'webhookurl'],
  ...['slackwebhookurl', 'databaseurl', 'connectionstring', 'headers', 'body', 'rawbody', 'data', 'config'],
  ...['taxid', 'rut', 'ruc', 'nit', 'vatregnumber', 'legalname', 'tradename', 'companyname', 'beneficiary', 'holder'],
  ...['accountnumber', 'fpayid', 'payoneerpayeeid', 'destination', 'iban', 'email', 'phone', 'address'],
])
const REDACTED = '[redacted]'
const TOO_MUCH = '[too much to log]'
/** Deeper than any fields worth logging; it also ends a circle. */
const MAXIMUM_DEPTH = 6
const MAXIMUM_OBJECTS = 100

const CREDENTIAL_IN_TEXT =
  /(hooks\.slack\.com\/services\/)[^\s"\\]+|((?:Bearer|Basic|OAuth) )[\w.~+/=-]{8}[^\s"\\]*|(:\/\/[^\s:/@"]*:)[^\s@/"]+(?=@)/g

const knownNames = new Map<string, boolean>()

/** The same few names come in every line, so each is judged once; the bound keeps a stream of odd names harmless. */
function isSecret(name: string): boolean {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const secret = SECRET_FIELDS.has(name.toLowerCase().replace(/[_-]/g, ''))
  if (knownNames.size < 5000) knownNames.set(name, secret)
  return secret
}

/**
 * @param budget - how many more objects may be looked at: a log line that reaches into a socket or a pool ends there
 * @returns `value` itself when nothing in it had to change, so that most lines copy nothing
 */
function withoutSecrets(value: unknown, depth: number, budget: { left: number }): unknown {
  if (typeof value === 'bigint') return value.toString() // an amount: as a JSON number, readers would round it
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAXIMUM_DEPTH || --budget.left < 0) return TOO_MUCH
  if (value instanceof Error) return describeError(value, depth, budget)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return withoutSecrets(toJSON.call(value), depth + 1, budget)

  let copy: Record<string, unknown> | undefined
  const fields = value as Record<string, unknown>
  for (const name in fields) {
    const field = fields[name]
    if (field === undefined || field === null) continue
    const shown = isSecret(name) ? REDACTED : withoutSecrets(field, depth + 1, budget)
    if (shown === field) continue
    copy ??= (Array.isArray(value) ? [...value] : { ...fields }) as Record<string, unknown>
    copy[name] = shown
  }
  return copy ?? value
}

/** Of an error only what is listed here: HTTP clients and drivers hang requests, headers and rows on theirs. */
function describeError(error: Error, depth: number, budget: { left: number }): Record<string, unknown> {
  const { code, status } = error as { code?: unknown; status?: unknown }
  const described: Record<string, unknown> = { type: error.name, message: error.message, stack: error.stack }
  if (typeof code === 'string' || typeof code === 'number') described.code = code
  if (typeof status === 'number') described.status = status
  if (error.cause !== undefined) described.cause = withoutSecrets(error.cause, depth + 1, budget)
  if (error instanceof AggregateError) described.errors = withoutSecrets(error.errors.slice(0, 10), depth + 1, budget)
  return described
}

const serializers: Record<string, (value: unknown) => unknown> = {
  err: (error) => withoutSecrets(error, 0, { left: MAXIMUM_OBJECTS }),
}
for (const name of ['taxId', 'legalName', 'accountNumber', 'fpayId', 'email', 'phone', 'token', 'secret']) {
  serializers[name] = () => REDACTED
}
