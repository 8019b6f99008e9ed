import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { insertClosingsOnce, type SellerClosing } from '@remesa/database/seller-closings'
import { businessDate } from '@remesa/domain/business-date'
import { currency, isCurrency } from '@remesa/domain/currency'
import { parseMajor } from '@remesa/domain/money'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, reject } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly logger: Logger
}

type ClosingMessage = DataOf<typeof topics.sellerClosing>

/**
 * Keeps what GSC says a seller is owed, and matches it with the balance whenever both are there. A closing that
 * contradicts an earlier one is set aside and told to finance: what GSC said first is kept, and a person asks GSC.
 */
export function matchClosings({ database, logger }: Parts): BatchHandler<ClosingMessage> {
  const keep = groupCommit<SellerClosing, 'inserted' | 'repeated' | 'contradicts'>({
    database,
    maximum: 200,
    write: async (tx, closings) => {
      const { answers, matched, alerts } = await insertClosingsOnce(tx, closings, 'balance-retrieval')
      await raiseAlerts(tx, alerts)
      // The one who follows payments to their end tells GSC of it.
      const toTell = matched.flatMap(({ sellerBalanceId, tellGsc }) => (tellGsc ? [{ data: { sellerBalanceId } }] : []))
      await enqueue(tx, topics.checkFpayPaymentStatus, toTell)
      for (const match of matched) logger.info({ ...match }, 'a late closing was matched')
      return answers.map(({ kind }) => kind)
    },
  })

  return eachMessage(async (data) => {
    const closing = readClosing(data)
    if ('problem' in closing) return reject(closing.problem)
    const answer = await keep(closing)
    if (answer === 'contradicts') return reject('GSC sent another closing for this settlement, or this seller and date')
    return done
  })
}

function readClosing(data: ClosingMessage): SellerClosing | { problem: string } {
  if (!isCurrency(data.currency)) return { problem: `${data.currency} is not a payable ISO 4217 currency` }
  const code = currency(data.currency)
  try {
    return {
      settlementId: data.settlementId,
      gscSellerId: data.gscSellerId,
      country: data.country.toLowerCase(),
      businessDate: businessDate(data.date),
      money: { amount: parseMajor(data.amount, code), currency: code },
    }
  } catch (error) {
    if (error instanceof RangeError) return { problem: error.message }
    throw error
  }
}
