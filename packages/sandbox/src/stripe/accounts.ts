import { z } from 'zod'
import { behaviourOf, isAccountId } from './test-accounts.ts'

const CAPABILITY = z.enum(['active', 'inactive', 'pending'])

/** What can be changed of a connected account, in Stripe's own names; what is left out stays. */
export const accountChangesSchema = z
  .strictObject({
    charges_enabled: z.boolean(),
    payouts_enabled: z.boolean(),
    details_submitted: z.boolean(),
    country: z.string().regex(/^[A-Z]{2}$/),
    default_currency: z.string().regex(/^[a-z]{3}$/),
    capabilities: z.strictObject({ transfers: CAPABILITY }),
    requirements: z
      .strictObject({
        currently_due: z.array(z.string()),
        past_due: z.array(z.string()),
        eventually_due: z.array(z.string()),
        pending_verification: z.array(z.string()),
        disabled_reason: z.string().nullable(),
        current_deadline: z.int().nullable(),
      })
      .partial(),
  })
  .partial()
export type AccountChanges = z.input<typeof accountChangesSchema>

/** A connected account as Stripe shows it; the parts that a platform reads. */
export interface Account {
  readonly id: string
  readonly object: 'account'
  readonly created: number
  readonly type: 'express'
  readonly country: string
  readonly default_currency: string
  readonly charges_enabled: boolean
  readonly payouts_enabled: boolean
  readonly details_submitted: boolean
  readonly capabilities: { readonly transfers: z.infer<typeof CAPABILITY> }
  readonly requirements: {
    readonly currently_due: readonly string[]
    readonly past_due: readonly string[]
    readonly eventually_due: readonly string[]
    readonly pending_verification: readonly string[]
    readonly disabled_reason: string | null
    readonly current_deadline: number | null
    readonly errors: readonly object[]
  }
  readonly metadata: Readonly<Record<string, string>>
}

export interface Accounts {
  /** undefined for one that is not ours: malformed, missing or disconnected. Any other well-formed id is one, on demand. */
  find(id: string): Account | undefined
  /**
   * @returns the account as it is now, and what was there before of all that changed
   * @throws Error for an account that is not ours, ZodError
   */
  update(id: string, changes: AccountChanges): { account: Account; previous: object }
  /** From now on the account is not ours any more. @throws Error when it is not */
  disconnect(id: string): Account
}

export function createAccounts(now: () => Date): Accounts {
  const known = new Map<string, Account>()
  const disconnected = new Set<string>()

  function find(id: string): Account | undefined {
    const account = known.get(id)
    if (account) return disconnected.has(id) ? undefined : account
    if (!isAccountId(id) || behaviourOf(id).missing) return undefined
    const made = newAccount(id, Math.floor(now().getTime() / 1_000))
    known.set(id, made)
    return made
  }

  function get(id: string): Account {
    const account = find(id)
    if (!account) throw new Error(`no account ${id}`)
    return account
  }

  return {
    find,
    update(id, input) {
      const changes = accountChangesSchema.parse(input)
      const before = get(id)
      const { capabilities, requirements, ...rest } = changes
      const account = {
        ...before,
        ...rest,
        capabilities: { ...before.capabilities, ...capabilities },
        requirements: { ...before.requirements, ...requirements },
      } as Account
      known.set(id, account)
      return { account, previous: changedOf(before, account) ?? {} }
    },
    disconnect(id) {
      const account = get(id)
      disconnected.add(id)
      return account
    },
  }
}

/** The earlier values of all that differs, nested as they were; undefined when nothing does. */
function changedOf(before: object, after: object): object | undefined {
  const changed: Record<string, unknown> = {}
  const later = after as Record<string, unknown>
  for (const [name, value] of Object.entries(before)) {
    const isNested = value !== null && typeof value === 'object' && !Array.isArray(value)
    if (isNested) {
      const inner = changedOf(value, later[name] as object)
      if (inner) changed[name] = inner
    } else if (JSON.stringify(value) !== JSON.stringify(later[name])) changed[name] = value
  }
  return Object.keys(changed).length === 0 ? undefined : changed
}

function newAccount(id: string, created: number): Account {
  const { transfers = 'active', payoutsEnabled = true, disabledReason = null } = behaviourOf(id)
  const isPastDue = disabledReason === 'requirements.past_due'
  return {
    id,
    object: 'account',
    created,
    type: 'express',
    country: 'US',
    default_currency: 'usd',
    charges_enabled: true,
    payouts_enabled: payoutsEnabled,
    details_submitted: transfers !== 'inactive',
    capabilities: { transfers },
    requirements: {
      currently_due: isPastDue ? ['external_account'] : [],
      past_due: isPastDue ? ['external_account'] : [],
      eventually_due: [],
      pending_verification: transfers === 'pending' ? ['individual.id_number'] : [],
      disabled_reason: disabledReason,
      current_deadline: null,
      errors: [],
    },
    metadata: {},
  }
}
