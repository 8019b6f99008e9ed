import { type FPayOptions, type FPaySandbox, startFPay } from './fpay/fpay.ts'
import type { GscBooks } from './gsc/controls.ts'
import { type GscOptions, type GscSandbox, startGsc } from './gsc/gsc.ts'
import { type BankBooksJson, booksAsJson } from './kit/books.ts'
import type { FaultPlan } from './kit/faults.ts'
import type { SandboxProvider } from './kit/provider.ts'
import type { Marketplace } from './marketplace.ts'
import type { NetSuiteBooks } from './netsuite/books.ts'
import { type NetSuiteOptions, type NetSuiteSandbox, startNetSuite } from './netsuite/netsuite.ts'
import { type OidcOptions, type OidcSandbox, startOidc } from './oidc/oidc.ts'
import { type PagerDutyOptions, type PagerDutySandbox, startPagerDuty } from './pagerduty/pagerduty.ts'
import { type PayoneerOptions, type PayoneerSandbox, startPayoneer } from './payoneer/payoneer.ts'
import { type SlackOptions, type SlackSandbox, startSlack } from './slack/slack.ts'
import {
  type StripeBooksJson,
  type StripeOptions,
  type StripeSandbox,
  startStripe,
  stripeBooksAsJson,
} from './stripe/stripe.ts'

export const PROVIDERS = ['netsuite', 'gsc', 'fpay', 'payoneer', 'stripe', 'slack', 'pagerduty', 'oidc'] as const
export type ProviderName = (typeof PROVIDERS)[number]

export interface SandboxOptions {
  readonly netsuite?: NetSuiteOptions
  readonly gsc?: GscOptions
  readonly fpay?: FPayOptions
  readonly payoneer?: PayoneerOptions
  readonly stripe?: StripeOptions
  readonly slack?: SlackOptions
  readonly pagerduty?: PagerDutyOptions
  readonly oidc?: OidcOptions
}

/** What services are pointed at. */
export interface SandboxUrls {
  readonly netsuite: string
  readonly gsc: string
  readonly gscToken: string
  readonly fpay: string
  readonly payoneer: string
  /** Payoneer's API base, `…/v4`. */
  readonly payoneerApi: string
  readonly payoneerToken: string
  /** Stripe's host and port, without `/v1`, which the SDK adds. */
  readonly stripe: string
  readonly slackWebhook: string
  /** PagerDuty's Events API, without `/v2`. */
  readonly pagerduty: string
  /** The keys of whoever signs operators' tokens. */
  readonly oidcJwks: string
}

/** What services log in with, and what the callbacks they receive are signed with. */
export interface SandboxCredentials {
  readonly netsuite: NetSuiteSandbox['credentials']
  readonly gsc: GscSandbox['credentials']
  readonly fpay: FPaySandbox['credentials']
  readonly payoneer: PayoneerSandbox['credentials']
  readonly stripe: StripeSandbox['credentials']
  readonly pagerduty: PagerDutySandbox['credentials']
  /** What operators' tokens say of who made them, and for whom. */
  readonly oidc: OidcSandbox['credentials']
}

/** What the other sides hold in the end. Amounts are decimal strings of major units. */
export interface SandboxBooks {
  readonly netsuite: NetSuiteBooks
  readonly gsc: GscBooks
  readonly fpay: BankBooksJson
  readonly payoneer: BankBooksJson
  readonly stripe: StripeBooksJson
  /** Messages that Slack's channel shows. */
  readonly slackMessages: number
  /** Alerts that PagerDuty made of our events, the resolved ones included. */
  readonly pagerdutyIncidents: number
}

/** Requests received per route and in `total`. */
export type SandboxCalls = Readonly<Record<ProviderName, Record<string, number>>>

export interface Sandbox {
  readonly netsuite: NetSuiteSandbox
  readonly gsc: GscSandbox
  readonly fpay: FPaySandbox
  readonly payoneer: PayoneerSandbox
  readonly stripe: StripeSandbox
  readonly slack: SlackSandbox
  readonly pagerduty: PagerDutySandbox
  readonly oidc: OidcSandbox
  readonly urls: SandboxUrls
  credentials(): SandboxCredentials
  calls(): SandboxCalls
  /** One plan for every provider. @throws ZodError for a plan that makes no sense */
  setFaults(plan: FaultPlan): void
  /**
   * Adds a marketplace to what is there: subsidiaries and documents to NetSuite, sellers and closings to GSC. No
   * provider knows of contests' settlements and winners. Loaded again, it changes nothing.
   */
  loadMarketplace(marketplace: Marketplace): void
  publishSellerEvents(options?: { openAccounts?: boolean }): Promise<{ created: number; updated: number }>
  publishClosings(options?: { again?: boolean }): Promise<{ published: number }>
  books(): SandboxBooks
  /** Turns a provider's knob by name. @throws Error for one that it does not have, ZodError for bad input */
  control(provider: ProviderName, name: string, input?: unknown): Promise<unknown>
  stop(): Promise<void>
}

/**
 * Starts every provider in this process, each on a free port unless its options name one.
 * @throws Error when a port cannot be had; nothing is left running then
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const starting = [
    startNetSuite(options.netsuite),
    startGsc(options.gsc),
    startFPay(options.fpay),
    startPayoneer(options.payoneer),
    startStripe(options.stripe),
    startSlack(options.slack),
    startPagerDuty(options.pagerduty),
    startOidc(options.oidc),
  ] as const
  const [netsuite, gsc, fpay, payoneer, stripe, slack, pagerduty, oidc] = await Promise.all(starting).catch(
    async (error: unknown) => {
      const settled = await Promise.allSettled<SandboxProvider>(starting)
      await Promise.all(settled.map((result) => result.status === 'fulfilled' && result.value.stop()))
      throw error
    },
  )
  const providers: Readonly<Record<ProviderName, SandboxProvider>> = {
    netsuite,
    gsc,
    fpay,
    payoneer,
    stripe,
    slack,
    pagerduty,
    oidc,
  }

  return {
    netsuite,
    gsc,
    fpay,
    payoneer,
    stripe,
    slack,
    pagerduty,
    oidc,
    urls: {
      netsuite: netsuite.url,
      gsc: gsc.url,
      gscToken: gsc.tokenUrl,
      fpay: fpay.url,
      payoneer: payoneer.url,
      payoneerApi: payoneer.apiUrl,
      payoneerToken: payoneer.tokenUrl,
      stripe: stripe.url,
      slackWebhook: slack.webhookUrl,
      pagerduty: pagerduty.url,
      oidcJwks: oidc.jwksUrl,
    },
    credentials: () => ({
      netsuite: netsuite.credentials,
      gsc: gsc.credentials,
      fpay: fpay.credentials,
      payoneer: payoneer.credentials,
      stripe: stripe.credentials,
      pagerduty: pagerduty.credentials,
      oidc: oidc.credentials,
    }),
    calls: () => ({
      netsuite: netsuite.calls(),
      gsc: gsc.calls(),
      fpay: fpay.calls(),
      payoneer: payoneer.calls(),
      stripe: stripe.calls(),
      slack: slack.calls(),
      pagerduty: pagerduty.calls(),
      oidc: oidc.calls(),
    }),
    setFaults(plan) {
      for (const name of PROVIDERS) providers[name].setFaults(plan)
    },
    loadMarketplace({ countries, sellers, documents, closings }) {
      netsuite.loadCountries(countries)
      netsuite.loadCurrencies(new Set(sellers.flatMap((seller) => seller.countries.map(({ currency }) => currency))))
      netsuite.loadDocuments(documents)
      gsc.loadSellers(sellers)
      gsc.loadClosings(closings)
    },
    publishSellerEvents: gsc.publishSellerEvents,
    publishClosings: gsc.publishClosings,
    books: () => ({
      netsuite: netsuite.books(),
      gsc: gsc.books(),
      fpay: booksAsJson(fpay.books),
      payoneer: booksAsJson(payoneer.books),
      stripe: stripeBooksAsJson(stripe),
      slackMessages: slack.messages().length,
      pagerdutyIncidents: pagerduty.incidents().length,
    }),
    async control(provider, name, input = {}) {
      const { controls } = providers[provider]
      const turn = Object.hasOwn(controls, name) ? controls[name] : undefined
      if (turn === undefined) {
        throw new Error(`${provider} has no control ${name}; it has ${Object.keys(controls).join(', ')}`)
      }
      return (await turn(input)) ?? {}
    },
    async stop() {
      await Promise.all(PROVIDERS.map((name) => providers[name].stop()))
    },
  }
}
