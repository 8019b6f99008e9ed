import { createHmac, timingSafeEqual } from 'node:crypto'
import type { PaymentStatus } from '@remesa/domain/rail'
import { z } from 'zod'
import { payoutSchema, statusOf } from './payout.ts'

/** What a verified callback tells. Callbacks repeat and overtake each other: never go backwards on one (facts: marketplace §4.3). */
export interface FPayEvent {
  /** Names the event, so that a repeated one can be told. */
  readonly eventId: string
  readonly payoutId: string
  /** The payable's id, as the instruction had it. */
  readonly externalReference: string
  readonly status: PaymentStatus
  readonly createdAt: Date
}

/** Why a callback is not believed. Only `body_unreadable` was signed by FPay. */
export type FPayCallbackRefusal =
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_wrong'
  | 'outside_tolerance'
  | 'body_unreadable'

export interface FPayCallback {
  /** The body as it came, byte for byte: a parsed and re-written one has another signature. */
  readonly rawBody: Buffer | string
  /** `X-FPay-Signature`: `t=<unix seconds>,v1=<hex>`, with two `v1` while FPay rotates its secret. */
  readonly signatureHeader: string | undefined
  /** Every secret that holds now; two while we rotate ours. */
  readonly secrets: readonly string[]
  readonly now: Date
}

const TOLERANCE_SECONDS = 300

const eventSchema = z.object({
  eventId: z.string().min(1),
  type: z.literal('payout.updated'),
  createdAt: z.iso.datetime({ offset: true }),
  data: payoutSchema,
})

/** Reads a callback of FPay after proving that FPay sent it, not long ago. Never throws for what a stranger may send. */
export function verifyFPayCallback(callback: FPayCallback): FPayEvent | { readonly refused: FPayCallbackRefusal } {
  const { rawBody, signatureHeader, secrets, now } = callback
  if (!signatureHeader) return { refused: 'signature_missing' }
  const signature = readSignature(signatureHeader)
  if (!signature) return { refused: 'signature_malformed' }

  const expected = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${signature.timestamp}.`).update(rawBody).digest(),
  )
  if (!expected.some((one) => signature.digests.some((given) => timingSafeEqual(one, given)))) {
    return { refused: 'signature_wrong' }
  }
  const ageSeconds = now.getTime() / 1000 - Number(signature.timestamp)
  if (Math.abs(ageSeconds) > TOLERANCE_SECONDS) return { refused: 'outside_tolerance' }

  const event = eventSchema.safeParse(jsonOf(rawBody))
  if (!event.success) return { refused: 'body_unreadable' }
  const { eventId, createdAt, data } = event.data
  const sentAt = new Date(createdAt)
  const { payoutId, externalReference } = data
  return { eventId, payoutId, externalReference, status: statusOf(data, sentAt), createdAt: sentAt }
}

function readSignature(header: string): { timestamp: string; digests: Buffer[] } | undefined {
  const fields = header.split(',').map((field) => /^\s*(\w+)=(\w+)\s*$/.exec(field))
  const timestamp = fields.find((field) => field?.[1] === 't')?.[2]
  const digests = fields
    .filter((field) => field?.[1] === 'v1')
    .map((field) => field?.[2] ?? '')
    .filter((hex) => /^[0-9a-f]{64}$/i.test(hex))
    .map((hex) => Buffer.from(hex, 'hex'))
  if (!timestamp || !/^\d{1,12}$/.test(timestamp) || digests.length === 0) return undefined
  return { timestamp, digests }
}

function jsonOf(rawBody: Buffer | string): unknown {
  try {
    return JSON.parse(rawBody.toString())
  } catch {
    return undefined // the schema refuses it
  }
}
