import Stripe from 'stripe'
import { z } from 'zod'

/** An event that Stripe signed. Events repeat and overtake each other: an order matters only after a fresh look. */
export interface StripeEvent {
  /** The same for every delivery of one event. */
  readonly eventId: string
  /** `account.updated`, `transfer.reversed`, … */
  readonly type: string
  readonly created: Date
  /** The connected account it is about; none for events of our own platform account. */
  readonly account: string | undefined
  /** What it is about, as it was when the event came to be, by the API version of the endpoint. */
  readonly object: { readonly [key: string]: unknown }
}

/** Why an event is not believed. Of these only `body_unreadable` and `thin_event` were signed by Stripe. */
export type StripeEventRefusal =
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_wrong'
  | 'outside_tolerance'
  | 'body_unreadable'
  /** A v2 event, which names an object instead of showing it: the endpoint is set up for the wrong kind. */
  | 'thin_event'

export interface StripeDelivery {
  /** The body as it came, byte for byte: a parsed and re-written one has another signature. */
  readonly rawBody: Buffer | string
  /** `Stripe-Signature`: `t=<unix seconds>,v1=<hex>`, with two `v1` while a secret is being replaced. */
  readonly signatureHeader: string | undefined
  /** Every endpoint secret that holds now, `whsec_…`: one per endpoint, two while one is being replaced. */
  readonly secrets: readonly string[]
  /** How far its time may be from now, to either side. Default 300. */
  readonly toleranceSeconds?: number
  readonly now: Date
}

/** Reads an event after proving that Stripe sent it, not long ago. Never throws for what a stranger may send. */
export function verifyStripeEvent(delivery: StripeDelivery): StripeEvent | { readonly refused: StripeEventRefusal } {
  const { rawBody, signatureHeader, secrets, toleranceSeconds = 300, now } = delivery
  if (!signatureHeader) return { refused: 'signature_missing' }
  const timestamp = HEADER.exec(signatureHeader)?.[1]
  if (timestamp === undefined || !signatureHeader.includes(',v1=')) return { refused: 'signature_malformed' }
  if (!secrets.some((secret) => isSigned(rawBody, signatureHeader, secret))) return { refused: 'signature_wrong' }
  // The SDK lets times that are yet to come pass.
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > toleranceSeconds) return { refused: 'outside_tolerance' }
  return readEvent(jsonOf(rawBody))
}

/**
 * One time, then signatures. The SDK is laxer: of two times it signs with the last, so that another one could be shown
 * to the check of the age; and a `v1` without a value makes it throw.
 */
const HEADER = /^t=(\d{1,12})(?:,v\d+=\w+)+$/

/** The SDK's check, without its own look at the clock (tolerance 0). */
function isSigned(rawBody: Buffer | string, header: string, secret: string): boolean {
  try {
    return Stripe.webhooks.signature?.verifyHeader(rawBody, header, secret, 0) === true
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false
    throw error
  }
}

const thinEventSchema = z.object({ object: z.literal('v2.core.event') })

const eventSchema = z.object({
  id: z.string().min(1),
  object: z.literal('event'),
  type: z.string().min(1),
  created: z.int().positive(),
  account: z.string().min(1).nullish(),
  data: z.object({ object: z.record(z.string(), z.unknown()) }),
})

function readEvent(body: unknown): StripeEvent | { readonly refused: StripeEventRefusal } {
  if (thinEventSchema.safeParse(body).success) return { refused: 'thin_event' }
  const event = eventSchema.safeParse(body).data
  if (!event) return { refused: 'body_unreadable' }
  const { id: eventId, type, created, account, data } = event
  return { eventId, type, created: new Date(created * 1000), account: account ?? undefined, object: data.object }
}

function jsonOf(rawBody: Buffer | string): unknown {
  try {
    return JSON.parse(rawBody.toString())
  } catch {
    return undefined // the schema refuses it
  }
}
