import type { Database } from '@remesa/database/connection'
import type { Found, FoundType } from '@remesa/database/search-reads'
import type { Clock } from '../act-on-payout.ts'
import { explainBalance, explainDocument, explainSeller } from './explain-balance.ts'
import { explainPayee } from './explain-payee.ts'
import { explainPayment } from './explain-payment.ts'
import { explainBooking, explainPayout, explainSettlement, explainTransfer } from './explain-payout.ts'
import type { Explanation } from './explanation.ts'

type Explain = (database: Database, id: string, clock: Clock) => Promise<Explanation | undefined>

const EXPLAIN: Readonly<Record<FoundType, Explain>> = {
  seller: (database, id, { now }) => explainSeller(database, id, now),
  balance: (database, id, { now }) => explainBalance(database, id, now),
  document: (database, id, { now }) => explainDocument(database, id, now),
  transfer: explainTransfer,
  payout: explainPayout,
  booking: explainBooking,
  settlement: explainSettlement,
  payee: explainPayee,
  payment: explainPayment,
}

/** @returns undefined for what is no longer there */
export const explain = (
  database: Database,
  { type, id }: Pick<Found, 'type' | 'id'>,
  clock: Clock,
): Promise<Explanation | undefined> => EXPLAIN[type](database, id, clock)
