import { setTimeout as sleep } from 'node:timers/promises'
import { type BusinessDate, businessDate } from '@remesa/domain/business-date'
import { backoffMs } from '@remesa/domain/payment-steps'
import type { ProviderPayment, ReconciledBooks } from '@remesa/domain/rail-reconciliation'
import { createFPayReads } from '@remesa/fpay-client/fpay-reads'
import { netsuiteEnvironment, netsuiteOptions } from '@remesa/netsuite-client/environment'
import { createNetSuiteClient } from '@remesa/netsuite-client/netsuite-client'
import { type AskedPayment, createPayoneerReads } from '@remesa/payoneer-client/payoneer-reads'
import { ProviderError } from '@remesa/provider-http/provider-error'
import { parseEnvironment } from '@remesa/service-kit/environment'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { stripeEnvironment, stripeOptions } from '@remesa/stripe-client/environment'
import { createStripeReads, type ListedTransfer, type StripeReads } from '@remesa/stripe-client/stripe-reads'
import { z } from 'zod'
import { railEnvironment } from './rails.ts'

/** Half-open. */
interface Span {
  readonly from: Date
  readonly to: Date
}

/**
 * The books of the other side. `list`: whatever was made there within a span. `lookUp`, where no list is to be had: only
 * what we ask for. Pages are held one at a time.
 * @throws ProviderError from either when the other side cannot be read within the tries
 */
export type Books = { readonly books: ReconciledBooks; close(): void } & (
  | { list(span: Span): AsyncIterable<readonly ProviderPayment[]> }
  | { lookUp(asked: AsyncIterable<readonly AskedPayment[]>): AsyncIterable<readonly ProviderPayment[]> }
)

const { FPAY_BASE_URL, FPAY_CLIENT_ID, FPAY_CLIENT_SECRET, FPAY_MAX_CONCURRENT, FPAY_TIMEOUT_MS } = railEnvironment
const { PAYONEER_BASE_URL, PAYONEER_TOKEN_URL, PAYONEER_PROGRAM_ID, PAYONEER_CLIENT_ID } = railEnvironment
const { PAYONEER_CLIENT_SECRET, PAYONEER_MAX_CONCURRENT, PAYONEER_TIMEOUT_MS } = railEnvironment

/** What whoever reads each of the books needs, to be spread into a service's schema. */
export const booksEnvironment = {
  'stripe-transfers': stripeEnvironment,
  fpay: { FPAY_BASE_URL, FPAY_CLIENT_ID, FPAY_CLIENT_SECRET, FPAY_MAX_CONCURRENT, FPAY_TIMEOUT_MS },
  payoneer: {
    ...{ PAYONEER_BASE_URL, PAYONEER_TOKEN_URL, PAYONEER_PROGRAM_ID, PAYONEER_CLIENT_ID, PAYONEER_CLIENT_SECRET },
    ...{ PAYONEER_MAX_CONCURRENT, PAYONEER_TIMEOUT_MS },
  },
  netsuite: netsuiteEnvironment,
} as const

export interface BooksParts {
  readonly logger?: Pick<Logger, 'debug' | 'warn'>
  readonly metrics?: Pick<Metrics, 'providerCall'>
  /** The first wait after a page that could not be read; it doubles, and the sixth failure in a row ends the reading. Default 1 s. */
  readonly retryFirstMs?: number
}

/**
 * Opens the books that are named, as the environment says; what it says of others is not looked at.
 * @throws EnvironmentError naming what is not set or not right
 */
export function openBooks(
  books: ReconciledBooks,
  env: Readonly<Record<string, string | undefined>>,
  parts: BooksParts = {},
): Books {
  const { logger, metrics, retryFirstMs = 1_000 } = parts
  const kit = { ...(logger && { logger }), ...(metrics && { metrics }) }
  const retry = { tries: TRIES, firstMs: retryFirstMs, maxMs: retryFirstMs * 30 }
  switch (books) {
    case 'stripe-transfers': {
      const config = parseEnvironment(env, z.object(booksEnvironment['stripe-transfers']))
      const stripe = createStripeReads({ ...stripeOptions(config), ...kit })
      return { books, list: (span) => transfersOf(stripe, span, retry), close: stripe.close }
    }
    case 'fpay': {
      const config = parseEnvironment(env, z.object(booksEnvironment.fpay))
      const fpay = createFPayReads({
        ...kit,
        ...{ retry, baseUrl: config.FPAY_BASE_URL, timeoutMs: config.FPAY_TIMEOUT_MS },
        ...{ clientId: config.FPAY_CLIENT_ID, clientSecret: config.FPAY_CLIENT_SECRET },
        maxConcurrent: config.FPAY_MAX_CONCURRENT,
      })
      return { books, list: fpay.listPayouts, close: fpay.close }
    }
    case 'payoneer': {
      const config = parseEnvironment(env, z.object(booksEnvironment.payoneer))
      const payoneer = createPayoneerReads({
        ...kit,
        ...{ retry, baseUrl: config.PAYONEER_BASE_URL, tokenUrl: config.PAYONEER_TOKEN_URL },
        ...{ programId: config.PAYONEER_PROGRAM_ID, timeoutMs: config.PAYONEER_TIMEOUT_MS },
        ...{ clientId: config.PAYONEER_CLIENT_ID, clientSecret: config.PAYONEER_CLIENT_SECRET },
        maxConcurrent: config.PAYONEER_MAX_CONCURRENT,
      })
      return { books, lookUp: payoneer.lookUpPayments, close: payoneer.close }
    }
    case 'netsuite': {
      const config = parseEnvironment(env, z.object(booksEnvironment.netsuite))
      const netsuite = createNetSuiteClient({ ...netsuiteOptions(config), ...kit })
      return { books, list: (span) => netsuite.listVendorPayments(daysOf(span)), close: netsuite.close }
    }
  }
}

const DAY_MS = 86_400_000

/** The days that a span touches; a vendor payment has a day and no time. */
function daysOf({ from, to }: Span): { from: BusinessDate; to: BusinessDate } {
  const day = (ms: number): BusinessDate => businessDate(new Date(ms).toISOString().slice(0, 10))
  return { from: day(from.getTime()), to: day(Math.ceil(to.getTime() / DAY_MS) * DAY_MS) }
}

/** Failures in a row after which the reading ends. */
const TRIES = 6

/** Goes on after the last transfer that was had, since Stripe's list ends at the first page that cannot be read. */
async function* transfersOf(
  stripe: Pick<StripeReads, 'listTransfers'>,
  span: Span,
  { firstMs, maxMs }: { firstMs: number; maxMs: number },
): AsyncGenerator<readonly ProviderPayment[]> {
  let last: { startingAfter?: string } = {}
  for (let failures = 0; ; ) {
    try {
      for await (const page of stripe.listTransfers({ ...span, ...last })) {
        failures = 0
        const reference = page.at(-1)?.reference
        if (reference !== undefined) last = { startingAfter: reference }
        yield page.map(paymentOf)
      }
      return
    } catch (error) {
      failures += 1
      // As in `retrying`: a proxy's page passes, and a contract that has changed garbles every try.
      const passes = error instanceof ProviderError && error.kind !== 'refused' && !error.credentials
      if (!passes || failures >= TRIES) throw error
      await sleep(Math.max(error.retryAfterMs ?? 0, backoffMs(failures, { firstMs, maxMs }, Math.random())))
    }
  }
}

/** A transfer has been paid once it exists; the platform alone takes it back. */
const paymentOf = ({ reference, transferGroup, money, reversed, createdAt }: ListedTransfer): ProviderPayment => ({
  ...{ reference, key: undefined, payableId: transferGroup ?? undefined, money },
  ...{ takenBack: reversed?.amount ?? 0n, state: 'paid', at: createdAt },
})
