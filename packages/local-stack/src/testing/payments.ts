import { recordSellerPayments } from '@remesa/database/seller-payment-answers'
import { type ClaimAnswer, claimSellerPayments } from '@remesa/database/seller-payment-claims'
import { recordPaymentStatuses } from '@remesa/database/seller-payment-status'
import { findSellerPayments, type SellerPayment } from '@remesa/database/seller-payments'
import { COOLING_MS } from '@remesa/domain/cooling'
import type { PaymentStatus } from '@remesa/domain/rail'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { enqueue } from '@remesa/messaging/outbox'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { aPayableBalance, type PayableBalance, type PayableFacts } from './sellers.ts'
import type { World } from './world.ts'

// What the neighbours of a service under test do, by the same repositories and without their queues: a service's test
// may not import another service.

/**
 * Pays a balance that is due, as pay-seller-balance does, but leaves no messages.
 * @returns what became of the claim
 */
export async function payNow(
  world: World,
  sellerBalanceId: string,
  { coolingMs = COOLING_MS } = {},
): Promise<ClaimAnswer['kind'] | undefined> {
  const now = world.now()
  const lease = { now, expiresAt: new Date(now.getTime() + 60_000) }
  const { answers } = await world.database
    .transaction()
    .execute((tx) => claimSellerPayments(tx, new Map([[sellerBalanceId, { messageId: 'test' }]]), { lease, coolingMs }))
  const answer = answers.get(sellerBalanceId)
  if (answer?.kind !== 'claimed') return answer?.kind
  const { claim } = answer
  const outcome = await world.rails.get(claim.attempt.rail)?.pay(claim.attempt.instruction)
  if (!outcome) throw new Error(`no rail ${claim.attempt.rail}`)
  const options = { now: world.now(), patience: world.patience, random: () => 0.5 }
  await world.database.transaction().execute((tx) => recordSellerPayments(tx, [{ claim, outcome }], options))
  return 'claimed'
}

/** Records what a rail says of payments, as fpay-status-check does; those to be paid again get their message. */
export async function hear(
  world: World,
  words: readonly { payment: SellerPayment; status: PaymentStatus }[],
): Promise<void> {
  await world.database.transaction().execute(async (tx) => {
    const options = { now: world.now(), patience: world.patience, random: () => 0.5 }
    const heard = words.map((word) => ({ ...word, messageId: 'test' }))
    const { recorded, alerts } = await recordPaymentStatuses(tx, heard, options)
    await raiseAlerts(tx, alerts)
    await enqueue(
      tx,
      topics.paySellerBalance,
      recorded.flatMap(({ sellerBalanceId, retryAt }) =>
        retryAt ? [{ data: { sellerBalanceId }, deliverAt: retryAt }] : [],
      ),
    )
  })
}

/** Asks the rails after every payment of these balances that they have accepted, and records what they say. */
export async function follow(world: World, ids: readonly string[]): Promise<void> {
  const payments = (await findSellerPayments(world.database, ids)).filter(
    ({ attemptState }) => attemptState === 'accepted',
  )
  const words = await Promise.all(
    payments.map(async (payment) => ({ payment, status: await askPatiently(world, payment) })),
  )
  await hear(world, words)
}

/** Faults pass: none strikes more than a few times. */
async function askPatiently(world: World, { rail, reference }: SellerPayment): Promise<PaymentStatus> {
  for (let tries = 1; ; tries += 1) {
    try {
      const status = await world.rails.get(rail)?.status(reference)
      if (status) return status
      throw new Error(`no rail ${rail}`)
    } catch (error) {
      if (!(error instanceof ProviderError) || tries === 20) throw error
    }
  }
}

/** A balance whose payment a rail has accepted, pending there. */
export async function anAcceptedPayment(
  world: World,
  facts: PayableFacts = {},
): Promise<PayableBalance & { readonly payment: SellerPayment }> {
  const balance = await aPayableBalance(world, facts)
  await payNow(world, balance.sellerBalanceId)
  const [payment] = await findSellerPayments(world.database, [balance.sellerBalanceId])
  if (!payment) throw new Error(`the payment of ${balance.sellerBalanceId} was not accepted`)
  return { ...balance, payment }
}
