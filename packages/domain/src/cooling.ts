// Whoever takes over a payee's account elsewhere changes where the money goes, and hopes for the next pay-day. So what
// goes to a changed destination waits for a while, in which its owner or a person may notice.

/** How long a payee waits after another account came in the place of an earlier one, unless it is configured otherwise. */
export const COOLING_MS = 24 * 3_600_000

/**
 * Until when nothing new goes to a payee; undefined when it may go. Each change begins anew, one back to the account before
 * as well: who changed it back is known no better than who changed it.
 * @param changedAt - of the newest change; null when there was none, or two people let it pass
 * @param options.coolingMs - 0 holds nothing
 */
export function coolingUntil(
  changedAt: Date | null,
  { coolingMs, now }: { readonly coolingMs: number; readonly now: Date },
): Date | undefined {
  if (changedAt === null) return undefined
  const until = new Date(changedAt.getTime() + coolingMs)
  return coolingMs > 0 && until > now ? until : undefined
}

/** A bank account behind a Stripe account, to which Stripe pays out one currency. */
export interface BankAccount {
  /** Three letters, as Stripe writes them. */
  readonly currency: string
  /** Stripe's name for the number of the account: the same for the same account, wherever it is entered. */
  readonly fingerprint: string
}

/** The bank accounts behind a Stripe account as last known, by currency. */
export type BankAccounts = Readonly<Record<string, { readonly fingerprint: string; readonly asOf: string }>>

/** What Stripe's word about a bank account means. */
export interface BankNews {
  /** Undefined when it is older than what is known. */
  readonly accounts: BankAccounts | undefined
  /** It came in the place of another. */
  readonly isChange: boolean
}

/**
 * @param known.paidOutSince - since when Stripe says that the account pays out to a bank, or did so once; null when it never
 * did. One of which no bank account is known, but which did so before this one was told of, had another
 */
export function judgeBankAccount(
  known: { readonly accounts: BankAccounts; readonly paidOutSince: Date | null },
  { currency, fingerprint }: BankAccount,
  asOf: Date,
): BankNews {
  const before = known.accounts[currency]
  if (before && new Date(before.asOf) > asOf) return { accounts: undefined, isChange: false }
  const accounts = { ...known.accounts, [currency]: { fingerprint, asOf: asOf.toISOString() } }
  if (before) return { accounts, isChange: before.fingerprint !== fingerprint }
  const hadUnknown =
    Object.keys(known.accounts).length === 0 && known.paidOutSince !== null && known.paidOutSince < asOf
  return { accounts, isChange: hadUnknown }
}
