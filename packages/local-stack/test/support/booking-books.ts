import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import type { Stack } from '../../src/stack/stack.ts'
import { type ExpectedBooking, expectedBookings } from './expected-bookings.ts'
import { writeMarketplace } from './write-marketplace.ts'

// Both sides of what providers of bookings receive: what files say, and what Stripe's sandbox says.

/** By way of files, from which alone it is reckoned. */
export async function expectedOf(marketplace: Marketplace, now: Temporal.Instant): Promise<readonly ExpectedBooking[]> {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-marketplace-'))
  try {
    await writeMarketplace(directory, marketplace)
    return await expectedBookings(directory, now.toString())
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** What Stripe's sandbox made less what it took back, minor units by account and currency. */
export async function receivedAtStripe({ sandbox }: Stack): Promise<ReadonlyMap<string, bigint>> {
  const { payments, reversals } = (await sandbox.books()).stripe
  const received = new Map<string, bigint>()
  const accounts = new Map(payments.map(({ paymentId, account }) => [paymentId, account]))
  const add = (account: string | undefined, currency: string, amount: bigint): void => {
    const key = `${account} ${currency}`
    received.set(key, (received.get(key) ?? 0n) + amount)
  }
  for (const { account, currency, amount } of payments) add(account, currency, digitsOf(amount))
  for (const { transferId, currency, amount } of reversals) add(accounts.get(transferId), currency, -digitsOf(amount))
  return new Map([...received].filter(([, amount]) => amount !== 0n))
}

const digitsOf = (amount: string): bigint => BigInt(amount.replace('.', ''))
