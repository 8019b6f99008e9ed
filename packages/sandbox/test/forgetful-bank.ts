import { currency } from '@remesa/domain/currency'
import type { PaymentInstruction, PaymentOutcome, Rail } from '@remesa/domain/rail'
import type { ClosableRail, RailBench, RailChoices, RailHarness } from '../src/certify/bench.ts'
import { NOBODY } from '../src/certify/bench.ts'
import { createBankBooks } from '../src/kit/books.ts'
import { createFaults } from '../src/kit/faults.ts'
import { type ErrorShapes, Refusal, type Reply, type SandboxRequest } from '../src/kit/http.ts'
import { startServer } from '../src/kit/server.ts'

/**
 * The most dangerous kind of provider, as card processors are: nothing but the key keeps it from paying twice, the key
 * is forgotten one day, refusals are stored and replayed under it, and money moves at once.
 */
export function forgetfulBank(flaw?: BankFlaw): RailHarness {
  return { features: [], start: () => startBench(flaw) }
}
export type BankFlaw = 'makes a key of its own for each call' | 'keeps the key of a stored refusal'

interface Transfer {
  readonly id: string
  readonly amount: string
  readonly destination: string
  readonly group: string
}

const USD = currency('USD')
const fail = (status: number, code: string): Refusal => new Refusal({ status, body: { error: { code } } })
const errors: ErrorShapes = {
  badRequest: () => fail(400, 'parameter_invalid').reply,
  notFound: () => fail(404, 'resource_missing').reply,
  serverError: (status) => fail(status, 'api_error').reply,
  rateLimited: (seconds) => ({ ...fail(429, 'rate_limit').reply, headers: { 'retry-after': String(seconds) } }),
}

async function startBench(flaw: BankFlaw | undefined): Promise<RailBench> {
  const books = createBankBooks()
  const faults = createFaults()
  const transfers: Transfer[] = []
  const stored = new Map<string, { body: string; reply: Reply }>()
  let funds: 'none' | 'enough' = 'enough'
  let secret = 'key-1'
  let accounts = 0

  function authenticate({ headers }: SandboxRequest): void {
    if (headers.authorization !== `Bearer ${secret}`) throw fail(401, 'api_key_expired')
  }

  function create(request: SandboxRequest): Reply {
    const key = String(request.headers['idempotency-key'])
    const body = request.rawBody.toString()
    const known = stored.get(key)
    if (known && known.body !== body) throw fail(400, 'idempotency_error')
    const reply = known?.reply ?? transfer(request.form())
    stored.set(key, { body, reply })
    return reply
  }

  function transfer(form: URLSearchParams): Reply {
    const [amount = '', destination = '', group = ''] = ['amount', 'destination', 'group'].map(
      (name) => form.get(name) ?? '',
    )
    if (destination.startsWith('acct_none')) return fail(400, 'resource_missing').reply
    if (destination.startsWith('acct_closed')) return fail(400, 'account_closed').reply
    if (funds === 'none') return fail(400, 'balance_insufficient').reply
    const made = { id: `tr_${transfers.length + 1}`, amount, destination, group }
    transfers.push(made)
    const money = { amount: BigInt(amount), currency: USD }
    books.record({ account: destination, paymentId: made.id, reference: group, money, paidAt: new Date() })
    return { status: 200, body: made }
  }

  const list = ({ query }: SandboxRequest): Reply => ({
    status: 200,
    body: { data: transfers.filter(({ group }) => group === query.get('group')) },
  })
  const get = ({ params }: SandboxRequest): Reply => {
    const found = transfers.find(({ id }) => id === params.id)
    if (!found) throw fail(404, 'resource_missing')
    return { status: 200, body: found }
  }

  const groupOf = ({ params }: SandboxRequest) => transfers.find(({ id }) => id === params.id)?.group ?? ''
  const server = await startServer({
    errors,
    faults,
    routes: [
      {
        method: 'POST',
        path: '/transfers',
        subject: (request) => request.form().get('group') ?? '',
        authenticate,
        handle: create,
      },
      {
        method: 'GET',
        path: '/transfers',
        subject: ({ query }) => query.get('group') ?? '',
        authenticate,
        handle: list,
      },
      { method: 'GET', path: '/transfers/:id', subject: groupOf, authenticate, handle: get },
    ],
  })

  return {
    makeRail: (choices) =>
      railTo(choices.at === 'provider' ? server.url : NOBODY, { choices, secret: () => secret, flaw }),
    freshDestination(kind) {
      accounts += 1
      return `acct_${kind === 'unknown' ? 'none' : kind === 'refused' ? 'closed' : ''}${accounts}`
    },
    money: { amount: 12_50n, currency: USD },
    country: 'US',
    faults,
    subjectOf: ({ payableId }) => payableId,
    routes: { submit: 'POST /transfers', status: 'GET /transfers/:id', find: 'GET /transfers' },
    booksOf: ({ destination }) => books.payments(destination),
    settle: () => undefined, // at once
    setFunds: (next) => {
      funds = next
    },
    expireCredentials: () => {
      secret = `${secret}1`
    },
    forgetKeys: () => stored.clear(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
    stop: server.stop,
  }
}

interface RailParts {
  readonly choices: RailChoices
  readonly secret: () => string
  readonly flaw: BankFlaw | undefined
}

function railTo(url: string, { choices, secret, flaw }: RailParts): ClosableRail {
  async function call(path: string, init: RequestInit = {}): Promise<{ status: number; body: Answer }> {
    try {
      const authorization = `Bearer ${choices.credentials === 'right' ? secret() : 'wrong'}`
      const headers = { ...(init.headers as object), authorization }
      const response = await fetch(url + path, { ...init, headers, signal: AbortSignal.timeout(choices.timeoutMs) })
      const text = await response.text()
      try {
        return { status: response.status, body: JSON.parse(text) }
      } catch {
        return { status: response.status, body: {} }
      }
    } catch {
      return { status: 0, body: {} }
    }
  }

  function outcomeOf({ status, body }: { status: number; body: Answer }, asked: PaymentInstruction): PaymentOutcome {
    const facts = { status }
    const { code } = body.error ?? {}
    if (status === 200) {
      if (!body.id) return { kind: 'unknown', reason: 'garbled', facts }
      if (body.amount !== String(asked.money.amount)) return { kind: 'unknown', reason: 'mismatch', facts }
      return { kind: 'accepted', reference: body.id, status: { state: 'paid', paidAt: new Date() }, facts }
    }
    if (status === 0) return { kind: 'unknown', reason: 'no_answer', facts }
    if (status === 401) return { kind: 'unknown', reason: 'credentials', facts }
    if (status >= 500) return { kind: 'unknown', reason: 'server_error', facts }
    if (status === 429) return { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false, facts }
    if (code === 'idempotency_error') return { kind: 'unknown', reason: 'mismatch', facts }
    if (code === 'balance_insufficient') {
      const keyIsSpent = flaw !== 'keeps the key of a stored refusal'
      return { kind: 'declined_may_change', reason: 'funds', keyIsSpent, facts }
    }
    return { kind: 'declined_for_good', reason: code ?? 'REFUSED', facts }
  }

  return {
    name: 'stripe',
    contract,
    async pay(instruction) {
      const key = flaw === 'makes a key of its own for each call' ? crypto.randomUUID() : instruction.idempotencyKey
      const { money, destination, payableId: group } = instruction
      const body = new URLSearchParams({ amount: String(money.amount), destination, group })
      return outcomeOf(
        await call('/transfers', { method: 'POST', body, headers: { 'idempotency-key': key } }),
        instruction,
      )
    },
    async find(instruction) {
      const answer = await call(`/transfers?group=${instruction.payableId}`)
      const { data } = answer.body
      if (answer.status !== 200 || !data) return outcomeOf(answer, instruction)
      const [made] = data
      return made ? outcomeOf({ status: 200, body: made }, instruction) : 'not-found'
    },
    async status(reference) {
      const { status, body } = await call(`/transfers/${reference}`)
      if (status !== 200 || !body.id) throw new Error(`status ${status}`)
      return { state: 'paid', paidAt: new Date() }
    },
  }
}

type Answer = Partial<Transfer> & { error?: { code?: string }; data?: Transfer[] }

const contract: Rail['contract'] = {
  keyLifetime: Temporal.Duration.from({ hours: 24 }),
  replaysRefusals: true,
  settles: 'at-once',
  reversible: false,
  lookUp: 'by-group',
}
