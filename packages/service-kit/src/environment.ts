import { z } from 'zod'

/** The process cannot start as it is configured. Its message names every bad variable, and no value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
}

/**
 * Reads what a service needs from its environment; an empty variable counts as unset.
 * @param env - `process.env`, which only a `main.ts` touches; variables that `schema` does not name are ignored
 * @throws EnvironmentError one message for all that is wrong, and no value in it: values may be secrets
 */
export function parseEnvironment<Shape extends z.ZodRawShape>(
  env: Readonly<Record<string, string | undefined>>,
  schema: z.ZodObject<Shape>,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, env[name] || undefined]))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data

  const problems = new Map<string, string>() // the first problem of each variable says enough
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0] ?? '')
    if (problems.has(name)) continue
    problems.set(name, name === '' ? issue.message : problemOf(name, given[name], schema, issue.message))
  }
  throw new EnvironmentError(`the environment is wrong: ${[...problems.values()].join('; ')}`)
}

function problemOf(name: string, value: string | undefined, schema: z.ZodObject, message: string): string {
  const expected = descriptionOf(schema.shape[name]) ?? plain(message)
  return value === undefined ? `${name} is not set (${expected})` : `${name} is not right (${expected})`
}

/** `.default()`, `.optional()` and `.transform()` wrap what was described. */
function descriptionOf(schema: z.core.$ZodType | undefined): string | undefined {
  for (let inner = schema; inner; ) {
    const description = z.globalRegistry.get(inner)?.description
    if (description !== undefined) return description
    const def = inner._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType }
    inner = def.innerType ?? def.in
  }
  return undefined
}

/** Zod says what it received as a type, never as a value; of an unset variable even that is noise. */
const plain = (message: string): string => message.replace(/^Invalid \w+: /, '').replace(/, received \w+$/, '')

/** A whole number from `from` to `to`, both included. */
export const wholeNumber = ({ from, to }: { from: number; to: number }) =>
  z.coerce.number().int().min(from).max(to).describe(`expected a whole number from ${from} to ${to}`)

/** An `http://` or `https://` URL without a slash at its end, so that paths can be appended. */
export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .transform((url) => url.replace(/\/+$/, ''))
  .describe('expected an http:// or https:// URL')

/** An IANA time zone, such as `America/Santiago`: any that this Node's tzdata knows. */
export const timeZone = z
  .string()
  .refine((name) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: name })
      return true
    } catch {
      return false
    }
  })
  .describe('expected an IANA time zone')

/** A key, token or password: anything but nothing. */
export const secret = z.string().min(1).describe('expected a secret')

/** What every service reads. Compose: `z.object({ ...serviceEnvironment, ...databaseEnvironment, MINE: … })`. */
export const serviceEnvironment = {
  /** Health and metrics; 0 lets the system choose a free port. */
  HTTP_PORT: wholeNumber({ from: 0, to: 65_535 }).default(8080),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  /** Below the 30 s after which platforms kill. */
  SHUTDOWN_GRACE_MS: wholeNumber({ from: 1, to: 600_000 }).default(25_000),
}

export const databaseEnvironment = {
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('expected a postgres:// URL'),
  /** Connections per process. */
  DATABASE_POOL_SIZE: wholeNumber({ from: 1, to: 200 }).default(10),
}

export const pubsubEnvironment = {
  PUBSUB_PROJECT_ID: z
    .string()
    .regex(/^[a-z][a-z0-9:.-]*$/)
    .describe('expected a Google Cloud project id'),
  /** Set for the emulator only; the real service is found without it. */
  PUBSUB_EMULATOR_HOST: z
    .string()
    .regex(/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/)
    .optional()
    .describe('expected host:port'),
}

/** What `runService` itself needs of a service's Config. */
export type ServiceConfig = z.output<z.ZodObject<typeof serviceEnvironment>>
