import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '@remesa/database/connection'
import type { Run } from '@remesa/database/reconciliation-runs'
import {
  analyzeStaging,
  findSlices,
  findUnread,
  planSlices,
  type Slice,
  type StagedCharge,
  type StagedRefund,
  storePage,
} from '@remesa/database/reconciliation-staging'
import type { ReconciliationWindow } from '@remesa/domain/reconciliation'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type { Logger } from '@remesa/service-kit/logger'
import type { StripeReads } from '@remesa/stripe-client/stripe-reads'
import { type LookUpParts, lookUpPayments, lookUpRefunds, stagedOf, stagedRefundsOf } from './look-up.ts'
import { passes, TRIES } from './patience.ts'

export interface ReadParts extends LookUpParts {
  readonly stripe: Pick<StripeReads, 'listCharges' | 'listRefunds' | 'getPayment' | 'getRefunds'>
  readonly now: () => Date
  readonly logger: Pick<Logger, 'warn'>
}

/**
 * Reads what Stripe has in the window of a run into the database, several slices of time at once, each from its last
 * stored page on. A page that cannot be read now is asked for again; when it does not come, the run cannot go on, and
 * every slice keeps what it has.
 * @throws ProviderError for what cannot be read; the signal's reason once it is aborted
 */
export async function readStripe(parts: ReadParts, run: Run, signal: AbortSignal): Promise<void> {
  const { database } = parts
  const { readingId, window } = run
  const listed = [
    ...slicesOf('charges', window, SLICES),
    ...(run.includeRefunds ? slicesOf('refunds', window, SLICES_OF_REFUNDS) : []),
  ]
  await readSlices(parts, run, await planSlices(database, readingId, listed), signal)

  const [payments, refunds] = await planSlices(database, readingId, [
    { kind: 'look_ups', number: 0, ...window },
    ...(run.includeRefunds ? [{ kind: 'look_ups' as const, number: 1, ...window }] : []),
  ])
  if (payments && !payments.done) {
    await analyzeStaging(database) // a planner that takes a million rows for a few looks each of them up
    const around = await findSlices(database, readingId, ['margin'])
    const unread = await findUnread(database, { readingId, window, after: null, limit: LOOKED_UP_ONE_BY_ONE + 1 })
    // A few that are only on record are looked up one by one. Of many, the times around the window are read first: a
    // writer that mistakes the time zone puts hours of payments on the wrong side of its edge. What is begun is ended.
    if (around.length > 0 || unread.length > LOOKED_UP_ONE_BY_ONE) {
      await readSlices(parts, run, await planSlices(database, readingId, aroundOf(window, parts.now())), signal)
    }
    await lookUpPayments(parts, { readingId, window, slice: payments }, signal)
  }
  if (refunds && !refunds.done) await lookUpRefunds(parts, { readingId, window, slice: refunds }, signal)
}

/** More than are read at once, so that a busy hour does not keep the others waiting at the end. */
const SLICES = 48
const SLICES_OF_REFUNDS = 12
const SLICES_OF_MARGIN = 12
const LOOKED_UP_ONE_BY_ONE = 100
/** No two places on earth are further apart. */
const MARGIN_MS = 14 * 3_600_000

type Planned = Pick<Slice, 'kind' | 'number' | 'from' | 'to'>

/** Equal parts of a window, in whole seconds, the last one with what is left; never an empty one. */
export function slicesOf(
  kind: Slice['kind'],
  { from, to }: ReconciliationWindow,
  count: number,
  firstNumber = 0,
): readonly Planned[] {
  const seconds = Math.floor((to.getTime() - from.getTime()) / 1_000)
  const parts = Math.max(1, Math.min(count, seconds))
  const start = (part: number): Date =>
    part === parts ? to : new Date(from.getTime() + Math.floor((seconds * part) / parts) * 1_000)
  return Array.from({ length: parts }, (_, part) => {
    return { kind, number: firstNumber + part, from: start(part), to: start(part + 1) }
  })
}

function aroundOf({ from, to }: ReconciliationWindow, now: Date): readonly Planned[] {
  const before = { from: new Date(from.getTime() - MARGIN_MS), to: from }
  const after = { from: to, to: new Date(Math.min(to.getTime() + MARGIN_MS, Math.max(now.getTime(), to.getTime()))) }
  const isEmpty = after.from.getTime() >= after.to.getTime()
  return [
    ...slicesOf('margin', before, SLICES_OF_MARGIN),
    ...(isEmpty ? [] : slicesOf('margin', after, SLICES_OF_MARGIN, SLICES_OF_MARGIN)),
  ]
}

async function readSlices(
  parts: ReadParts,
  { readingId }: Run,
  slices: readonly Slice[],
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const waiting = slices.filter(({ done }) => !done).values()
  await Promise.all(
    Array.from({ length: parts.slicesAtOnce }, async () => {
      for (const slice of waiting) {
        await readSlice(parts, { readingId, slice }, either).catch((error: unknown) => {
          failed.abort(error)
          throw error
        })
      }
    }),
  )
}

async function readSlice(
  parts: ReadParts,
  { readingId, slice }: { readingId: string; slice: Slice },
  signal: AbortSignal,
): Promise<void> {
  let after = slice.after
  for (let failures = 0; ; ) {
    const reader = { ...parts, readingId, slice: { ...slice, after } }
    const end = await readOn(reader, signal)
    if (end.error === undefined) return
    if (end.after !== after) failures = 0
    after = end.after
    failures += 1
    if (!(end.error instanceof ProviderError) || !passes(end.error) || failures >= TRIES) throw end.error
    const waitMs = Math.max(parts.retryFirstMs * 2 ** (failures - 1), end.error.retryAfterMs ?? 0)
    const { kind, number } = slice
    parts.logger.warn({ err: end.error, slice: { kind, number }, failures, waitMs }, 'a page could not be read')
    await sleep(waitMs, undefined, { signal })
  }
}

/** Pages that are stored together: a statement for each would cost more than the page. */
const PAGES_TOGETHER = 10

/** Reads a slice on from where it stands, and stores whatever came, also of a list that broke off. */
async function readOn(
  { database, stripe, readingId, slice }: ReadParts & { readonly readingId: string; readonly slice: Slice },
  signal: AbortSignal,
): Promise<{ readonly after: string | null; readonly error?: unknown }> {
  const store = storeBehind(database, { readingId, slice })
  const range = { from: slice.from, to: slice.to, ...(slice.after !== null && { startingAfter: slice.after }) }
  try {
    if (slice.kind === 'refunds') {
      for await (const page of stripe.listRefunds(range)) {
        await store.add({ refunds: stagedRefundsOf(page), charges: [], last: page.at(-1)?.refundId })
        signal.throwIfAborted()
      }
    } else {
      for await (const page of stripe.listCharges(range)) {
        const charges = page.flatMap(({ isCounted, ...charge }) => (isCounted ? [stagedOf(charge)] : []))
        await store.add({ charges, refunds: [], last: page.at(-1)?.chargeId })
        signal.throwIfAborted()
      }
    }
  } catch (error) {
    return { after: await store.end({ isLast: false }), error }
  }
  return { after: await store.end({ isLast: true }) }
}

interface ReadPage {
  readonly charges: readonly StagedCharge[]
  readonly refunds: readonly StagedRefund[]
  readonly last: string | undefined
}

/** Stores some pages while the next ones are read: neither Stripe nor the database waits for the other. */
function storeBehind(database: Database, { readingId, slice }: { readingId: string; slice: Slice }) {
  let stored = slice.after
  let read = slice.after
  let pages: ReadPage[] = []
  let storing = Promise.resolve()
  const store = async (isLast: boolean): Promise<void> => {
    const charges = pages.flatMap((page) => page.charges)
    const refunds = pages.flatMap((page) => page.refunds)
    const [from, to] = [stored, read]
    pages = []
    await storePage(database, { readingId, slice, from, to, isLast, charges, refunds })
    stored = to
  }
  return {
    async add(page: ReadPage): Promise<void> {
      pages.push(page)
      read = page.last ?? read
      if (pages.length < PAGES_TOGETHER) return
      await storing
      storing = store(false)
      storing.catch(() => undefined) // told to whoever waits for it next
    },
    /** @returns the last object that is stored */
    async end({ isLast }: { isLast: boolean }): Promise<string | null> {
      await storing
      if (isLast || pages.length > 0) await store(isLast)
      return stored
    },
  }
}
