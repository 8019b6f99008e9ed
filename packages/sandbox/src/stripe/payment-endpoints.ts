import type { Reply, Route, SandboxRequest } from '../kit/http.ts'
import { missing } from './errors.ts'
import { type Listed, listAsJson, PAGING, type Page, pageOf } from './lists.ts'
import { type Parameters, readParameters } from './parameters.ts'
import { chargeAsJson, disputeAsJson, paymentIntentAsJson, refundAsJson } from './payment-objects.ts'
import type { Charge, Refund } from './payment-rows.ts'
import type { Payments } from './payments.ts'

interface Parts {
  readonly payments: Payments
  readonly route: (made: Omit<Route, 'authenticate'>) => Route
  /** Puts objects in the place of their ids. */
  readonly expanded: (object: object, fields: readonly string[]) => object
}

const CHARGE_FIELDS = ['balance_transaction', 'payment_intent']
const INTENT_FIELDS = ['latest_charge']
const REFUND_FIELDS = ['balance_transaction', 'charge', 'payment_intent']
const DISPUTE_FIELDS = ['charge', 'payment_intent']

/** Stripe's endpoints that read what customers paid (facts: stripe §7). */
export function paymentRoutes({ payments, route, expanded }: Parts): Route[] {
  function list<Row extends Listed>(
    given: Parameters,
    { url, fields, asJson }: { url: string; fields: readonly string[]; asJson: (row: Row) => object },
    { rows, hasMore }: Page<Row>,
  ): Reply {
    const expand = given.expand(fields, 'data.')
    return {
      status: 200,
      body: listAsJson(
        url,
        rows.map((row) => expanded(asJson(row), expand)),
        hasMore,
      ),
    }
  }

  function get<Row>(
    find: (id: string) => Row | undefined,
    {
      what,
      param,
      fields,
      asJson,
    }: { what: string; param: string; fields: readonly string[]; asJson: (row: Row) => object },
  ): (request: SandboxRequest) => Reply {
    return ({ params, query }) => {
      const id = params.id ?? ''
      const row = find(id)
      if (!row) throw missing(what, id, { status: 404, param })
      return { status: 200, body: expanded(asJson(row), readParameters(query, ['expand']).expand(fields)) }
    }
  }

  /** The charges of a PaymentIntent, oldest first. */
  const chargesOf = (paymentIntent: string): readonly Charge[] =>
    payments.find(paymentIntent)
      ? payments.charges.rows().filter((charge) => charge.paymentIntent === paymentIntent)
      : []

  function listCharges({ query }: SandboxRequest): Reply {
    const given = readParameters(query, [...PAGING, 'created', 'customer', 'payment_intent', 'transfer_group'])
    const about = { url: '/v1/charges', fields: CHARGE_FIELDS, asJson: chargeAsJson }
    const paymentIntent = given.text('payment_intent')
    const created = given.created()
    const matches = ofNobody(given)
    return paymentIntent === undefined
      ? list(given, about, payments.charges.page(given, { what: 'charge', created, ...matches }))
      : list(given, about, pageOf({ rows: chargesOf(paymentIntent), what: 'charge', url: about.url, created }, given))
  }

  function listPaymentIntents({ query }: SandboxRequest): Reply {
    const given = readParameters(query, [...PAGING, 'created', 'customer'])
    const { page } = payments.charges
    return list(
      given,
      { url: '/v1/payment_intents', fields: INTENT_FIELDS, asJson: paymentIntentAsJson },
      page(given, {
        what: 'payment_intent',
        created: given.created(),
        find: (id) => (id.startsWith('pi_') ? payments.find(id) : undefined),
        matches: (charge) =>
          charge.paymentIntent !== null &&
          payments.find(charge.paymentIntent) === charge &&
          given.text('customer') === undefined,
      }),
    )
  }

  function listRefunds({ query }: SandboxRequest): Reply {
    const given = readParameters(query, [...PAGING, 'created', 'charge', 'payment_intent'])
    const about = { url: '/v1/refunds', fields: REFUND_FIELDS, asJson: refundAsJson }
    const [ofCharge, ofIntent] = [given.text('charge'), given.text('payment_intent')]
    const created = given.created()
    const rowsOf = (id: string, param: 'charge' | 'payment_intent'): readonly Refund[] => {
      const charge = param === 'charge' ? payments.charges.find(id) : payments.find(id)
      if (!charge) throw missing(param, id, { status: 404, param })
      return payments.refundsOf(charge, param === 'charge' ? undefined : 'its payment')
    }
    const page = (rows: readonly Refund[]) => pageOf({ rows, what: 'refund', url: about.url, created }, given)
    if (ofCharge !== undefined) return list(given, about, page(rowsOf(ofCharge, 'charge')))
    if (ofIntent !== undefined) return list(given, about, page(rowsOf(ofIntent, 'payment_intent')))
    return list(given, about, payments.refunds.page(given, { what: 'refund', created }))
  }

  function listDisputes({ query }: SandboxRequest): Reply {
    const given = readParameters(query, [...PAGING, 'created', 'charge', 'payment_intent'])
    const [charge, paymentIntent] = [given.text('charge'), given.text('payment_intent')]
    return list(
      given,
      { url: '/v1/disputes', fields: DISPUTE_FIELDS, asJson: disputeAsJson },
      payments.disputes.page(given, {
        what: 'dispute',
        created: given.created(),
        matches: (dispute) =>
          (charge === undefined || dispute.charge.id === charge) &&
          (paymentIntent === undefined || dispute.charge.paymentIntent === paymentIntent),
      }),
    )
  }

  const read = (path: string, handle: Route['handle']): Route => route({ method: 'GET', path, subject: byPage, handle })
  return [
    read('/v1/charges', listCharges),
    read('/v1/charges/:id', get(payments.charges.find, CHARGE)),
    read('/v1/payment_intents', listPaymentIntents),
    read(
      '/v1/payment_intents/:id',
      get((id) => (id.startsWith('pi_') ? payments.find(id) : undefined), INTENT),
    ),
    read('/v1/refunds', listRefunds),
    read('/v1/refunds/:id', get(payments.refunds.find, REFUND)),
    read('/v1/disputes', listDisputes),
    read('/v1/disputes/:id', get(payments.disputes.find, DISPUTE)),
  ]
}

const CHARGE = { what: 'charge', param: 'id', fields: CHARGE_FIELDS, asJson: chargeAsJson }
const INTENT = { what: 'payment_intent', param: 'intent', fields: INTENT_FIELDS, asJson: paymentIntentAsJson }
const REFUND = { what: 'refund', param: 'id', fields: REFUND_FIELDS, asJson: refundAsJson }
const DISPUTE = { what: 'dispute', param: 'id', fields: DISPUTE_FIELDS, asJson: disputeAsJson }

/** Each page is a subject of its own to the faults: a list of many pages would otherwise use up its share with the first. */
const byPage = ({ target }: SandboxRequest): string => target

/** No charge here has a customer or a transfer group. */
const ofNobody = (given: Parameters): { matches?: () => boolean } =>
  given.text('customer') === undefined && given.text('transfer_group') === undefined ? {} : { matches: () => false }

/** What an id of one of these stands for. */
export function paymentObjectOf(payments: Payments, id: string): object | undefined {
  const refund = payments.refunds.find(id)
  if (refund) return refundAsJson(refund)
  const dispute = payments.disputes.find(id)
  if (dispute) return disputeAsJson(dispute)
  const charge = payments.find(id)
  if (!charge) return undefined
  return id === charge.paymentIntent ? paymentIntentAsJson(charge) : chargeAsJson(charge)
}
