import { z } from 'zod'
import type { FaultPlan } from '../kit/faults.ts'
import type { Marketplace, MarketplaceDocument } from '../marketplace.ts'
import type { ProviderName, SandboxBooks, SandboxCalls, SandboxCredentials, SandboxUrls } from '../sandbox.ts'

/** A sandbox in another process. The methods are those of `Sandbox`; each throws when the process refuses or is gone. */
export interface RemoteSandbox {
  readonly urls: SandboxUrls
  readonly credentials: SandboxCredentials
  calls(): Promise<SandboxCalls>
  setFaults(plan: FaultPlan): Promise<void>
  loadMarketplace(marketplace: Marketplace): Promise<void>
  publishSellerEvents(options?: { openAccounts?: boolean }): Promise<{ created: number; updated: number }>
  publishClosings(options?: { again?: boolean }): Promise<{ published: number }>
  books(): Promise<SandboxBooks>
  /** @param name - of the provider's `controls`, e.g. `reverse` of `fpay` with `{ payoutId }` */
  control(provider: ProviderName, name: string, input?: unknown): Promise<unknown>
}

/** Rows of one request: far below what the process takes as a body. */
const ROWS_AT_ONCE = 5_000

/** @param url - of the control process, as its ready line says. @throws Error when nothing answers there */
export async function connectSandbox(url: string): Promise<RemoteSandbox> {
  async function ask<Answer>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const answer: unknown = await response.json()
    if (response.ok) return answer as Answer
    const refused = z.object({ message: z.string() }).safeParse(answer)
    throw new Error(`${method} ${path} of the sandbox: ${refused.data?.message ?? response.status}`)
  }
  const { urls, credentials } = await ask<Pick<RemoteSandbox, 'urls' | 'credentials'>>('GET', '/connection')

  return {
    urls,
    credentials,
    calls: () => ask('GET', '/calls'),
    async setFaults(plan) {
      await ask('PUT', '/faults', plan)
    },
    async loadMarketplace({ countries, sellers, documents, closings }) {
      const none = { countries: [], sellers: [], documents: [], closings: [] }
      await ask('POST', '/marketplace', { ...none, countries })
      for (const part of slices(sellers)) await ask('POST', '/marketplace', { ...none, sellers: part })
      for (const part of slicesBySeller(documents)) await ask('POST', '/marketplace', { ...none, documents: part })
      for (const part of slices(closings)) await ask('POST', '/marketplace', { ...none, closings: part })
    },
    publishSellerEvents: (options = {}) => ask('POST', '/publish-seller-events', options),
    publishClosings: (options = {}) => ask('POST', '/publish-closings', options),
    books: () => ask('GET', '/books'),
    control: (provider, name, input = {}) => ask('POST', `/providers/${provider}/${encodeURIComponent(name)}`, input),
  }
}

function* slices<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) yield rows.slice(at, at + ROWS_AT_ONCE)
}

/** Keeps a seller's documents together: two that look the same are two only within one request. */
function* slicesBySeller(documents: readonly MarketplaceDocument[]): Generator<readonly MarketplaceDocument[]> {
  let slice: MarketplaceDocument[] = []
  for (const ofSeller of Map.groupBy(documents, ({ gscSellerId }) => gscSellerId).values()) {
    if (slice.length > 0 && slice.length + ofSeller.length > ROWS_AT_ONCE) {
      yield slice
      slice = []
    }
    slice.push(...ofSeller)
  }
  if (slice.length > 0) yield slice
}
