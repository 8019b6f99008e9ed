import { noteBankAccount } from '@remesa/database/bank-accounts'
import type { Database } from '@remesa/database/connection'
import type { NewAlert } from '@remesa/database/finance-alerts'
import { groupCommit } from '@remesa/database/group-commit'
import { takenBackByUs } from '@remesa/database/payout-reversals'
import { isSomebodysAccount, type StripeAccountNews, upsertStripeAccounts } from '@remesa/database/user-stripe-accounts'
import { backoffMs } from '@remesa/domain/payment-steps'
import type { DestinationPolicy, StripeAccountFacts } from '@remesa/domain/stripe-account'
import { topics } from '@remesa/messaging/catalogue'
import { raiseAlerts } from '@remesa/messaging/finance-alerts'
import { type BatchHandler, done, eachMessage, reject, retry, type Verdict } from '@remesa/messaging/handler'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import { readAccountEvent, readCapabilityEvent } from '@remesa/stripe-client/account-event'
import { readBankAccountEvent } from '@remesa/stripe-client/bank-account-event'
import { readReversalEvent } from '@remesa/stripe-client/transfer-event'
import { type AccountReader, readAccountFacts } from './account-facts.ts'

interface Parts {
  readonly database: Database
  readonly stripe: AccountReader
  readonly policy: DestinationPolicy
  readonly now: () => Date
  readonly random: () => number
  readonly logger: Logger
}

type StripeEvent = DataOf<typeof topics.stripeEvent>

const READ_AGAIN = { firstMs: 2_000, maxMs: 5 * 60_000 }

/** What became of one account's news. */
interface Applied {
  readonly released: number
  readonly fate: 'known' | 'unknown' | 'ambiguous'
}

/**
 * Keeps what we know of connected accounts true, whatever order Stripe's events come in, and puts transfers on their
 * way that waited for one; a changed bank account behind one makes what is due to it wait. Where events cannot tell, Stripe is asked. People are told of a transfer
 * that somebody else than we took back. Events of other kinds are others' concern.
 */
export function applyStripeEvents(parts: Parts): BatchHandler<StripeEvent> {
  const { database, stripe, policy, now, random, logger } = parts
  const apply = groupCommit<StripeAccountNews, Applied>({
    database,
    maximum: 100,
    write: async (tx, news) => {
      const { released, alerts, unknown, ambiguous } = await upsertStripeAccounts(tx, news, { now: now(), policy })
      await enqueue(
        tx,
        topics.payoutTransfer,
        released.map((payoutTransferId) => ({ data: { payoutTransferId } })),
      )
      await raiseAlerts(tx, alerts)
      return news.map(({ stripeAccountId }, place): Applied => {
        const isUnknown = unknown.includes(stripeAccountId)
        const fate = isUnknown ? 'unknown' : ambiguous.includes(stripeAccountId) ? 'ambiguous' : 'known'
        return { fate, released: place === 0 ? released.length : 0 } // told once for the group
      })
    },
  })

  async function tell(news: Pick<StripeAccountNews, 'stripeAccountId' | 'facts' | 'asOf' | 'wasRead'>) {
    const { released, fate } = await apply({ userId: null, ...news })
    if (released > 0) logger.info({ released }, 'transfers released by news of their accounts')
    return fate
  }

  return eachMessage(async (event, { retries }): Promise<Verdict> => {
    const reversal = readReversalEvent(event)
    if (reversal.kind === 'unreadable') return reject(reversal.problem)
    if (reversal.kind === 'reversal') {
      // What we took back ourselves is no news: the answer to our call tells how it ended.
      const ours = await takenBackByUs(database, reversal.transfer.reference)
      const { reversed } = reversal.transfer
      if (reversed && reversed.amount <= ours) return done
      await database.transaction().execute((tx) => raiseAlerts(tx, [reversedAlert(reversal)]))
      return done
    }
    const bank = readBankAccountEvent(event)
    if (bank.kind === 'unreadable') return reject(bank.problem)
    if (bank.kind === 'bank_account') {
      const news = { stripeAccountId: bank.account, bank: bank.bank, asOf: new Date(event.created * 1_000) }
      const became = await database.transaction().execute((tx) => noteBankAccount(tx, news))
      logger.info({ stripeAccountId: bank.account, became }, 'Stripe told of a bank account')
      return done
    }
    const read = readNews(event)
    if (read.kind === 'other') return done
    if (read.kind === 'unreadable') return reject(read.problem)
    const { account: stripeAccountId, facts } = read
    const asOf = new Date(event.created * 1_000)
    // An account of nobody's is not worth a place within Stripe's limit.
    const withoutFacts = async () => ((await isSomebodysAccount(database, stripeAccountId)) ? 'ambiguous' : 'unknown')
    const fate = facts ? await tell({ stripeAccountId, facts, asOf }) : await withoutFacts()
    if (fate === 'unknown') logger.info({ stripeAccountId }, 'news of an account that nobody of ours has')
    if (fate !== 'ambiguous') return done
    try {
      await tell({ stripeAccountId, facts: await readAccountFacts(stripe, stripeAccountId), asOf, wasRead: true })
      return done
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      return retry(backoffMs(retries + 1, READ_AGAIN, random()), error.message)
    }
  })
}

type News =
  /** Without facts: only Stripe can tell how the account stands. */
  | { readonly kind: 'account'; readonly account: string; readonly facts: StripeAccountFacts | null }
  | Exclude<ReturnType<typeof readAccountEvent>, { kind: 'account' }>

function readNews(event: StripeEvent): News {
  const capability = readCapabilityEvent(event)
  if (capability.kind === 'other') return readAccountEvent(event)
  return capability.kind === 'unreadable' ? capability : { kind: 'account', account: capability.account, facts: null }
}

/** One matter per transfer, however often a part of it is taken back. */
function reversedAlert({
  transfer,
  transferGroup,
}: ReturnType<typeof readReversalEvent> & { kind: 'reversal' }): NewAlert {
  const { reference, money, reversed, destination } = transfer
  return {
    kind: 'payment_reversed',
    dedupKey: `payment_reversed:${reference}`,
    subject: { type: 'stripe_transfer', id: reference },
    businessDate: null,
    details: {
      rail: 'stripe',
      transferGroup, // the payout transfer's id, where it is one of ours
      destination,
      amount: money?.amount.toString() ?? null,
      reversed: reversed?.amount.toString() ?? null,
      currency: money?.currency ?? null,
    },
  }
}
