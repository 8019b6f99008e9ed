import { formatMajor } from '@remesa/domain/money'
import type { PaymentInstruction, PaymentOutcome, PaymentStatus, Rail, RefusalCategory } from '@remesa/domain/rail'
import type { FPayRailParts } from '../src/certify/fpay-harness.ts'

/** Mistakes that a rail could make with an answer; each would pay twice, lose a payment, or refuse a payee wrongly. */
export type Flaw =
  | 'takes a server error for a refusal'
  | 'takes silence for a refusal'
  | 'takes any 200 for accepted'
  | 'takes wrong credentials for a refusal'
  | 'takes a rate limit for a refusal'
  | 'takes an unreadable look-up for nothing there'
  | 'takes an unreadable status for pending'
  | 'makes a key of its own for each call'
  | 'sends another amount than asked'
  | 'does not compare what is there with what was asked'
  | 'never sees that money came back'

interface WirePayout {
  payoutId: string
  externalReference: string
  status: string
  amount: { value: string; currency: string }
  accountNumber: string
  paidAt: string | null
  reason: { code: string; category: string } | null
}

/** A rail to FPay without any client library, so that the suite itself can be tested: honest, or with one flaw. */
export function handMadeRail(parts: FPayRailParts, flaw?: Flaw): Rail {
  let token: string | undefined

  /** The status and body of any answer; status 0 for none. */
  async function call(path: string, init: RequestInit = {}, again = 1): Promise<{ status: number; body: unknown }> {
    try {
      token ??= await takeToken(parts)
      const headers = { ...(init.headers as object), authorization: `Bearer ${token}` }
      const signal = AbortSignal.timeout(parts.timeoutMs)
      const response = await fetch(parts.baseUrl + path, { ...init, headers, signal })
      if (response.status === 401) {
        token = undefined
        if (again > 0) return call(path, init, again - 1)
      }
      const text = await response.text()
      return { status: response.status, body: parsed(text) }
    } catch (error) {
      return { status: error instanceof WrongCredentials ? 401 : 0, body: undefined }
    }
  }

  function outcomeOf(status: number, body: unknown, asked: PaymentInstruction): PaymentOutcome {
    const facts = { status }
    const unknown = (reason: (PaymentOutcome & { kind: 'unknown' })['reason']): PaymentOutcome => ({
      kind: 'unknown',
      reason,
      facts,
    })
    const refusal: PaymentOutcome = { kind: 'declined_for_good', reason: 'REFUSED', facts }
    const { code } = (body ?? {}) as { code?: string }
    if (status === 0) return flaw === 'takes silence for a refusal' ? refusal : unknown('no_answer')
    if (status >= 500) return flaw === 'takes a server error for a refusal' ? refusal : unknown('server_error')
    if (status === 401) return flaw === 'takes wrong credentials for a refusal' ? refusal : unknown('credentials')
    if (status === 429) {
      if (flaw === 'takes a rate limit for a refusal') return refusal
      return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
    }
    if (status === 200 || status === 201) {
      const payout = body as WirePayout
      if (flaw !== 'takes any 200 for accepted' && !payout?.payoutId) return unknown('garbled')
      const amount = formatMajor(asked.money.amount, asked.money.currency)
      const same = payout?.amount?.value === amount && payout.accountNumber === asked.destination
      if (!same && flaw !== 'takes any 200 for accepted') return unknown('mismatch')
      return { kind: 'accepted', reference: payout?.payoutId ?? 'none', status: statusOf(payout, flaw), facts }
    }
    switch (code) {
      case 'REQUEST_IN_PROGRESS':
        return unknown('in_progress')
      case 'IDEMPOTENCY_MISMATCH':
        if (flaw === 'does not compare what is there with what was asked') return refusal
        return unknown('mismatch')
      case 'INSUFFICIENT_FUNDS':
        return { kind: 'declined_may_change', reason: 'funds', keyIsSpent: false, facts }
      case undefined:
        return unknown('garbled')
      default:
        return { kind: 'declined_for_good', reason: code, facts }
    }
  }

  return {
    name: 'fpay',
    contract: {
      keyLifetime: Temporal.Duration.from({ hours: 168 }),
      replaysRefusals: false,
      settles: 'later',
      reversible: true,
      lookUp: 'by-reference',
    },
    async pay(instruction) {
      const key = flaw === 'makes a key of its own for each call' ? crypto.randomUUID() : instruction.idempotencyKey
      const { status, body } = await call('/v1/payouts', {
        method: 'POST',
        headers: { 'idempotency-key': key },
        body: JSON.stringify(bodyFor(instruction, parts, flaw)),
      })
      const { existingPayoutId } = (body ?? {}) as { existingPayoutId?: string }
      if (status !== 409 || !existingPayoutId) return outcomeOf(status, body, instruction)
      const existing = await call(`/v1/payouts/${existingPayoutId}`)
      return outcomeOf(existing.status, existing.body, instruction)
    },
    async find(instruction) {
      const { status, body } = await call(`/v1/payouts?externalReference=${instruction.payableId}`)
      if (flaw === 'takes an unreadable look-up for nothing there' && status !== 200) return 'not-found'
      const { payouts } = (body ?? {}) as { payouts?: WirePayout[] }
      if (status !== 200 || !payouts) return outcomeOf(status, {}, instruction)
      const [latest] = payouts
      return latest ? outcomeOf(status, latest, instruction) : 'not-found'
    },
    async status(reference) {
      const { status, body } = await call(`/v1/payouts/${reference}`)
      if (status === 200 && (body as WirePayout)?.payoutId) return statusOf(body as WirePayout, flaw)
      if (flaw === 'takes an unreadable status for pending') return { state: 'pending' }
      throw new Error(`status ${status}`)
    },
  }
}

function bodyFor(instruction: PaymentInstruction, { callbackUrl }: FPayRailParts, flaw: Flaw | undefined): object {
  const { payableId, money, destination, country, beneficiary, description, payeeId } = instruction
  const amount = flaw === 'sends another amount than asked' ? money.amount * 100n : money.amount
  return {
    externalReference: payableId,
    accountNumber: destination,
    amount: { value: formatMajor(amount, money.currency), currency: money.currency },
    country,
    beneficiary,
    description,
    callbackUrl,
    metadata: { sellerId: payeeId },
  }
}

function statusOf(payout: WirePayout | undefined, flaw: Flaw | undefined): PaymentStatus {
  const code = payout?.reason?.code ?? ''
  switch (payout?.status) {
    case 'PAID':
      return { state: 'paid', paidAt: new Date(payout.paidAt ?? 0) }
    case 'REJECTED':
      return { state: 'rejected', reason: code, category: payout.reason?.category.toLowerCase() as RefusalCategory }
    case 'REVERSED':
      if (flaw === 'never sees that money came back') return { state: 'paid', paidAt: new Date(payout.paidAt ?? 0) }
      return { state: 'reversed', reason: code }
    default:
      return { state: 'pending' }
  }
}

class WrongCredentials extends Error {}

async function takeToken({ baseUrl, clientId, clientSecret, timeoutMs }: FPayRailParts): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await fetch(`${baseUrl}/oauth/token`, { method: 'POST', body, signal })
  if (response.status === 401) throw new WrongCredentials()
  const { access_token: token } = (await response.json()) as { access_token?: string }
  if (!token) throw new Error('no token')
  return token
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // garbage: no field of it is there
  }
}
