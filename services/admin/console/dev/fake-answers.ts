import { STAGES } from '../src/api.ts'

const id = (digit: number) => `${String(digit).repeat(8)}-1111-4111-8111-111111111111`
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
const midnight = (days: number) =>
  `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`
const today = () => new Date().toISOString().slice(0, 10)
const list = (...items: unknown[]) => ({ items, next: null })
const sellers = 4_000

/** What the made-up API answers, by path; a day's run takes two minutes. @param seconds - since it began */
export function answersOf(seconds: number): ReadonlyMap<string, unknown> {
  const alert = {
    ...{ id: id(7), kind: 'bank_id_missing', severity: 'warning', status: 'open', note: null, times: 3 },
    sentence: 'The seller has no account to be paid to. It is paid once GSC sends one.',
    subject: { type: 'seller_balance', id: id(1) },
    ...{ businessDate: today(), details: { country: 'CL' }, raisedAt: ago(30), lastRaisedAt: ago(2) },
  }
  const critical = {
    ...{ ...alert, id: id(8), kind: 'insufficient_funds', severity: 'critical', subject: { type: 'rail', id: 'fpay' } },
    sentence: 'The rail lacks funds, or its limit is used up. Top it up; payment is tried again.',
  }
  const timeline = [
    event(50, 'message', 'balance retrieved from NetSuite', { documents: 2 }),
    event(40, 'attempt', 'fpay, generation 1', { request: { amount: '1250000' }, response: { status: 'ACCEPTED' } }),
    event(39, 'ledger', 'seller paid', { postings: 2 }),
    { ...event(38, 'audit', 'balance.paid'), actor: 'service:pay-seller-balance' },
    { ...event(5, 'audit', 'note added'), actor: 'operator:olga', reason: 'asked the bank' },
  ]
  const balance = {
    id: id(1),
    seller: { id: id(6), gscSellerId: 'S-1001', name: 'Comercial Andes SpA', taxId: '76.***.***-4' },
    ...{ country: 'cl', businessDate: today(), money: { amount: '1250000', currency: 'CLP' }, status: 'paid' },
    ...{ reason: null, rail: 'fpay', updatedAt: ago(5) },
  }
  const blocked = {
    ...{ ...balance, id: id(2), status: 'blocked', reason: 'bank_id_missing', rail: null },
    seller: { id: id(6), gscSellerId: 'S-1002', name: 'Importadora Bío Bío Ltda.', taxId: '77.***.***-K' },
    ...{ country: 'co', money: { amount: '125050075', currency: 'COP' } },
  }
  const seller = {
    ...{ ...balance.seller, operationType: 'local', type: '3P', status: 'active', account: 'fpay', updatedAt: ago(9) },
    countries: [
      { country: 'cl', currency: 'CLP', enabled: true },
      { country: 'pe', currency: 'PEN', enabled: false },
    ],
  }
  const payout = {
    ...{ id: id(3), bookingId: 'BK-2001', sequence: 1, providerId: 'PR-77', status: 'on_hold', amount: '25050' },
    ...{ setOff: '5000', corrected: '0', currency: 'USD', dueAt: ago(60), holdReason: 'Dispute Open' },
    ...{ heldBy: 'disputes', overriddenDisputes: [], cancelledBy: null, failureReason: null, releasedAt: null },
    ...{ transferredAt: null, createdAt: ago(3_000), updatedAt: ago(60) },
  }
  const approval = {
    ...{ id: id(4), payoutId: id(3), action: 'force_release', reason: 'the customer withdrew the dispute' },
    seen: {
      status: 'on_hold',
      amount: '25050',
      currency: 'USD',
      openDisputes: ['D-1'],
      sums: [{ amount: '25050', currency: 'USD' }],
    },
    ...{ requestedBy: 'operator:olga', requestedAt: ago(9), status: 'open' },
    ...{ decidedBy: null, decisionReason: null, decidedAt: null },
  }
  const transfer = {
    ...{ id: id(5), status: 'retryable', money: { amount: '9900', currency: 'USD' }, updatedAt: ago(4) },
    ...{
      userId: 'U-9',
      jobId: id(6),
      payoutId: null,
      attempts: 2,
      nextTryAt: ago(-10),
      reason: 'balance_insufficient',
    },
  }
  const reports = Array.from({ length: 30 }, (_, day) => ({
    ...{ id: `${id(9).slice(0, -2)}${day + 10}`, books: 'billing', from: midnight(day + 1), to: midnight(day) },
    ...{ status: day % 7 === 3 ? 'discrepancy_found' : 'success', severity: day % 7 === 3 ? 'warning' : 'none' },
    ...{ startedAt: ago(day * 1_440), finishedAt: ago(day * 1_440), durationMs: 900, error: null },
    moneyAtRisk: [{ currency: 'USD', amount: `${((day * 37) % 11) * 12}.50` }],
  }))
  const finding = {
    ...{ id: 'billing-17', reportId: id(9), category: 'missing_in_database', urgent: true, about: 'pi_31', ours: null },
    theirs: { reference: 'pi_31', state: null, currency: 'USD', amount: '4200', takenBack: '0', at: ago(900) },
    ...{ over: { amount: '4200', currency: 'USD' }, under: null, status: 'open', assignee: null, note: null },
    decidedAt: null,
  }
  const entry = {
    ...{ idempotencyKey: `ledger:seller-balance:${id(1)}:1`, kind: 'seller paid', occurredAt: ago(39) },
    payable: { type: 'seller_balance', id: id(1) },
    postings: [
      { account: 'payable:seller:S-1001', currency: 'CLP', amount: '-1250000' },
      { account: 'cash:fpay', currency: 'CLP', amount: '1250000' },
    ],
  }
  const audit = {
    ...{ id: '51', occurredAt: ago(38), actor: 'operator:olga', action: 'payout.hold', reason: 'asked by legal' },
    ...{ subject: { type: 'payout', id: id(3) }, before: { status: 'scheduled' }, after: { status: 'on_hold' } },
  }
  const letter = {
    ...{ id: id(7), topic: 'pay_seller_balance_topic', subscription: 'pay_seller_balance_subscription' },
    ...{ reason: 'seller_balance_id: must be a UUID', receivedAt: ago(80) },
    ...{ replayedAt: null },
  }
  const jobs = ['payment-reset', 'payout-scheduler', 'billing-reconciliation'].map((name, index) => ({
    ...{ name, schedule: `0 ${index + 2} * * *`, timeZone: 'America/Santiago', enabled: index !== 2 },
    ...{ nextRunAt: ago(-90), lastRunAt: ago(300), lastDurationMs: 4_210, lastOutcome: 'succeeded', lastError: null },
  }))
  return new Map<string, unknown>([
    ['/v1/me', me],
    ['/v1/today', day(seconds, [critical, alert])],
    [
      '/v1/search',
      list({ type: 'balance', id: id(1), title: balance.seller.name, ...found(balance) }, searched(payout)),
    ],
    ['/v1/balances', { items: [balance, blocked], next: id(2) }],
    [
      '/v1/balances/:id',
      {
        ...balance,
        documents: [
          { type: 'vendorBill', tranId: 'BILL-1', amount: '1300000', currency: 'CLP' },
          { type: 'invoice', tranId: 'INV-9', amount: '50000', currency: 'CLP' },
        ],
        closing: { settlementId: 'GSC-5', money: balance.money, receivedAt: ago(45), match: 'matched' },
        ...{ currency: 'CLP', nextTryAt: null, erp: { toldAt: ago(30), vendorPaymentId: '881' }, gscToldAt: ago(29) },
        ...{ attempts: [], timeline },
      },
    ],
    ['/v1/payouts', { payouts: [payout], next: null }],
    [
      '/v1/payouts/:id',
      {
        ...{ payout, booking: {}, tips: [], disputes: [{ disputeId: 'D-1', openedAt: ago(70), resolvedAt: null }] },
        ...{ transfers: [], reversals: [], attempts: [], ledger: [entry], audit: [audit], approvals: [approval] },
      },
    ],
    ['/v1/approvals', { approvals: [approval], next: null }],
    ['/v1/transfers', list(transfer)],
    ['/v1/transfers/:id', { transfer, account: null, attempts: [], timeline }],
    ['/v1/sellers', list(seller)],
    [
      '/v1/sellers/:id',
      {
        ...{ ...seller, erpId: '501', owed: [{ amount: '90000', currency: 'CLP' }] },
        ...{ balances: [balance, blocked], timeline },
      },
    ],
    ['/v1/explain/:id', explanation(balance)],
    ['/v1/reconciliations', { reconciliations: reports.slice(0, 10), next: null }],
    ['/v1/reconciliations/trend', { trend: reports }],
    [
      '/v1/reconciliations/:id',
      { ...reports[3], result: { recommendations: ['Copy the missing payment from Stripe.'], discrepancy: '42.00' } },
    ],
    ['/v1/reconciliations/:id/findings', { findings: [finding], next: null }],
    ['/v1/debts', list({ providerId: 'provider-7', money: { amount: '6250', currency: 'USD' } })],
    ['/v1/ledger/accounts', list({ account: 'cash:fpay', money: { amount: '1250000', currency: 'CLP' } })],
    ['/v1/ledger/entries', list(entry)],
    [
      '/v1/ledger/proof',
      { currencies: [{ currency: 'CLP', entries: 8_012, sum: '0' }], disagreements: [], isBalanced: true },
    ],
    ['/v1/audit', list(audit)],
    ['/v1/audit/seals', { sealedRows: 90_112, unsealedRows: 14, lastSeal: { at: ago(2), digest: '9f'.repeat(32) } }],
    ['/v1/alerts', list(critical, alert)],
    ['/v1/dead-letters', list(letter)],
    ['/v1/dead-letters/:id', { ...letter, payload: { seller_balance_id: 'x' }, attributes: { eventId: 'e-1' } }],
    ['/v1/jobs', { items: jobs }],
    ['/v1/system', system],
    ['/v1/rails', list({ ...rail, name: 'fpay' }, { ...rail, stopped, name: 'payoneer' }, { ...rail, ...waiting })],
    ['/v1/caps', list(cap)],
    ['/v1/control-approvals', list(waiting.restart, broughtByFile)],
  ])
}

const me = {
  ...{ subject: 'ana', name: 'Ana Approver', roles: ['viewer', 'operator', 'approver'] },
  ...{ environment: 'drawing board', via: 'session' },
}

const event = (minutes: number, kind: string, title: string, details: object = {}) => ({
  ...{ at: ago(minutes), kind, title, actor: null, reason: null, details },
})

const found = ({ status, money, updatedAt }: { status: string; money: object; updatedAt: string }) => ({
  ...{ status, money, at: updatedAt },
})
const searched = (payout: { id: string; bookingId: string; status: string; amount: string; currency: string }) => ({
  ...{ type: 'payout', id: payout.id, title: payout.bookingId, status: payout.status, at: ago(60) },
  money: { amount: payout.amount, currency: payout.currency },
})

const explanation = (balance: { id: string; seller: { name: string }; money: object; status: string }) => ({
  subject: {
    type: 'balance',
    id: balance.id,
    title: balance.seller.name,
    status: balance.status,
    money: balance.money,
  },
  amount: [
    { label: 'BILL-1, vendor bill', money: { amount: '1300000', currency: 'CLP' } },
    { label: 'INV-9, invoice', money: { amount: '-50000', currency: 'CLP' } },
  ],
  story: [
    { at: ago(50), text: 'NetSuite said what is owed.' },
    { at: ago(39), text: 'FPay paid it.' },
  ],
  next: { who: 'nobody', text: 'It is paid, and NetSuite and GSC know.' },
  links: [{ type: 'seller', id: 'S-1001', label: balance.seller.name }],
})

function day(seconds: number, alerts: readonly object[]) {
  const stages = STAGES.map((name, index) => {
    const done = Math.round(Math.max(0, Math.min(1, seconds / 20 - index)) * (index === 0 ? 1 : sellers))
    const reached = index === 0 ? 1 : Math.round(Math.max(0, Math.min(1, seconds / 20 - index + 1)) * sellers)
    const failed = name === 'payment' && done > 100 ? 2 : 0
    const waiting = Math.max(0, reached - done - failed)
    return { name, waiting, done, failed, perMinute: waiting > 0 ? 12_000 : 0, oldestSeconds: waiting > 0 ? 130 : null }
  })
  const paid = stages.find(({ name }) => name === 'confirmation')?.done ?? 0
  return {
    businessDate: today(),
    run: { openedAt: ago(10), initializedAt: ago(9), state: paid < sellers ? 'running' : 'finished' },
    stages,
    balances: { paid, payable: sellers - paid, blocked: 2 },
    paid: [
      { rail: 'fpay', money: { amount: String(paid * 1_250_000), currency: 'CLP' }, count: paid },
      { rail: 'payoneer', money: { amount: String(paid * 9_950), currency: 'USD' }, count: paid },
    ],
    settlements: { jobs: 12, complete: 11, rejected: 1, transfers: { completed: 240, retryable: 3 } },
    ...{
      bookings: { scheduled: 31, on_hold: 2, transferred: 410 },
      alerts,
      alertsWaiting: alerts.length,
      at: new Date().toISOString(),
    },
  }
}

const rail = { stopped: null, paused: null, restart: null }
const stopped = { at: ago(20), by: 'operator:olga', reason: 'the bank asked us to wait' }
const waiting = {
  ...{ name: 'stripe', stopped, paused: { until: ago(-30), reason: 'Stripe refuses our key' } },
  restart: {
    ...{ id: id(4), kind: 'rail_restart', subjectId: 'stripe', wish: { stoppedAt: ago(20) }, reason: 'it is mended' },
    ...{ requestedBy: 'operator:olga', requestedAt: ago(9), status: 'open' },
    ...{ decidedBy: null, decisionReason: null, decidedAt: null },
  },
}

const broughtByFile = {
  ...waiting.restart,
  ...{ id: id(5), kind: 'settlement_import', subjectId: '9f'.repeat(32), reason: 'the marketplace was down' },
  wish: {
    ...{ hash: '9f'.repeat(32), replace: true, replaces: null, settlements: 21, winners: 2_104, unchanged: 3 },
    totals: [
      { amount: '1250000', currency: 'USD' },
      { amount: '900000', currency: 'CLP' },
    ],
    list: Array.from({ length: 20 }, (_, at) => ({
      ...{ settlementId: `SE-${at}`, contestId: `CT-${at}`, result: at === 3 ? 'replaced' : 'new', status: 'closed' },
      ...{ total: String(60_000 - at * 500), currency: 'USD', winners: 104 },
    })),
    notListed: 1,
  },
}

const cap = {
  ...{ id: id(2), rail: null, currency: 'USD', scope: 'payee_day', amount: '5000000', reason: 'agreed with the bank' },
  ...{ setBy: 'operator:adam', setAt: ago(9_000) },
}

const system = {
  subscriptions: [
    {
      ...{ name: 'pay_seller_balance_subscription', topic: 'pay_seller_balance_topic', deadLetters: 1 },
      outbox: { waiting: 220, due: 12, oldestSeconds: 3 },
      workers: { done: 4_000, retried: 12, failed: 1, perMinute: 1_200, inHand: 40, oldestSeconds: 2.5 },
    },
  ],
  ...{ outbox: { waiting: 220, due: 12, oldestSeconds: 3 }, deadLetters: 1 },
  attempts: [
    { rail: 'fpay', claimed: 4, unknown: 0, lastHour: { accepted: 3_998, declined: 2, p50Ms: 41, p95Ms: 180 } },
    { rail: 'stripe', claimed: 0, unknown: 1, lastHour: { accepted: 240, declined: 3, p50Ms: 390, p95Ms: 2_400 } },
  ],
  providers: [{ name: 'fpay', calls: 8_100, refused: 2, failed: 31, p50Ms: 38, p95Ms: 210, inUse: 3.4 }],
  services: [
    { name: 'payouts', at: ago(0), trouble: null, windowSeconds: 3_600 },
    { name: 'webhooks', at: ago(4), trouble: 'unreachable', windowSeconds: 2_400 },
  ],
  at: new Date().toISOString(),
}
