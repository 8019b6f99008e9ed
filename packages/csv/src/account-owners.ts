import type { Row } from './table.ts'
import { readAccount } from './values.ts'

/** Who has which account at Stripe, over all files of a marketplace. */
export interface AccountOwners {
  /**
   * Reads the account of a row's user, null where it has none. A user has one account, and an account one user: who is
   * paid where must not hang on what is read first.
   * @returns undefined for one that could not be read, which was reported
   */
  readAccountOf<Column extends 'stripe_account_id'>(
    userId: string | undefined,
    row: Pick<Row<Column | 'stripe_account_id'>, 'line' | 'text' | 'refuse'>,
    file: string,
  ): string | null | undefined
}

const ACCOUNT_ID = /^acct_[A-Za-z0-9_]{1,250}$/

interface Place {
  readonly id: string
  readonly file: string
  readonly line: number
}

export function createAccountOwners(): AccountOwners {
  const accounts = new Map<string, Place>()
  const users = new Map<string, Place>()
  return {
    readAccountOf(userId, row, file) {
      const accountId = readAccount(row, 'stripe_account_id', {
        form: 'acct_ and letters, digits or underscores, at most 255 characters',
        isWellFormed: (text) => ACCOUNT_ID.test(text),
      })
      if (!userId || !accountId) return accountId
      const account = accounts.get(userId)
      const user = users.get(accountId)
      if (!account) accounts.set(userId, { id: accountId, file, line: row.line })
      if (!user) users.set(accountId, { id: userId, file, line: row.line })
      if (account && account.id !== accountId) {
        row.refuse('stripe_account_id', `expected one account per user, and ${placeOf(account, file)} has another`)
      } else if (user && user.id !== userId) {
        row.refuse('stripe_account_id', `expected one user per account, and ${placeOf(user, file)} has another`)
      }
      return accountId
    },
  }
}

const placeOf = (place: Place, file: string): string =>
  place.file === file ? `line ${place.line}` : `${place.file}:${place.line}`
