import { auditOfSubjects } from '@remesa/database/audit-rows'
import { type BalanceStory, findBalanceStory } from '@remesa/database/balance-reads'
import type { Database } from '@remesa/database/connection'
import { controlWaitOf } from '@remesa/database/control-waits'
import { findDocument, isRepaymentAsked } from '@remesa/database/explanation-reads'
import { findSeller, openBalancesOf } from '@remesa/database/seller-reads'
import { linesOfBalance } from '@remesa/domain/explain-amount'
import { BEFORE_APPROVAL, type NextMove, nextOfBalance, nextOfIdleSeller } from '@remesa/domain/explain-next'
import { type BlockingDocument, nextOfBlockedBy } from '@remesa/domain/explain-next-document'
import { titleOfBalance, withStatus } from '@remesa/domain/explain-titles'
import { type BlockedReason, RELEASED_BY } from '@remesa/domain/seller-balance'
import { z } from 'zod'
import { type Explanation, storyOf } from './explanation.ts'

export async function explainBalance(database: Database, id: string, now: Date): Promise<Explanation | undefined> {
  const story = await findBalanceStory(database, id)
  if (!story) return undefined
  const { balance, documents } = story
  return {
    subject: {
      type: 'balance',
      id,
      title: titleOf(story),
      status: balance.status,
      money: balance.money,
    },
    amount: balance.money ? linesOfBalance(documents, balance.money) : [],
    story: storyOf(story),
    next: await nextOf(database, story, now),
    links: [
      { type: 'seller', id: balance.seller.id, label: balance.seller.name },
      ...documents.map(({ erpId, tranId }) => ({ type: 'document' as const, id: erpId, label: tranId })),
    ],
  }
}

/** A document counts in one balance, and its story is the balance's. */
export async function explainDocument(database: Database, erpId: string, now: Date): Promise<Explanation | undefined> {
  const found = await findDocument(database, erpId)
  const story = found && (await findBalanceStory(database, found.sellerBalanceId))
  if (!story) return undefined
  const { document, sellerBalanceId } = found
  const money = {
    amount: document.type === 'vendorBill' ? document.amount : -document.amount,
    currency: document.currency,
  }
  return {
    subject: { type: 'document', id: erpId, title: document.tranId, status: story.balance.status, money },
    amount: linesOfBalance([document], money),
    story: storyOf(story),
    next: await nextOf(database, story, now),
    links: [
      { type: 'balance', id: sellerBalanceId, label: titleOf(story) },
      { type: 'seller', id: story.balance.seller.id, label: story.balance.seller.name },
    ],
  }
}

/** What is owed to a seller and has not ended; whose move is next is the first such balance's. */
export async function explainSeller(database: Database, id: string, now: Date): Promise<Explanation | undefined> {
  const seller = await findSeller(database, id)
  if (!seller) return undefined
  const open = await openBalancesOf(database, seller.id)
  const [first] = open
  const currencies = new Set(open.map(({ money }) => money.currency))
  const story = first && (await findBalanceStory(database, first.id))
  return {
    subject: {
      type: 'seller',
      id: seller.id,
      title: seller.name,
      status: seller.status,
      money:
        first && currencies.size === 1
          ? { amount: open.reduce((sum, { money }) => sum + money.amount, 0n), currency: first.money.currency }
          : null,
    },
    amount: open.map(({ country, businessDate, status, money }) => ({
      label: withStatus(titleOfBalance({ country, businessDate }), status),
      money,
    })),
    story: storyOf({
      attempts: [],
      ledger: [],
      audit: await auditOfSubjects(database, [{ type: 'seller', id: seller.id }]),
    }),
    next: story ? await nextOf(database, story, now) : nextOfIdleSeller(seller),
    links: open.map((balance) => ({
      type: 'balance',
      id: balance.id,
      label: titleOfBalance(balance),
    })),
  }
}

const isBlockedReason = (reason: string): reason is BlockedReason => Object.hasOwn(RELEASED_BY, reason)

async function nextOf(
  database: Database,
  { balance, nextTryAt, railPausedUntil, isRailStopped, erp, alerts, attempts }: BalanceStory,
  now: Date,
): Promise<NextMove> {
  if (await isRepaymentAsked(database, { kind: 'balance_repayment', id: balance.id })) return BEFORE_APPROVAL
  const { status, reason } = balance
  const blockedReason = status === 'blocked' && reason !== null && isBlockedReason(reason) ? reason : null
  const document = blockedReason && blockingDocument(blockedReason, alerts)
  const named = blockedReason && document && nextOfBlockedBy(blockedReason, document)
  if (named) return named
  return nextOfBalance(
    {
      status,
      blockedReason,
      reportedToErp: erp.toldAt !== null,
      returnedBy: attempts.findLast(({ state }) => state === 'reversed')?.rail ?? null,
    },
    {
      ...{ nextTryAt, railPausedUntil, isRailStopped, now },
      controlWait: await controlWaitOf(database, { type: 'seller_balance', id: balance.id }, now),
    },
  )
}

const text = z.string().optional()
const blocking = z.object({
  document: z.string(),
  ...{ erpId: text, problem: text, documentCurrency: text, currency: text, otherBalance: text },
})

/** The document that the alert of a blocked balance names. Details of before it named one tell too little. */
function blockingDocument(reason: BlockedReason, alerts: BalanceStory['alerts']): BlockingDocument | undefined {
  const alert = alerts.find(({ kind }) => kind === reason)
  return alert && blocking.safeParse(alert.details).data
}

const titleOf = ({ balance }: BalanceStory): string => titleOfBalance(balance, balance.seller.name)
