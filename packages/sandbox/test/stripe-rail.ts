import type { PaymentInstruction, PaymentOutcome, Rail } from '@remesa/domain/rail'
import Stripe from 'stripe'
import { z } from 'zod'
import type { ClosableRail } from '../src/certify/bench.ts'
import type { StripeRailParts } from '../src/certify/stripe-harness.ts'

/** Mistakes that a rail could make with Stripe in particular. */
export type StripeFlaw =
  | 'keeps the key of a stored refusal'
  | 'takes a stored server error for a refusal'
  | 'takes a key in use for a refusal'

/** The real SDK at the sandbox, without retries of its own. */
export function sdkAt(baseUrl: string, { apiKey, timeoutMs = 5_000 }: { apiKey: string; timeoutMs?: number }): Stripe {
  const { hostname: host, port } = new URL(baseUrl)
  return new Stripe(apiKey, {
    host,
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
    timeout: timeoutMs,
  })
}

const transfer = z.object({ id: z.string(), amount: z.int(), destination: z.string(), created: z.int() })
type Transfer = z.infer<typeof transfer>

/** A small honest rail to Stripe, of the SDK and nothing else: the sandbox and the suite are judged by it. */
export function stripeRail(parts: StripeRailParts, flaw?: StripeFlaw): ClosableRail {
  const stripe = sdkAt(parts.baseUrl, parts)
  const underWay = new Set<Promise<unknown>>()

  /** Remembers the call until it ends, so that none outlives the rail. */
  function call<Answer>(made: Promise<Answer>): Promise<Answer> {
    const ended: Promise<unknown> = made.then(
      () => underWay.delete(ended),
      () => underWay.delete(ended),
    )
    underWay.add(ended)
    return made
  }

  function made(given: unknown, { money, destination }: PaymentInstruction): PaymentOutcome {
    const facts = { status: 200 }
    const read = transfer.safeParse(given)
    if (!read.success) return { kind: 'unknown', reason: 'garbled', facts }
    const { id, amount, created } = read.data
    if (BigInt(amount) !== money.amount || read.data.destination !== destination) {
      return { kind: 'unknown', reason: 'mismatch', facts }
    }
    return { kind: 'accepted', reference: id, status: { state: 'paid', paidAt: new Date(created * 1_000) }, facts }
  }

  function failed(error: unknown): PaymentOutcome {
    if (!(error instanceof Stripe.errors.StripeError)) throw error
    const { statusCode, code, rawType } = error
    const facts = { status: statusCode ?? 0 }
    if (error instanceof Stripe.errors.StripeConnectionError) return { kind: 'unknown', reason: 'no_answer', facts }
    if (statusCode === undefined) return { kind: 'unknown', reason: 'garbled', facts }
    if (statusCode === 401) return { kind: 'unknown', reason: 'credentials', facts }
    if (statusCode === 409 && flaw !== 'takes a key in use for a refusal') {
      return { kind: 'unknown', reason: 'in_progress', facts }
    }
    if (statusCode >= 500 && flaw !== 'takes a stored server error for a refusal') {
      const isReplayed = error.headers?.['idempotent-replayed'] === 'true'
      return { kind: 'unknown', reason: isReplayed ? 'replayed_error' : 'server_error', facts }
    }
    if (statusCode === 429) return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
    if (rawType === 'idempotency_error') return { kind: 'unknown', reason: 'mismatch', facts }
    if (code === 'balance_insufficient') {
      const keyIsSpent = flaw !== 'keeps the key of a stored refusal'
      return { kind: 'declined_may_change', reason: 'funds', keyIsSpent, facts }
    }
    return { kind: 'declined_for_good', reason: code ?? 'refused', facts }
  }

  return {
    name: 'stripe',
    contract,
    async pay(instruction) {
      const { money, destination, payableId, idempotencyKey } = instruction
      const asked = {
        amount: Number(money.amount),
        currency: money.currency.toLowerCase(),
        destination,
        transfer_group: payableId,
      }
      try {
        return made(await call(stripe.transfers.create(asked, { idempotencyKey })), instruction)
      } catch (error) {
        return failed(error)
      }
    },
    async find(instruction) {
      try {
        const listed: unknown = await stripe.transfers.list({ transfer_group: instruction.payableId })
        const read = z.object({ object: z.literal('list'), data: z.array(z.unknown()) }).safeParse(listed)
        if (!read.success) return { kind: 'unknown', reason: 'garbled', facts: { status: 200 } }
        const [first] = read.data.data
        return first === undefined ? 'not-found' : made(first, instruction)
      } catch (error) {
        return failed(error)
      }
    },
    async status(reference) {
      const { created }: Transfer = transfer.parse(await stripe.transfers.retrieve(reference))
      return { state: 'paid', paidAt: new Date(created * 1_000) }
    },
    async close() {
      await Promise.all(underWay)
    },
  }
}

const contract: Rail['contract'] = {
  keyLifetime: Temporal.Duration.from({ hours: 24 }),
  replaysRefusals: true,
  settles: 'at-once',
  reversible: false,
  lookUp: 'by-group',
}
