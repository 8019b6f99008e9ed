import { type Currency, isCurrency } from '@remesa/domain/currency'
import { type Money, parseMajor } from '@remesa/domain/money'
import { ProviderError } from '@remesa/provider-http/provider-error'

export interface ProgramBalance {
  /**
   * Whether the program holds too little for this payment; counts it as spent when it does not. Advice only: what
   * cannot be read is no reason not to pay, since Payoneer checks for itself, later.
   */
  isShortOf(money: Money): Promise<boolean>
}

export interface ProgramBalanceOptions {
  /** Asks Payoneer. Throws ProviderError when it cannot be read. */
  readonly read: () => Promise<{ readonly balance: string; readonly currency: string }>
  /** How long an answer is believed, less what was paid since. */
  readonly maxAgeMs: number
  /** Milliseconds of any steady clock. */
  readonly now: () => number
}

/** What the program can still pay, asked rarely: a want of funds is told by Payoneer only long after it accepted. */
export function createProgramBalance({ read, maxAgeMs, now }: ProgramBalanceOptions): ProgramBalance {
  let held: { amount: bigint; currency: Currency; readAt: number } | undefined
  let reading: Promise<void> | undefined

  async function refresh(): Promise<void> {
    const readAt = now()
    held = undefined
    try {
      const { balance, currency } = await read()
      if (isCurrency(currency)) held = { amount: parseMajor(balance, currency), currency, readAt }
    } catch (error) {
      if (!(error instanceof ProviderError || error instanceof RangeError)) throw error
    } finally {
      reading = undefined
    }
  }

  /** @returns undefined when there is nothing to go by */
  function take({ amount, currency }: Money): boolean | undefined {
    if (!held || held.currency !== currency || now() - held.readAt >= maxAgeMs) return undefined
    if (held.amount < amount) return false
    held.amount -= amount
    return true
  }

  return {
    async isShortOf(money) {
      if (take(money)) return false
      reading ??= refresh()
      await reading
      return take(money) === false
    },
  }
}
