import { parseMajor } from '@remesa/domain/money'
import { createFaults, type FaultPlan } from '../kit/faults.ts'
import type { ErrorShapes, Reply, Route } from '../kit/http.ts'
import { commonControls, type SandboxProvider } from '../kit/provider.ts'
import { startServer } from '../kit/server.ts'
import { createAuthentication, TOKEN_PATH } from './authentication.ts'
import { readBooks } from './books.ts'
import { type DocumentKey, type NetSuiteKnobs, netSuiteControls } from './controls.ts'
import { type NetSuiteCredentials, newNetSuiteCredentials } from './credentials.ts'
import { currencyIdOf, customerIdOf, subsidiaryIdOf, vendorIdOf } from './ids.ts'
import { recordRoutes } from './record-routes.ts'
import { RecordStore } from './record-store.ts'
import { errorReply } from './refusal.ts'
import type { Ledger } from './rules.ts'
import { deleteRecord } from './save-record.ts'
import { seedCountries, seedCurrency, seedDocuments, withDate, withField, withTotal } from './seed.ts'
import { suiteQlRoute } from './suiteql-route.ts'
import { type Transaction, TransactionBook } from './transactions.ts'

export interface NetSuiteOptions {
  readonly port?: number
  readonly host?: string
  /** Default: new ones. */
  readonly credentials?: NetSuiteCredentials
  /** Decides expiry of tokens and the times of records. Default: the machine's clock. */
  readonly now?: () => Date
  /** Default 3600. */
  readonly tokenLifetimeSeconds?: number
  /** Requests the account works on at once; above it they are turned away (facts: netsuite §5). Default 15. */
  readonly maxConcurrent?: number
  /** How they are turned away; both are seen in the wild (facts: netsuite §4). Default `429`. */
  readonly overloadAnswer?: '429' | '400'
  /** Time that every request takes, milliseconds. The real one takes 300 to 4,000. Default 0. */
  readonly latencyMs?: number
  /** The company's, in which SuiteQL tells and compares when a record was changed (facts: netsuite §6). Default `America/Santiago`. */
  readonly timeZone?: string
  readonly faults?: FaultPlan
}

export interface NetSuiteSandbox extends SandboxProvider, NetSuiteKnobs {
  readonly credentials: NetSuiteCredentials
}

/** NetSuite's REST web services as a local server: records, SuiteQL, both ways to log in (facts: netsuite). */
export async function startNetSuite(options: NetSuiteOptions = {}): Promise<NetSuiteSandbox> {
  const now = options.now ?? (() => new Date())
  const credentials = options.credentials ?? newNetSuiteCredentials()
  const faults = createFaults(options.faults)
  const closedPeriods = new Set<string>()
  const timeZone = options.timeZone ?? 'America/Santiago'
  const ledger: Ledger = { store: new RecordStore(), book: new TransactionBook(), closedPeriods, timeZone }
  const limits = {
    maxConcurrent: options.maxConcurrent ?? 15,
    overloadAnswer: options.overloadAnswer ?? '429',
    latencyMs: options.latencyMs ?? 0,
  }
  const url = () => server.url
  const tokenLifetimeSeconds = options.tokenLifetimeSeconds ?? 3600
  const authentication = createAuthentication({ credentials, tokenLifetimeSeconds, now, url })
  const authenticate = authentication.check
  const routes: Route[] = [
    { method: 'POST', path: TOKEN_PATH, subject: () => 'token', handle: authentication.issueToken },
    suiteQlRoute({ ledger, authenticate, url }),
    ...recordRoutes({ ledger, authenticate, now, url }),
  ]
  const server = await startServer({
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.host === undefined ? {} : { host: options.host }),
    routes,
    faults,
    errors: { ...errors, tooManyAtOnce: () => overloaded(limits.overloadAnswer) },
    // Read at every request, so that they can be changed while it runs.
    get maxConcurrent() {
      return limits.maxConcurrent
    },
    get latencyMs() {
      return limits.latencyMs
    },
  })

  function documentsOf(key: DocumentKey): readonly Transaction[] {
    const matches = [...ledger.book.all()].filter(({ tranId, entity }) => tranId === key.tranId && isOf(key, entity))
    if (matches.length === 0) throw new Error(`${key.gscSellerId} has no document ${key.tranId}`)
    return matches
  }

  function change(key: DocumentKey, changed: (transaction: Transaction) => Transaction): void {
    for (const transaction of documentsOf(key)) {
      const edited = { ...changed(transaction), modifiedAt: now() }
      ledger.store.save({ ...edited.record, modifiedAt: edited.modifiedAt })
      ledger.book.save(edited)
    }
  }

  const provider: Omit<NetSuiteSandbox, 'controls'> = {
    url: server.url,
    calls: server.calls,
    faults,
    setFaults: (plan) => faults.set(plan),
    credentials,
    mostAtOnce: server.mostAtOnce,
    loadCountries: (countries) => seedCountries(ledger, countries, now()),
    loadCurrencies: (codes) => {
      for (const code of codes) seedCurrency(ledger, code, now())
    },
    loadDocuments: (documents) => seedDocuments(ledger, documents, now()),
    ids: () => {
      const countries = ledger.store.all('subsidiary').map(({ fields }) => String(fields.country).toLowerCase())
      const codes = ledger.store.all('currency').map(({ fields }) => String(fields.symbol))
      return {
        subsidiaries: Object.fromEntries(countries.map((country) => [country, subsidiaryIdOf(country)])),
        currencies: Object.fromEntries(codes.map((code) => [code, currencyIdOf(code)])),
      }
    },
    books: () => readBooks(ledger),
    voidDocument: (key) => change(key, (transaction) => ({ ...transaction, voided: true })),
    deleteDocument(key) {
      for (const { record } of documentsOf(key)) deleteRecord(ledger, record, now())
    },
    holdDocument: (key) => change(key, (held) => withField(held, 'paymentHold', true)),
    releaseDocument: (key) => change(key, (held) => withField(held, 'paymentHold', false)),
    sendBackForApproval: (key) => change(key, (pending) => withField(pending, 'approvalStatus', { id: '1' })),
    approveDocument: (key) => change(key, (pending) => withField(pending, 'approvalStatus', { id: '2' })),
    moveDocument: (key, date) => change(key, (transaction) => withDate(transaction, date)),
    editAmount: (key, amount) =>
      change(key, (transaction) => {
        return withTotal(transaction, parseMajor(amount, transaction.currency))
      }),
    closePeriod: (period) => void closedPeriods.add(period),
    openPeriod: (period) => void closedPeriods.delete(period),
    expireTokens: authentication.expireTokens,
    setMaxConcurrent(maxConcurrent, overloadAnswer = limits.overloadAnswer) {
      Object.assign(limits, { maxConcurrent, overloadAnswer })
    },
    setLatency: (latencyMs) => void Object.assign(limits, { latencyMs }),
    stop: server.stop,
  }
  return { ...provider, controls: { ...commonControls(provider), ...netSuiteControls(provider) } }
}

const isOf = ({ gscSellerId }: DocumentKey, entity: string): boolean =>
  entity === vendorIdOf(gscSellerId) || entity === customerIdOf(gscSellerId)

function overloaded(answer: '429' | '400'): Reply {
  const detail = 'Concurrent request limit exceeded. Request blocked.'
  return errorReply(Number(answer), [{ detail, 'o:errorCode': 'CONCURRENCY_LIMIT_EXCEEDED' }])
}

const errors: ErrorShapes = {
  badRequest: (message) => errorReply(400, [{ detail: message, 'o:errorCode': 'INVALID_CONTENT' }]),
  notFound: (path) => errorReply(404, [{ detail: `Nothing at ${path}.`, 'o:errorCode': 'NONEXISTENT_ID' }]),
  serverError: (status) =>
    errorReply(status, [{ detail: 'An unexpected error occurred.', 'o:errorCode': 'UNEXPECTED_ERROR' }]),
  // No Retry-After: NetSuite sends none.
  rateLimited: () => errorReply(429, [{ detail: 'Request limit exceeded.', 'o:errorCode': 'REQUEST_LIMIT_EXCEEDED' }]),
}
