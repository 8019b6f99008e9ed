import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { PubSub } from '@google-cloud/pubsub'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Emulator, startEmulator } from '@remesa/pubsub-emulator/emulator'
import { connectSandbox, type RemoteSandbox } from '../src/control/client.ts'
import { startControlServer } from '../src/control/server.ts'
import { type Marketplace, marketplace as marketplaceSchema } from '../src/marketplace.ts'
import { vendorIdOf } from '../src/netsuite/ids.ts'
import { startSandbox } from '../src/sandbox.ts'
import { asker, suiteQl } from './netsuite-account.ts'
import { sdkAt } from './stripe-rail.ts'

const marketplace: Marketplace = {
  countries: [{ id: 'cl', name: 'Chile', currency: 'CLP', enabled: true }],
  sellers: [
    {
      gscSellerId: 'SC1',
      legalName: 'Comercial Ejemplo SpA',
      taxId: '90749000-9',
      operationType: 'local',
      type: '3P',
      fpayId: 'FP-1',
      payoneerPayeeId: null,
      countries: [{ country: 'cl', currency: 'CLP', enabled: true }],
    },
  ],
  documents: [1, 2].map(() => ({
    documentType: 'vendorBill' as const,
    tranId: 'B-1',
    gscSellerId: 'SC1',
    country: 'cl',
    date: '2026-11-20',
    currency: 'CLP',
    amount: '600',
  })),
  closings: [
    { settlementId: 'ST1', gscSellerId: 'SC1', country: 'cl', date: '2026-11-20', currency: 'CLP', amount: '1200' },
  ],
}

process.env.METADATA_SERVER_DETECTION = 'none' // there is no cloud around to ask

let emulator: Emulator
let child: ChildProcess
let ready: { control: string; urls: Record<string, string>; credentials: object }
let sandbox: RemoteSandbox
beforeAll(async () => {
  emulator = await startEmulator()
  const pubSub = new PubSub({ projectId: 'remesa', apiEndpoint: emulator.host, emulatorMode: true })
  for (const topic of ['seller-profile', 'seller_closing_topic']) await pubSub.createTopic(topic)
  await pubSub.close()
  child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
    env: { ...process.env, PUBSUB_EMULATOR_HOST: emulator.host },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('the process has no output')
  const [line] = await once(createInterface(child.stdout), 'line')
  ready = JSON.parse(String(line))
  sandbox = await connectSandbox(ready.control)
})
afterAll(async () => {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  await emulator.stop()
})

test('the process says in one line where it is and what to log in with', async () => {
  expect(Object.keys(ready.urls)).toEqual(Object.keys(sandbox.urls))
  expect(ready.credentials).toEqual(sandbox.credentials)
  expect(sandbox.credentials.netsuite.privateKeyPem).toContain('PRIVATE KEY')
  expect(await (await fetch(`${ready.control}/healthz`)).json()).toEqual({ status: 'ok' })
})

test('a marketplace is loaded, told of and read back over HTTP; loaded again, nothing is new', async () => {
  await sandbox.loadMarketplace(marketplace)
  await sandbox.loadMarketplace(marketplace)
  expect(await sandbox.publishSellerEvents()).toEqual({ created: 1, updated: 1 })
  expect(await sandbox.publishClosings()).toEqual({ published: 1 })
  expect(emulator.stats().published).toBe(3)
  expect(await sandbox.books()).toMatchObject({
    netsuite: { vendorPayments: [], vendors: 0 },
    gsc: { notifications: [], sellers: 1, settlements: 1 },
    fpay: { payments: [] },
    stripe: { payments: [], reversals: [] },
  })
})

test('the SDK finds Stripe by its address and key, and its knobs turn over HTTP', async () => {
  const stripe = sdkAt(sandbox.urls.stripe, sandbox.credentials.stripe)
  const pay = () => stripe.transfers.create({ amount: 1_250, currency: 'usd', destination: 'acct_nocap1' })
  await expect(pay()).rejects.toMatchObject({ code: 'insufficient_capabilities_for_transfer' })
  const changes = { capabilities: { transfers: 'active' } }
  expect(await sandbox.control('stripe', 'updateAccount', { id: 'acct_nocap1', changes })).toMatchObject(changes)
  await sandbox.control('stripe', 'setBalance', { amount: '20', currency: 'USD' })
  const { id } = await pay()
  await expect(pay()).rejects.toMatchObject({ code: 'balance_insufficient' })
  await sandbox.control('stripe', 'setRateLimits', { perEndpoint: 1 })
  await stripe.transfers.retrieve(id)
  await expect(stripe.transfers.retrieve(id)).rejects.toMatchObject({ statusCode: 429 })
  expect((await sandbox.books()).stripe).toMatchObject({
    payments: [{ paymentId: id, amount: '12.50' }],
    totals: { USD: '12.50' },
  })
  expect((await sandbox.calls()).stripe).toMatchObject({ total: 5, 'POST /v1/transfers': 3 })
})

test('settlements and winners are part of a marketplace that no provider is told of', () => {
  const settlements = [{ settlementId: 'S1', contestId: 'C1', currency: 'USD', total: '10.00', status: 'completed' }]
  const winners = [{ settlementId: 'S1', userId: 'U1', stripeAccountId: null, amount: '-10' }]
  expect(marketplaceSchema.parse({ ...marketplace, settlements, winners })).toMatchObject({ settlements, winners })
  expect(marketplaceSchema.parse(marketplace)).toMatchObject({ settlements: [], winners: [] })
  const wrong = { ...marketplace, winners: [{ ...winners[0], amount: 'ten' }] }
  expect(() => marketplaceSchema.parse(wrong)).toThrow('a decimal string')
})

test('knobs turn by name, and what a provider does not have or understand is said', async () => {
  await sandbox.control('gsc', 'giveFpayId', { gscSellerId: 'SC1', fpayId: 'FP-2' })
  expect(await sandbox.publishSellerEvents()).toEqual({ created: 0, updated: 1 })
  expect(await sandbox.control('netsuite', 'ids')).toMatchObject({ currencies: { CLP: expect.any(String) } })
  await sandbox.control('netsuite', 'editAmount', { gscSellerId: 'SC1', tranId: 'B-1', amount: '5' })
  await expect(sandbox.control('fpay', 'explode')).rejects.toThrow('fpay has no control explode')
  await expect(sandbox.control('netsuite', 'closePeriod', { period: 'May' })).rejects.toThrow('a month like 2026-11')
  await expect(sandbox.control('gsc', 'giveFpayId', { gscSellerId: 'X', fpayId: 'Y' })).rejects.toThrow('no seller X')
  await expect(sandbox.setFaults({ rates: { latency: 2 } })).rejects.toThrow('latency')
})

test('a marketplace that is not well-formed is refused with the place and what was expected', async () => {
  const [closing] = marketplace.closings
  if (closing === undefined) throw new Error('there is no closing')
  const wrong = { ...marketplace, closings: [{ ...closing, amount: '12.5' }] }
  await expect(sandbox.loadMarketplace(wrong)).rejects.toThrow(/decimals of its currency[\s\S]*closings\[0\]\.amount/)
})

test('faults and calls are one for all providers', async () => {
  await sandbox.setFaults({ rates: { 'error-before': 1 } })
  const headers = { authorization: `Bearer ${sandbox.credentials.gsc.token}` }
  const read = () => fetch(`${sandbox.urls.gsc}/v2/sellers/SC1`, { headers })
  expect((await read()).status).toBeGreaterThanOrEqual(500)
  await sandbox.setFaults({ rates: {} })
  expect((await read()).status).toBe(200)
  expect((await sandbox.calls()).gsc).toEqual({ total: 2, 'GET /v2/sellers/:sellerId': 2 })
})

test('documents that look the same are two, over HTTP as in the process', async () => {
  const local = await startSandbox()
  const control = await startControlServer(local)
  try {
    const remote = await connectSandbox(control.url)
    const many = Array.from({ length: 6_000 }, (_, index) => ({
      documentType: 'invoice' as const,
      tranId: `I-${index}`,
      gscSellerId: `S${index % 3}`,
      country: 'cl',
      date: '2026-11-20',
      currency: 'CLP',
      amount: '1',
    }))
    await remote.loadMarketplace({ ...marketplace, documents: [...marketplace.documents, ...many] })
    const ask = await asker(local.netsuite)
    const q = `SELECT tranid FROM transaction WHERE entity = ${vendorIdOf('SC1')}`
    expect((await suiteQl(ask, q)).totalResults).toBe(2)
    const invoices = await suiteQl(ask, "SELECT id FROM transaction WHERE type = 'CustInvc'")
    expect(invoices.totalResults).toBe(6_000)
  } finally {
    await control.stop()
    await local.stop()
  }
})

test('a port that is taken stops the start, and nothing is left running', async () => {
  const first = await startSandbox()
  const { port } = new URL(first.urls.gsc)
  await expect(startSandbox({ gsc: { port: Number(port) } })).rejects.toThrow('EADDRINUSE')
  await first.stop()
})
