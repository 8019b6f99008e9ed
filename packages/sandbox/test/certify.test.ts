import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { RailHarness } from '../src/certify/bench.ts'
import { casesFor, certifyRail, runCase } from '../src/certify/certify.ts'
import { fpayHarness } from '../src/certify/fpay-harness.ts'
import type { ReceivedCallback } from '../src/certify/receiver.ts'
import { type BankFlaw, forgetfulBank } from './forgetful-bank.ts'
import { type Flaw, handMadeRail } from './hand-made-rail.ts'

function verifyCallback({ rawBody, headers }: ReceivedCallback, { secret }: { secret: string }): string | undefined {
  const [, seconds, given] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['x-fpay-signature'])) ?? []
  const expected = createHmac('sha256', secret).update(`${seconds}.${rawBody}`).digest('hex')
  return given === expected ? JSON.parse(String(rawBody)).data.payoutId : undefined
}

const harnessWith = (flaw?: Flaw) => fpayHarness({ makeRail: (parts) => handMadeRail(parts, flaw), verifyCallback })

// An honest rail passes every case, so that a failure below is the flaw's.
certifyRail('an honest rail', harnessWith())
certifyRail('an honest rail to a bank that forgets keys, replays refusals and pays at once', forgetfulBank())

const atFPay: [Flaw, RegExp][] = [
  ['takes a server error for a refusal', /server error after the work/],
  ['takes silence for a refusal', /reply lost after the work/],
  ['takes any 200 for accepted', /garbage instead of an answer/],
  ['takes wrong credentials for a refusal', /credentials that the provider does not know/],
  ['takes a rate limit for a refusal', /storm of 429/],
  ['takes an unreadable look-up for nothing there', /look-up that fails/],
  ['takes an unreadable status for pending', /status that cannot be read/],
  ['makes a key of its own for each call', /work is under way/],
  ['sends another amount than asked', /in its exact amount/],
  ['does not compare what is there with what was asked', /same key with another amount/],
  ['never sees that money came back', /sends back/],
]
const atForgetfulBank: [BankFlaw, RegExp][] = [
  ['makes a key of its own for each call', /reply lost after the work is unknown/],
  ['keeps the key of a stored refusal', /no money to pay from/],
]
const flawed: [string, RegExp, RailHarness][] = [
  ...atFPay.map(([flaw, title]): [string, RegExp, RailHarness] => [flaw, title, harnessWith(flaw)]),
  ...atForgetfulBank.map(([flaw, title]): [string, RegExp, RailHarness] => [flaw, title, forgetfulBank(flaw)]),
]

describe('the suite finds out', () => {
  test.each(flawed)('a rail that %s', async (_, title, harness) => {
    const bench = await harness.start()
    const telling = casesFor(harness).filter((one) => title.test(one.title))
    expect(telling).toHaveLength(1)
    try {
      for (const one of telling) await expect(runCase(one, bench)).rejects.toThrow()
    } finally {
      await bench.stop()
    }
  })
})

test('cases about what a rail does not have are left out', () => {
  const all = casesFor({ features: ['reversible', 'callbacks'] }).map(({ title }) => title)
  const fewer = casesFor({ features: [] }).map(({ title }) => title)
  expect(all.filter((title) => !fewer.includes(title))).toHaveLength(2)
})
