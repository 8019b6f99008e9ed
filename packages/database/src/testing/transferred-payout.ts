import { randomUUID } from 'node:crypto'
import { currency } from '@remesa/domain/currency'
import type { Money } from '@remesa/domain/money'
import { sql } from 'kysely'
import type { Database } from '../connection.ts'
import { moved, owedFromBookings, paidFrom, payeeAccount, recordEntries, userPayee } from '../ledger.ts'
import { receivableAccount } from '../receivables.ts'

/** A booking's payout as it stands once its transfer was made, or once all of it was set off. */
export interface TransferredPayout {
  readonly payoutId: string
  /** Null where all of it was set off. */
  readonly transferId: string | null
  readonly providerId: string
  readonly bookingId: string
}

/**
 * Writes one down as if it had come that far by itself, books and attempt included, for tests of what follows.
 * @param options.setOff - of the amount, kept back against what the provider owes; no more than that
 * @param options.reference - Stripe's id of the transfer
 */
export async function aTransferredPayout(
  database: Database,
  options: { providerId: string; amount: bigint; currency?: string; setOff?: bigint; reference?: string; at: Date },
): Promise<TransferredPayout> {
  const { providerId, amount, setOff = 0n, reference = `tr_${randomUUID()}`, at } = options
  const code = currency(options.currency ?? 'USD')
  const sent = amount - setOff
  const bookingId = `booking-${randomUUID()}`
  const payoutId = randomUUID()
  const transferId = sent > 0n ? randomUUID() : null
  const money = (of: bigint): Money => ({ amount: of, currency: code })
  await database.transaction().execute(async (tx) => {
    await sql`insert into bookings (booking_id) values (${bookingId})`.execute(tx)
    await sql`
      insert into payouts (id, booking_id, sequence, provider_id, currency, status, amount, set_off, due_at, released_at)
      values (${payoutId}, ${bookingId}, 1, ${providerId}, ${code}, 'processing', ${amount}, ${setOff}, ${at}, ${at})
    `.execute(tx)
    if (transferId !== null) {
      await sql`
        insert into payout_transfers (id, payout_id, user_id, amount, currency, status, destination, attempts,
          provider_reference, completed_at)
        values (${transferId}, ${payoutId}, ${providerId}, ${sent}, ${code}, 'completed', ${`acct_${providerId}`}, 1,
          ${reference}, ${at})`.execute(tx)
      await sql`
        insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
          destination, instruction, state, provider_reference, accepted_at, settled_at)
        values ('payout_transfer', ${transferId}, 'stripe', 1, ${`payout:${transferId}`}, ${sent}, ${code},
          ${`acct_${providerId}`}, '{}', 'paid', ${reference}, ${at}, ${at})`.execute(tx)
    }
    await sql`update payouts set status = 'transferred', transferred_at = ${at} where id = ${payoutId}`.execute(tx)
    const payee = userPayee(providerId)
    const account = payeeAccount(payee)
    await recordEntries(tx, [
      {
        idempotencyKey: `owed:${payoutId}`,
        kind: 'owed',
        postings: [
          ...moved(money(amount), { from: owedFromBookings, to: account }),
          ...(setOff > 0n ? moved(money(setOff), { from: account, to: receivableAccount(payee) }) : []),
          ...(sent > 0n ? moved(money(sent), { from: account, to: paidFrom('stripe') }) : []),
        ],
      },
    ])
  })
  return { payoutId, transferId, providerId, bookingId }
}
