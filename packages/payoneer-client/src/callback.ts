import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/**
 * What a verified IPCN tells: that something changed, so look now. It carries no state to act on: whether a payment is
 * paid or cancelled is what {@link Rail.status} says.
 */
export type PayoneerEvent = {
  /** The nonce it was signed with: another for each notification, the same when somebody replays one. */
  readonly eventId: string
} & PayoneerNews

type PayoneerNews =
  | {
      /** `payment_cancelled`: it names a reason or a date of cancelling; any other word about a payment is a change. */
      readonly kind: 'payment_changed' | 'payment_cancelled'
      /** Our client reference, which is the payment's idempotency key. */
      readonly reference: string
    }
  | { readonly kind: 'payee_changed'; readonly payeeId: string }

/** Why a callback is not believed. Only `body_unreadable` was signed by Payoneer. */
export type PayoneerCallbackRefusal =
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_wrong'
  | 'outside_tolerance'
  | 'replayed'
  | 'body_unreadable'

export interface PayoneerCallback {
  readonly method: string
  /** As Payoneer called it: scheme, public host, path and query. It is signed, so a proxy's inner URL will not do. */
  readonly url: string
  /** The body as it came, byte for byte. */
  readonly rawBody: Buffer | string
  /** `hmacauth <AppName>:<Signature>:<Nonce>:<Unix seconds>` */
  readonly authorizationHeader: string | undefined
  readonly secret: string
  /**
   * Remembers a nonce for as long as its time is within tolerance, and tells whether it came before. Asked last, so that
   * only Payoneer can use nonces up.
   */
  readonly seenNonce?: (nonce: string) => boolean
  readonly now: Date
}

const TOLERANCE_SECONDS = 300

/** Reads a callback of Payoneer after proving that Payoneer sent it, not long ago. Never throws for what a stranger may send. */
export function verifyPayoneerCallback(
  callback: PayoneerCallback,
): PayoneerEvent | { readonly refused: PayoneerCallbackRefusal } {
  const { authorizationHeader, seenNonce, now } = callback
  if (!authorizationHeader) return { refused: 'signature_missing' }
  const [, appName, signature, nonce, timestamp] = HEADER.exec(authorizationHeader) ?? []
  if (!appName || !signature || !nonce || !timestamp) return { refused: 'signature_malformed' }

  const expected = signatureOf(callback, { appName, nonce, timestamp })
  const given = Buffer.from(signature, 'base64')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { refused: 'signature_wrong' }
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return { refused: 'outside_tolerance' }
  if (seenNonce?.(nonce)) return { refused: 'replayed' }
  const news = readNews(callback.rawBody.toString())
  return news ? { eventId: nonce, ...news } : { refused: 'body_unreadable' }
}

const HEADER = /^\s*hmacauth\s+([\w.-]+):([\w+/=-]+):([^\s:]+):(\d{1,12})\s*$/i

/** facts: marketplace §5 */
function signatureOf(
  { method, url, rawBody, secret }: PayoneerCallback,
  { appName, nonce, timestamp }: Record<'appName' | 'nonce' | 'timestamp', string>,
): Buffer {
  const digest = createHash('md5').update(rawBody).digest('base64')
  const signed = appName + method.toUpperCase() + canonicalUrl(url) + timestamp + nonce + digest
  return createHmac('sha256', secret).update(signed).digest()
}

/** In lower case, its query sorted, then encoded as a whole, and the escapes in lower case too. */
function canonicalUrl(url: string): string {
  const [path = '', query] = url.toLowerCase().split(/\?(.*)/s)
  const sorted = query ? `${path}?${query.split('&').sort().join('&')}` : path
  return encodeURIComponent(sorted).toLowerCase()
}

function readNews(body: string): PayoneerNews | undefined {
  const fields = fieldsOf(body)
  const reference = fields?.get('intpaymentid')
  if (reference) {
    const cancelled = fields?.get('canceled payment date') || fields?.get('reason code')
    return { kind: cancelled ? 'payment_cancelled' : 'payment_changed', reference }
  }
  const payeeId = fields?.get('payee id')
  return payeeId ? { kind: 'payee_changed', payeeId } : undefined
}

/** The fields by their name in lower case, JSON or a form, with values that may be URL-encoded once more. */
function fieldsOf(body: string): Map<string, string> | undefined {
  const pairs = body.trimStart().startsWith('{') ? jsonFields(body) : [...new URLSearchParams(body)]
  return pairs && new Map(pairs.map(([name, value]) => [name.trim().toLowerCase(), decoded(value)]))
}

function jsonFields(body: string): [string, string][] | undefined {
  try {
    const fields = Object.entries(JSON.parse(body) as object)
    return fields
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([name, value]) => [name, String(value)])
  } catch {
    return undefined // signed, but nothing we can read: refused as such
  }
}

/** `payee+is+inactive` and `2022-01-17T20%3a03%3a05Z` are how Payoneer writes values. Ours hold neither `+` nor `%`. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    return value // a `%` of its own: it was not encoded
  }
}
