import { afterEach, expect, test } from '@jest/globals'
import { money } from '@remesa/domain/money'
import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import { type Reply, startAnswering } from '@remesa/provider-http/testing/answering'
import { startPayoneer } from '@remesa/sandbox/payoneer'
import { createPayoneerRail } from '../src/payoneer-client.ts'
import { type AskedPayment, createPayoneerReads } from '../src/payoneer-reads.ts'

const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})
const retry = { tries: 4, firstMs: 1, maxMs: 20 }
const NOW = new Date('2026-11-21T02:00:00Z')
const asking = (payableId: string): AskedPayment => ({ key: `seller-balance:${payableId}`, payableId })

async function pagesOf(pages: AsyncIterable<readonly ProviderPayment[]>) {
  const read: (readonly ProviderPayment[])[] = []
  for await (const page of pages) read.push(page)
  return read
}
async function* these(...pages: (readonly AskedPayment[])[]) {
  yield* pages
}

/** Payoneer's sandbox, a rail that pays there, and its books as our client reads them. */
async function aProgram() {
  const payoneer = await startPayoneer({ settleDelayMs: 'by-hand', now: () => NOW })
  const { apiUrl: baseUrl, tokenUrl, credentials } = payoneer
  const connection = { baseUrl, tokenUrl, ...credentials, timeoutMs: 5_000, maxConcurrent: 4, now: () => NOW }
  const rail = createPayoneerRail(connection)
  const reads = createPayoneerReads({ ...connection, retry })
  running.push({ close: () => payoneer.stop() }, rail, reads)
  async function pay(payableId: string, destination = 'PY-0001') {
    const outcome = await rail.pay({
      payableId,
      idempotencyKey: `seller-balance:${payableId}`,
      generation: 1,
      money: money(15_050n, 'USD'),
      destination,
      description: 'Seller balance 2026-11-19 CL',
      payeeId: 'SC1A2B3',
    })
    if (outcome.kind !== 'accepted') throw new Error(`${payableId}: ${outcome.kind}`)
  }
  return { payoneer, reads, pay }
}

test('each payment that Payoneer knows is told as it stands, page by page; what it does not know is left out', async () => {
  const { payoneer, reads, pay } = await aProgram()
  await pay('open')
  await pay('paid')
  payoneer.settle('seller-balance:paid')
  const pages = await pagesOf(reads.lookUpPayments(these([asking('open'), asking('never')], [asking('paid')])))
  const of = (payableId: string) => ({
    reference: `seller-balance:${payableId}`,
    ...asking(payableId),
    money: money(15_050n, 'USD'),
    takenBack: 0n,
    at: NOW,
  })
  expect(pages).toEqual([
    [{ ...of('open'), state: 'pending', changedAt: undefined }],
    [{ ...of('paid'), state: 'paid', changedAt: NOW }],
  ])
})

test('a payment that was cancelled is told as refused', async () => {
  const { payoneer, reads, pay } = await aProgram()
  payoneer.setBalance(100_000n)
  await pay('short')
  payoneer.setBalance(0n)
  payoneer.settleAll()
  const [page] = await pagesOf(reads.lookUpPayments(these([asking('short')])))
  expect(page).toMatchObject([{ state: 'rejected', payableId: 'short' }])
})

test('all are found while Payoneer fails and loses answers', async () => {
  const { payoneer, reads, pay } = await aProgram()
  const ids = Array.from({ length: 40 }, (_, n) => `p${n}`)
  for (const id of ids) await pay(id)
  payoneer.setFaults({ seed: 3, perSubject: 20, rates: { 'error-before': 0.1, 'lost-response': 0.1 } })
  const [page] = await pagesOf(reads.lookUpPayments(these(ids.map(asking))))
  expect(page?.map(({ payableId }) => payableId)).toEqual(ids)
})

test.each<[string, Reply, object]>([
  ['a 403', { status: 403, body: '' }, { kind: 'unavailable', credentials: true }],
  ['a 404 of another kind', { status: 404, body: '<html>' }, { kind: 'refused' }],
  ['a 500 each time', { status: 500 }, { kind: 'unavailable' }],
  ['something else', { status: 200, body: { result: [] } }, { kind: 'garbled' }],
])('a look-up answered with %s ends in one error, never in "not there"', async (_, reply, error) => {
  const server = await startAnswering((request) =>
    request.target === '/token'
      ? { status: 200, body: { access_token: 'token', token_type: 'Bearer', expires_in: 1800 } }
      : reply,
  )
  const connection = { baseUrl: `${server.url}/v4`, tokenUrl: `${server.url}/token`, programId: '1' }
  const credentials = { clientId: 'remesa', clientSecret: 'secret' }
  const reads = createPayoneerReads({ ...connection, ...credentials, timeoutMs: 2_000, maxConcurrent: 2, retry })
  running.push(server, reads)
  const pages = pagesOf(reads.lookUpPayments(these([asking('one'), asking('two')])))
  await expect(pages).rejects.toMatchObject({ provider: 'payoneer', ...error })
})
