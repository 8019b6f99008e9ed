import { globalRegistry, type z } from 'zod'
import { debt } from '../actions/debt-routes.ts'
import { cap, controlApproval, rail } from '../controls/control-shapes.ts'
import { planWish } from '../plans/make-plan.ts'
import { plan } from '../plans/plan-shapes.ts'
import { type ProblemBody, problem, problemSchema } from '../problem.ts'
import { finding, reconciliation, reconciliationWish } from '../reconciliation-schemas.ts'
import { alert } from '../routes/alert-shape.ts'
import { balance } from '../routes/balance-routes.ts'
import { auditEntry, money } from '../routes/shapes.ts'
import { transfer } from '../routes/transfer-routes.ts'
import { approval, payout, withReason } from '../schemas.ts'

/** A schema of the API, and one thing that has its shape. */
export interface Example {
  readonly schema: z.ZodType
  readonly value: unknown
}
const of = <Schema extends z.ZodType>(schema: Schema, value: z.input<Schema>): Example => ({ schema, value })

const BALANCE = '0b6f3c1e-7f0e-4a52-9a0d-6f4f0f7c1a01'
const PAYOUT = '2d1f5a9c-3c0b-4e7a-8f55-1f2f4c9f7b02'
const ASKED = { reason: 'The bank has confirmed the account.', requestedBy: 'operator:olga' }
const AT = '2026-11-21T10:15:30.000Z'

/** One of each of the main things, as people meet them. */
const EXAMPLES: readonly Example[] = [
  of(money, { amount: '125000', currency: 'CLP' }),
  of(problemSchema, problem('wrong-state', 'The balance is paid already.', { current: 'paid' })),
  of(withReason, { reason: ASKED.reason }),
  of(balance, {
    id: BALANCE,
    seller: {
      id: '5a0c8e62-2b4f-4d0e-9a61-2f7f3a1d9c03',
      gscSellerId: 'SC-1042',
      name: 'Comercial Andina SpA',
      taxId: '*****042-2',
    },
    country: 'cl',
    businessDate: '2026-11-20',
    money: { amount: '636999', currency: 'CLP' },
    status: 'failed',
    reason: 'account_closed',
    rail: 'fpay',
    updatedAt: AT,
  }),
  of(payout, {
    id: PAYOUT,
    bookingId: 'BK-77',
    sequence: 1,
    providerId: 'provider-9',
    status: 'on_hold',
    amount: '5000',
    setOff: '0',
    corrected: '0',
    currency: 'USD',
    dueAt: AT,
    holdReason: 'Dispute Open',
    heldBy: 'disputes',
    overriddenDisputes: [],
    cancelledBy: null,
    failureReason: null,
    releasedAt: null,
    transferredAt: null,
    createdAt: AT,
    updatedAt: AT,
  }),
  of(transfer, {
    id: '7c3e9f14-5d6a-4b88-b0f3-9a1c2e4d6f04',
    userId: 'user-17',
    money: { amount: '1000', currency: 'USD' },
    status: 'completed',
    reason: null,
    withdrawRequested: false,
    destination: '********17ab',
    contestId: 'CT-17',
    settlementId: 'ST-17',
    jobId: '9e5a1b36-8f7c-4caa-92d5-bc3e4f608105',
    payoutId: null,
    bookingId: null,
    attempts: 1,
    nextTryAt: null,
    providerReference: 'tr_1042',
    createdAt: AT,
    completedAt: AT,
    updatedAt: AT,
  }),
  of(approval, {
    id: 'b07c3d58-a19e-4ecc-b4f7-de5061728306',
    payoutId: PAYOUT,
    action: 'force_release',
    seen: {
      status: 'on_hold',
      amount: '5000',
      currency: 'USD',
      openDisputes: ['dp_1'],
      sums: [{ amount: '5000', currency: 'USD' }],
    },
    ...ASKED,
    requestedAt: AT,
    status: 'open',
    ...{ decidedBy: null, decisionReason: null, decidedAt: null },
  }),
  of(controlApproval, {
    id: 'd29e5f7a-c3b0-4fee-96a9-f0728394a507',
    kind: 'balance_repayment',
    subjectId: BALANCE,
    wish: { amount: '636999', currency: 'CLP' },
    ...ASKED,
    requestedAt: AT,
    status: 'open',
    ...{ decidedBy: null, decisionReason: null, decidedAt: null },
  }),
  of(alert, {
    id: 'f4b0719c-e5d2-4a10-b8cb-1294a5b6c708',
    kind: 'bank_id_missing',
    severity: 'warning',
    sentence: 'The seller has no account to be paid to. It is paid once GSC sends one.',
    subject: { type: 'seller_balance', id: BALANCE },
    businessDate: '2026-11-20',
    details: {},
    status: 'open',
    note: null,
    times: 1,
    raisedAt: AT,
    lastRaisedAt: AT,
  }),
  of(planWish, { kind: 'pay_day', businessDate: '2026-11-20', reason: 'The pay-day of Friday.' }),
  of(plan, {
    id: '16d2938e-07f4-4c32-9aed-34b6c7d8e909',
    kind: 'pay_day',
    run: '2026-11-20',
    hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    lineCount: 2,
    state: 'planned',
    reason: 'The pay-day of Friday.',
    planned: { by: 'operator:olga', at: AT },
    ...{ approved: null, applied: null, voided: null },
    pays: [
      {
        ...{ rail: 'fpay', currency: 'CLP', count: 2, amount: '636999' },
        ...{ available: '600000', unknown: null, short: '36999' },
      },
    ],
    leavesOut: [{ reason: 'rail_stopped', currency: 'USD', count: 1, amount: '65830' }],
  }),
  of(rail, {
    name: 'fpay',
    stopped: { at: AT, by: 'operator:olga', reason: 'FPay says that it is down.' },
    ...{ paused: null, restart: null },
  }),
  of(cap, {
    id: '38f4b5a0-2916-4e54-bc0f-56d8e9fa0b10',
    rail: 'fpay',
    currency: 'CLP',
    scope: 'rail_hour',
    amount: '5000000',
    reason: 'As much as the account holds.',
    setBy: 'operator:olga',
    setAt: AT,
  }),
  of(debt, { providerId: 'provider-9', money: { amount: '500', currency: 'USD' } }),
  of(reconciliation, {
    id: '5a16d7c2-4b38-4076-9e21-78fa0b1c2d11',
    books: 'billing',
    from: '2026-11-20T00:00:00.000Z',
    to: '2026-11-21T00:00:00.000Z',
    status: 'discrepancy_found',
    severity: 'warning',
    startedAt: AT,
    finishedAt: AT,
    durationMs: 1_250,
    error: null,
    moneyAtRisk: [{ currency: 'USD', amount: '12.50' }],
  }),
  of(reconciliationWish, {
    books: 'fpay',
    from: '2026-11-20',
    to: '2026-11-21',
    reason: 'FPay has mended its report.',
  }),
  of(finding, {
    id: 'rail-17',
    reportId: '5a16d7c2-4b38-4076-9e21-78fa0b1c2d11',
    category: 'paid_not_recorded',
    urgent: true,
    about: BALANCE,
    theirs: { reference: 'FP-901', state: 'paid', currency: 'CLP', amount: '636999', takenBack: '0', at: AT },
    ours: null,
    over: { amount: '636999', currency: 'CLP' },
    under: null,
    status: 'open',
    ...{ assignee: null, note: null, decidedAt: null },
  }),
  of(auditEntry, {
    id: '1042',
    occurredAt: AT,
    actor: 'operator:olga',
    action: 'rail.stopped',
    subject: { type: 'rail', id: 'fpay' },
    reason: 'FPay says that it is down.',
    before: null,
    after: null,
  }),
]

/** What each of the shared answers looks like that are problems, by its name among the components. */
export const PROBLEM_EXAMPLES: Readonly<Record<string, ProblemBody>> = {
  BadRequest: problem('bad-request', 'body reason: must not be empty.'),
  NotAuthenticated: problem('not-authenticated', 'The token has expired.'),
  NotPermitted: problem('role-lacking', 'This needs the role approver, which you do not have.', { lacks: 'approver' }),
  NotFound: problem('not-found', `There is no balance ${BALANCE}.`),
  Conflict: problem('wrong-state', 'The balance is paid already.', { current: 'paid' }),
  TooLarge: problem('too-large', 'The body is larger than 16384 bytes.'),
  NotJson: problem('unsupported-media-type', 'Send the body as application/json.'),
  KeyReused: problem('request-key-reused', 'The Idempotency-Key was used for another request.'),
  InternalError: problem('internal', 'Something went wrong here; it is logged. Send the request again.'),
  Unavailable: problem('keys-unavailable', 'Tokens cannot be checked now.'),
}

/** The same of schemas, by the names that they have in the API's description. @throws Error for a schema without a name, or another shape */
export const examplesByName = (): ReadonlyMap<string, unknown> =>
  new Map(
    EXAMPLES.map(({ schema, value }) => {
      const name = globalRegistry.get(schema)?.id
      if (name === undefined) throw new Error(`this example is of no named schema: ${JSON.stringify(value)}`)
      schema.parse(value)
      return [name, value]
    }),
  )
