import type { Faults } from '../kit/faults.ts'
import type { Reply, Route, SandboxRequest } from '../kit/http.ts'
import { routeName } from '../kit/http.ts'
import type { Accounts } from './accounts.ts'
import type { Admission } from './admission.ts'
import type { Balance } from './balance.ts'
import { type BalanceTransactionRow, transactionAsJson } from './balance-history.ts'
import { accountNotOurs, limited, missing, storedServerError } from './errors.ts'
import type { IdempotencyKeys } from './idempotency.ts'
import { type Listed, type ListOf, listAsJson, PAGING, pageOf } from './lists.ts'
import { type Parameters, readParameters } from './parameters.ts'
import { paymentObjectOf, paymentRoutes } from './payment-endpoints.ts'
import type { Payments } from './payments.ts'
import type { SortedList } from './sorted-list.ts'
import {
  REVERSAL_FIELDS,
  readReversalRequest,
  readReversalUpdate,
  readTransferRequest,
  readTransferUpdate,
  TRANSFER_FIELDS,
} from './transfer-requests.ts'
import { type Reversal, reversalAsJson, type Transfer, type Transfers, transferAsJson } from './transfers.ts'
import type { StripeEvent, Webhooks } from './webhooks.ts'

export interface EndpointParts {
  readonly admission: Admission
  readonly accounts: Accounts
  readonly balance: Balance
  /** Every movement of the balance there is by now. */
  readonly history: () => SortedList<BalanceTransactionRow>
  readonly faults: Faults
  readonly keys: IdempotencyKeys
  readonly payments: Payments
  readonly transfers: Transfers
  readonly webhooks: Webhooks
  /** What the request is called in events and in its `Request-Id`. */
  readonly requestId: (request: SandboxRequest) => string
  /** How long the next work for a subject takes, milliseconds; asking uses it up. */
  readonly slowness: (subject: string) => number
}

/** Stripe's endpoints for transfers, accounts, the balance and what customers paid (facts: stripe §2, §3, §7). */
export function stripeRoutes(parts: EndpointParts): Route[] {
  const { admission, accounts, balance, history, faults, keys, payments, transfers, webhooks } = parts
  /** Accounts whose transfers are worked on. */
  const locked = new Set<string>()

  function route(made: Omit<Route, 'authenticate'>): Route {
    const name = routeName(made)
    return { ...made, authenticate: ({ headers }) => admission.admit(headers, name) }
  }

  /** Does a POST's work once per key. @param account - whose lock it needs */
  function execute(
    request: SandboxRequest,
    { endpoint, subject, account }: { endpoint: string; subject: string; account: string },
    work: () => object,
  ): Promise<Reply> {
    return keys.once(request, async () => {
      if (locked.has(account) || faults.strikes('lock-timeout', subject, endpoint)) return limited('lock_timeout')
      if (faults.strikes('stored-error-before', subject, endpoint)) throw storedServerError()
      const delayMs = parts.slowness(subject)
      if (delayMs > 0) {
        locked.add(account)
        await new Promise((resolve) => setTimeout(resolve, delayMs))
        locked.delete(account)
      }
      const body = work()
      if (faults.strikes('stored-error-after', subject, endpoint)) throw storedServerError()
      return { status: 200, body }
    })
  }

  function notify(request: SandboxRequest, transfer: Transfer, event: Pick<StripeEvent, 'type' | 'previous'>): void {
    const key = request.headers['idempotency-key']
    webhooks.emit({
      ...event,
      object: transferAsJson(transfer),
      subject: subjectOf(transfer),
      request: { id: parts.requestId(request), idempotencyKey: key === undefined ? null : String(key) },
    })
  }

  function createTransfer(request: SandboxRequest): Promise<Reply> {
    const asked = readTransferRequest(request)
    const endpoint = 'POST /v1/transfers'
    const subject = asked.transferGroup ?? asked.destination
    return execute(request, { endpoint, subject, account: asked.destination }, () => {
      const transfer = transfers.make(asked, { runsDry: faults.strikes('insufficient-funds', subject, endpoint) })
      notify(request, transfer, { type: 'transfer.created' })
      return withExpanded(transferAsJson(transfer), asked.expand)
    })
  }

  function updateTransfer(request: SandboxRequest): Promise<Reply> {
    const asked = readTransferUpdate(request)
    const transfer = transferOf(request)
    const endpoint = 'POST /v1/transfers/:id'
    return execute(request, { endpoint, subject: subjectOf(transfer), account: transfer.destination }, () => {
      const { metadata, description } = transfer
      transfers.update(transfer, asked)
      notify(request, transfer, { type: 'transfer.updated', previous: { metadata, description } })
      return withExpanded(transferAsJson(transfer), asked.expand)
    })
  }

  function createReversal(request: SandboxRequest): Promise<Reply> {
    const asked = readReversalRequest(request)
    const transfer = transferOf(request)
    const endpoint = 'POST /v1/transfers/:id/reversals'
    return execute(request, { endpoint, subject: subjectOf(transfer), account: transfer.destination }, () => {
      const before = transferAsJson(transfer)
      const reversal = transfers.reverse(transfer, asked)
      const { amount_reversed, reversed, reversals } = before
      notify(request, transfer, { type: 'transfer.reversed', previous: { amount_reversed, reversed, reversals } })
      return withExpanded(reversalAsJson(reversal), asked.expand)
    })
  }

  function transferOf({ params }: SandboxRequest): Transfer {
    const id = params.id ?? ''
    const transfer = transfers.find(id)
    if (!transfer) throw missing('transfer', id, { status: 404, param: 'id' })
    return transfer
  }

  function reversalOf(request: SandboxRequest): Reversal {
    const { reversals } = transferOf(request)
    const id = request.params.reversal ?? ''
    const reversal = reversals.find((one) => one.id === id)
    if (!reversal) throw missing('transfer reversal', id, { status: 404, param: 'id' })
    return reversal
  }

  const getReversal = (request: SandboxRequest): Reply =>
    ok(withExpanded(reversalAsJson(reversalOf(request)), onlyExpand(request, REVERSAL_FIELDS)))

  function updateReversal(request: SandboxRequest): Promise<Reply> {
    const asked = readReversalUpdate(request)
    const [transfer, reversal] = [transferOf(request), reversalOf(request)]
    const endpoint = 'POST /v1/transfers/:id/reversals/:reversal'
    return execute(request, { endpoint, subject: subjectOf(transfer), account: transfer.destination }, () => {
      transfers.updateReversal(reversal, asked.metadata)
      return withExpanded(reversalAsJson(reversal), asked.expand)
    })
  }

  function listTransfers({ query }: SandboxRequest): Reply {
    const given = readParameters(query, [...PAGING, 'created', 'destination', 'transfer_group'])
    const [group, destination] = [given.text('transfer_group'), given.text('destination')]
    return list(given, TRANSFER_FIELDS, transferAsJson, {
      rows: transfers.candidates({ group, destination }),
      what: 'transfer',
      url: '/v1/transfers',
      created: given.created(),
      matches: (transfer) => destination === undefined || transfer.destination === destination,
    })
  }

  function listReversals(request: SandboxRequest): Reply {
    const given = readParameters(request.query, PAGING)
    const { reversals: rows, id } = transferOf(request)
    const url = `/v1/transfers/${id}/reversals`
    return list(given, REVERSAL_FIELDS, reversalAsJson, { rows, what: 'transfer reversal', url })
  }

  function listBalanceTransactions({ query }: SandboxRequest): Reply {
    const given = readParameters(query, [...PAGING, 'created', 'currency', 'source', 'type'])
    const [currency, source, type] = [given.text('currency'), given.text('source'), given.text('type')]
    const expand = given.expand(['source'], 'data.')
    const { rows, hasMore } = history().page(given, {
      what: 'balance transaction',
      created: given.created(),
      matches: (row) =>
        (currency === undefined || row.currency === currency) &&
        (source === undefined || row.source === source) &&
        (type === undefined || row.type === type),
    })
    const data = rows.map((row) => withExpanded(transactionAsJson(row), expand))
    return ok(listAsJson('/v1/balance_transactions', data, hasMore))
  }

  function list<Row extends Listed>(
    given: Parameters,
    fields: readonly string[],
    asJson: (row: Row) => object,
    from: ListOf<Row>,
  ): Reply {
    const expand = given.expand(fields, 'data.')
    const { rows, hasMore } = pageOf(from, given)
    return ok(
      listAsJson(
        from.url,
        rows.map((row) => withExpanded(asJson(row), expand)),
        hasMore,
      ),
    )
  }

  /** Puts objects in the place of their ids; an id of something that the sandbox does not have stays one. */
  function withExpanded(object: object, fields: readonly string[]): object {
    if (fields.length === 0) return object
    const result: Record<string, unknown> = { ...object }
    for (const field of fields) result[field] = objectOf(String(result[field])) ?? result[field]
    return result
  }

  function objectOf(id: string): object | undefined {
    if (id.startsWith('acct_')) return accounts.find(id)
    if (id.startsWith('txn_')) return balanceTransaction(id)
    const reversal = id.startsWith('trr_') ? transfers.findReversal(id) : undefined
    if (reversal) return reversalAsJson(reversal)
    const transfer = transfers.find(id)
    return transfer ? transferAsJson(transfer) : paymentObjectOf(payments, id)
  }

  function balanceTransaction(id: string): object | undefined {
    const row = history().find(id)
    return row && transactionAsJson(row)
  }

  function getAccount(request: SandboxRequest): Reply {
    onlyExpand(request, [])
    const account = accounts.find(request.params.id ?? '')
    if (!account) throw accountNotOurs(request.params.id ?? '')
    return ok(account)
  }

  function getBalanceTransaction(request: SandboxRequest): Reply {
    const id = request.params.id ?? ''
    const found = balanceTransaction(id)
    if (!found) throw missing('balance transaction', id, { status: 404, param: 'id' })
    return ok(withExpanded(found, onlyExpand(request, ['source'])))
  }

  const subjectOfId = ({ params }: SandboxRequest): string => {
    const transfer = transfers.find(params.id ?? '')
    return transfer ? subjectOf(transfer) : (params.id ?? '')
  }
  const ofSource = ({ query }: SandboxRequest): string => {
    const source = query.get('source') ?? ''
    const transfer = transfers.find(transfers.findReversal(source)?.transfer ?? source)
    return transfer ? subjectOf(transfer) : 'balance_transactions'
  }
  const ofForm = (request: SandboxRequest): string =>
    request.form().get('transfer_group') || (request.form().get('destination') ?? '')
  const ofQuery = ({ query }: SandboxRequest): string =>
    query.get('transfer_group') || query.get('destination') || 'transfers'

  return [
    route({ method: 'POST', path: '/v1/transfers', subject: ofForm, handle: createTransfer }),
    route({ method: 'GET', path: '/v1/transfers', subject: ofQuery, handle: listTransfers }),
    route({
      method: 'GET',
      path: '/v1/transfers/:id',
      subject: subjectOfId,
      handle: (request) => ok(withExpanded(transferAsJson(transferOf(request)), onlyExpand(request, TRANSFER_FIELDS))),
    }),
    route({ method: 'POST', path: '/v1/transfers/:id', subject: subjectOfId, handle: updateTransfer }),
    route({ method: 'POST', path: '/v1/transfers/:id/reversals', subject: subjectOfId, handle: createReversal }),
    route({ method: 'GET', path: '/v1/transfers/:id/reversals', subject: subjectOfId, handle: listReversals }),
    route({ method: 'GET', path: '/v1/transfers/:id/reversals/:reversal', subject: subjectOfId, handle: getReversal }),
    route({
      method: 'POST',
      path: '/v1/transfers/:id/reversals/:reversal',
      subject: subjectOfId,
      handle: updateReversal,
    }),
    route({ method: 'GET', path: '/v1/accounts/:id', subject: ({ params }) => params.id ?? '', handle: getAccount }),
    route({ method: 'GET', path: '/v1/balance', subject: () => 'balance', handle: () => ok(balance.asJson()) }),
    route({
      method: 'GET',
      path: '/v1/balance_transactions',
      subject: ofSource,
      handle: listBalanceTransactions,
    }),
    route({ method: 'GET', path: '/v1/balance_transactions/:id', handle: getBalanceTransaction }),
    ...paymentRoutes({ payments, route, expanded: withExpanded }),
  ]
}

const ok = (body: object): Reply => ({ status: 200, body })

/** What faults are counted by: the payable, which is what callers put in the group. */
const subjectOf = ({ transferGroup, destination }: Transfer): string => transferGroup ?? destination

const onlyExpand = ({ query }: SandboxRequest, fields: readonly string[]): readonly string[] =>
  readParameters(query, ['expand']).expand(fields)
