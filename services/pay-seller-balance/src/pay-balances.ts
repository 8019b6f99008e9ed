import type { Database } from '@remesa/database/connection'
import { groupCommit } from '@remesa/database/group-commit'
import { type AnsweredClaim, recordSellerPayments } from '@remesa/database/seller-payment-answers'
import { type ClaimAnswer, claimSellerPayments, type SellerPaymentClaim } from '@remesa/database/seller-payment-claims'
import type { PaymentPatience } from '@remesa/domain/payment-steps'
import type { Rail, RailName } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, retry, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import { callRail } from '@remesa/rails/call-rail'
import type { Logger } from '@remesa/service-kit/logger'

interface Parts {
  readonly database: Database
  readonly rails: ReadonlyMap<RailName, Rail>
  readonly patience: PaymentPatience
  /** How long a claim keeps other workers away; longer than a call can take. */
  readonly leaseMs: number
  /** How long nothing new goes to an account that came in the place of another; 0 holds nothing. */
  readonly coolingMs: number
  /** When a payment that was just accepted is looked at first. */
  readonly firstCheckMs: number
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Logger
}

type SellerBalanceMessage = { readonly sellerBalanceId: string }

/** Pays seller balances: claim, call, record (design §5). Harmless when run twice, late, or beside itself. */
export function payBalances(parts: Parts): BatchHandler<SellerBalanceMessage> {
  const record = recorder(parts)

  async function pay(claim: SellerPaymentClaim): Promise<Verdict> {
    try {
      // No transaction is open here: a slow provider must not hold row locks. The attempt and its key are committed, so
      // that after a crash the same request goes out again and is answered from the provider's memory.
      const outcome = await callRail(railOf(parts, claim), claim.attempt, parts.now())
      if (!outcome) return retry(0, 'the lease ran out before the call')
      await record({ claim, outcome })
      return done
    } catch (error) {
      return { kind: 'threw', error } // one balance's trouble leaves its neighbours alone
    }
  }

  return async (batch) => {
    const asked = new Map(batch.map(({ id, data }) => [data.sellerBalanceId, { messageId: id }]))
    const answers = new Map(await claim(parts, asked))
    return Promise.all(
      batch.map(async ({ data: { sellerBalanceId } }): Promise<Verdict> => {
        const answer = answers.get(sellerBalanceId)
        answers.delete(sellerBalanceId) // a second message for it in this batch has nothing left to do
        if (answer?.kind === 'later') {
          return retry(Math.max(0, answer.at.getTime() - parts.now().getTime()), answer.why)
        }
        return answer?.kind === 'claimed' ? pay(answer.claim) : done
      }),
    )
  }
}

function claim(
  { database, leaseMs, coolingMs, now, logger }: Parts,
  asked: ReadonlyMap<string, { readonly messageId: string }>,
): Promise<ReadonlyMap<string, ClaimAnswer>> {
  const at = now()
  return database.transaction().execute(async (tx) => {
    const lease = { now: at, expiresAt: new Date(at.getTime() + leaseMs) }
    const { answers, alerts } = await claimSellerPayments(tx, asked, { lease, coolingMs })
    await raiseAlerts(tx, alerts)
    for (const [sellerBalanceId, answer] of answers) {
      if (answer.kind === 'blocked') logger.info({ sellerBalanceId, reason: answer.reason }, 'balance blocked')
    }
    return answers
  })
}

/** Records outcomes in groups as they come, with what follows from each in the same transaction. */
function recorder({ database, patience, firstCheckMs, now, random, logger }: Parts) {
  return groupCommit<AnsweredClaim, void>({
    database,
    maximum: 100,
    write: async (tx, results) => {
      const at = now()
      const { recorded, alerts } = await recordSellerPayments(tx, results, { now: at, patience, random })
      const payAgain = recorded.flatMap(({ sellerBalanceId, retryAt }) =>
        retryAt ? [{ data: { sellerBalanceId }, deliverAt: retryAt }] : [],
      )
      const firstCheckAt = new Date(at.getTime() + firstCheckMs)
      const check = recorded.flatMap(({ sellerBalanceId, status }) => {
        if (status === 'payment_pending') return [{ data: { sellerBalanceId, look: 0 }, deliverAt: firstCheckAt }]
        return status === 'failed' ? [{ data: { sellerBalanceId } }] : [] // NetSuite has to be told
      })
      await enqueue(tx, topics.paySellerBalance, payAgain)
      await enqueue(tx, topics.checkFpayPaymentStatus, check)
      await raiseAlerts(tx, alerts)
      results.forEach(({ claim, outcome }, index) => {
        const facts = { ...outcome.facts, status: undefined, httpStatus: outcome.facts.status }
        logger.info(
          {
            sellerBalanceId: claim.sellerBalanceId,
            key: claim.attempt.instruction.idempotencyKey,
            outcome: outcome.kind,
            ...('reason' in outcome && { reason: outcome.reason }),
            ...facts,
            status: recorded[index]?.status,
          },
          'payment answered',
        )
      })
      return results.map(() => undefined)
    },
  })
}

function railOf({ rails }: Parts, { attempt }: SellerPaymentClaim): Rail {
  const rail = rails.get(attempt.rail)
  if (!rail) throw new Error(`no rail ${attempt.rail} is wired, yet attempt ${attempt.attemptId} was claimed for it`)
  return rail
}
