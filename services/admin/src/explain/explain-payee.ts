import type { Database } from '@remesa/database/connection'
import { findPayee, type PayeeSummary } from '@remesa/database/payee-reads'
import { type NextMove, NOTHING_OPEN, nextOfSettlement } from '@remesa/domain/explain-next'
import { titleOfContest, withStatus } from '@remesa/domain/explain-titles'
import { titleOfNaming } from '@remesa/domain/story-titles'
import type { Clock } from '../act-on-payout.ts'
import { explainPayout, explainTransfer } from './explain-payout.ts'
import { type Explanation, storyOf } from './explanation.ts'

/** What a winner or provider is owed and has not got; whose move is next is the oldest such payout's or prize's. */
export async function explainPayee(database: Database, userId: string, clock: Clock): Promise<Explanation | undefined> {
  const payee = await findPayee(database, userId)
  if (!payee) return undefined
  const { open, ended, named, account, audit } = payee
  const [first] = open
  const [contest] = named
  return {
    subject: { type: 'payee', id: userId, title: userId, status: account, money: moneyOf(payee) },
    amount: open.map(({ of, status, money }) => ({ label: withStatus(of, status), money })),
    story: [
      ...named.map(({ contestId, rejectedRule, at }) => ({
        at: at.toISOString(),
        text: `${titleOfNaming(contestId, rejectedRule)}${rejectedRule === null ? '' : ` (${rejectedRule})`}`,
      })),
      ...storyOf({ attempts: [], ledger: [], audit }),
    ].sort((one, other) => (one.at < other.at ? -1 : 1)),
    next: first
      ? await nextOf(database, first, clock)
      : contest
        ? nextOfSettlement({
            isRejected: contest.rejectedRule !== null,
            isUntold: contest.isUntold,
            ...{ transfers: null, cooling: 0 },
          })
        : NOTHING_OPEN,
    links: [
      ...[...open, ...ended].map(({ type, id, of, status }) => ({ type, id, label: withStatus(of, status) })),
      ...named.map(({ settlementId, contestId, rejectedRule }) => ({
        ...{ type: 'settlement' as const, id: settlementId },
        label: withStatus(titleOfContest(contestId), rejectedRule === null ? 'pending' : 'rejected'),
      })),
    ],
  }
}

/** A sum over currencies would mean nothing, and one that leaves things out would be wrong. */
function moneyOf({ open, isMoreOpen }: PayeeSummary): Explanation['subject']['money'] {
  const [first, ...others] = open.map(({ money }) => money)
  if (!first || isMoreOpen || others.some(({ currency }) => currency !== first.currency)) return null
  return { amount: others.reduce((sum, { amount }) => sum + amount, first.amount), currency: first.currency }
}

async function nextOf(database: Database, { type, id }: PayeeSummary['open'][number], clock: Clock): Promise<NextMove> {
  const explained = await (type === 'payout' ? explainPayout : explainTransfer)(database, id, clock)
  return explained?.next ?? NOTHING_OPEN
}
