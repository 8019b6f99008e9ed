import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { formatMajor } from '@remesa/domain/money'
import type { Payment } from './payments.ts'

/** What Payoneer tells of, each at a URL of its own (facts: marketplace §5). */
export const IPCN_EVENTS = [
  'payment-request-accepted',
  'cancel-payout',
  'account-loaded',
  'sent-to-bank',
  'payee-approved',
] as const
export type IpcnEvent = (typeof IPCN_EVENTS)[number]
export type IpcnUrls = Readonly<Partial<Record<IpcnEvent, string>>>

/** A notification's body: no envelope, keys with spaces, values URL-encoded when Payoneer feels like it. */
export function ipcnBody(event: IpcnEvent, about: Payment, options: { urlEncoded: boolean }): string {
  const { clientReferenceId, payeeId, payoutId, money, createdAt, transferredAt, cancelledAt, cancelReason } = about
  const amount = formatMajor(money.amount, money.currency)
  const fields: Record<string, string> = { 'Payee Id': payeeId, IntPaymentId: clientReferenceId }
  if (event === 'cancel-payout') {
    Object.assign(fields, {
      'Reason Code': String(cancelReason?.code ?? ''),
      'Reason Description': cancelReason?.description ?? '',
      'Payment Amount': amount,
      'Canceled Payment Date': wholeSeconds(cancelledAt ?? createdAt),
      Currency: money.currency,
    })
  } else {
    Object.assign(fields, {
      Amount: amount,
      Currency: money.currency,
      'Transaction Date': wholeSeconds(transferredAt ?? createdAt),
      'Payoneer Id': payoutId,
    })
  }
  return encoded({ ...fields, 'Session Id': randomUUID() }, options)
}

export function payeeApprovedBody(payeeId: string, options: { urlEncoded: boolean }): string {
  return encoded({ 'Payee Id': payeeId, 'Payoneer Id': `P${payeeId}`, 'Session Id': randomUUID() }, options)
}

export interface IpcnSignature {
  readonly appName: string
  readonly secret: string
  readonly method: string
  readonly url: string
  readonly body: string
  readonly now: Date
}

/** `hmacauth <AppName>:<Signature>:<Nonce>:<Unix ts>`; a new nonce every time. */
export function hmacauthHeader({ appName, secret, method, url, body, now }: IpcnSignature): string {
  const timestamp = String(Math.floor(now.getTime() / 1_000))
  const nonce = randomBytes(16).toString('hex')
  const digest = createHash('md5').update(body).digest('base64')
  const signed = appName + method.toUpperCase() + canonicalUrl(url) + timestamp + nonce + digest
  return `hmacauth ${appName}:${createHmac('sha256', secret).update(signed).digest('base64')}:${nonce}:${timestamp}`
}

/** lower(urlencode(lower(url))), its query sorted. */
function canonicalUrl(url: string): string {
  const [base = '', query] = url.toLowerCase().split('?', 2)
  const sorted = query === undefined ? base : `${base}?${query.split('&').sort().join('&')}`
  return encodeURIComponent(sorted).toLowerCase()
}

function encoded(fields: Record<string, string>, { urlEncoded }: { urlEncoded: boolean }): string {
  if (!urlEncoded) return JSON.stringify(fields)
  // As .NET writes them: spaces as +, escapes in lower case, `2022-01-17T20%3a03%3a05Z`.
  const escaped = (value: string) =>
    encodeURIComponent(value)
      .replaceAll('%20', '+')
      .replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
  return JSON.stringify(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, escaped(value)])))
}

const wholeSeconds = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, 'Z')
