import { expect } from '@jest/globals'
import { allTransientFaults } from '../kit/faults.ts'
import { nextGeneration, readStatus } from './protocol.ts'
import { accepted, had, type RailCase, unknownFor } from './world.ts'

/** What a rail makes of payments that are made, refused, repeated, forgotten and sent back. */
export const moneyCases: readonly RailCase[] = [
  {
    title: 'an ordinary payment is made once, in its exact amount',
    async run({ rail, freshInstruction, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      const course = await follow(instruction)
      expect(course.end.kind).toBe('paid')
      expect(course.outcomes).toEqual([accepted])
      expect(await rail.status(course.reference ?? '')).toEqual({ state: 'paid', paidAt: expect.any(Date) })
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'the same instruction, at once and again later, is one payment with one reference',
    async run({ rail, freshInstruction, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      await Promise.all([rail.pay(instruction), rail.pay(instruction), rail.pay(instruction)])
      const first = await follow(instruction)
      const second = await follow(instruction)
      expect(first.end.kind).toBe('paid')
      expect(second.reference).toBe(first.reference)
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'the same key with another amount is a mismatch for a person to look at, and pays nothing more',
    async run({ bench, rail, freshInstruction, expectPaidOnce }) {
      const instruction = freshInstruction()
      await rail.pay(instruction)
      const { amount, currency } = bench.money
      const changed = { ...instruction, money: { amount: amount + 100n, currency } }
      expect(await rail.pay(changed)).toEqual(unknownFor('mismatch'))
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'what was never sent is not found, and its look-up pays nothing',
    async run({ bench, rail, freshInstruction, expectNothingPaid }) {
      const instruction = freshInstruction()
      let found = await rail.find(instruction)
      // A provider that shows payments late proves nothing before its wait is over.
      if (found !== 'not-found' && found.kind === 'unknown') {
        await bench.pass(found.facts.retryAfterMs ?? 0)
        found = await rail.find(instruction)
      }
      expect(found).toBe('not-found')
      expectNothingPaid(instruction)
    },
  },
  {
    title: 'a payment that the provider does not show yet is unknown, never "not found", and is paid once',
    needs: 'hidden-at-first',
    async run({ bench, rail, freshInstruction, faultOnSubmit, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      had(bench.hideFor, 'hidden-at-first')(60_000)
      faultOnSubmit(instruction, 'lost-response')
      expect(await rail.pay(instruction)).toEqual(unknownFor('no_answer'))
      expect(await rail.find(instruction)).toEqual(expect.objectContaining({ kind: 'unknown' }))
      expect(await rail.pay(instruction)).not.toEqual(expect.objectContaining({ kind: 'declined_for_good' }))
      await bench.pass(60_000)
      expect((await follow(instruction)).end.kind).toBe('paid')
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a payment whose key the provider has forgotten is found, so that nobody needs to send it again',
    async run({ bench, rail, freshInstruction, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      const { reference } = await follow(instruction)
      bench.forgetKeys()
      expect(await rail.find(instruction)).toEqual(expect.objectContaining({ kind: 'accepted', reference }))
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a payee that is refused ends as failed, for a reason, and nothing is paid',
    async run({ freshInstruction, follow, expectNothingPaid }) {
      for (const kind of ['refused', 'unknown'] as const) {
        const instruction = freshInstruction(kind)
        const { end } = await follow(instruction)
        expect(end).toEqual({ kind: 'failed', reason: expect.stringMatching(/\S/) })
        expectNothingPaid(instruction)
      }
    },
  },
  {
    title: 'no money to pay from is a refusal that may change; when there is money again, one payment is made',
    async run({ bench, rail, freshInstruction, follow, expectNothingPaid, expectPaidOnce }) {
      const instruction = freshInstruction()
      bench.setFunds('none')
      const outcome = await rail.pay(instruction)
      bench.settle(instruction)
      expectNothingPaid(instruction)
      if (outcome.kind === 'accepted') {
        const rejected = { state: 'rejected', category: 'funding' }
        expect(await rail.status(outcome.reference)).toEqual(expect.objectContaining(rejected))
      } else {
        const refused = { kind: 'declined_may_change', reason: 'funds', keyIsSpent: rail.contract.replaysRefusals }
        expect(outcome).toEqual(expect.objectContaining(refused))
      }
      bench.setFunds('enough')
      // A stored refusal is replayed although there is money; elsewhere the key is as good as new.
      if (rail.contract.replaysRefusals) {
        expect(await rail.pay(instruction)).toEqual({ ...outcome, facts: expect.anything() }) // each request has its own id
      }
      const course = await follow(instruction)
      expect(course.end.kind).toBe('paid')
      const generations = outcome.kind === 'accepted' || rail.contract.replaysRefusals ? 2 : 1
      expect(course.instruction.generation).toBe(generations)
      expectPaidOnce(instruction)
    },
  },
  ...(['unfunded-once', 'busy-once'] as const).map(
    (kind): RailCase => ({
      title: `a payment that is accepted, then rejected (${kind}), is paid once, by the next generation`,
      needs: kind,
      async run({ rail, freshInstruction, follow, expectPaidOnce }) {
        const instruction = freshInstruction(kind)
        const course = await follow(instruction)
        expect(course.end.kind).toBe('paid')
        expect(course.instruction.generation).toBe(2)
        // Whoever asks for the first generation again is told of its own end, or of the payment that followed it.
        const first = await rail.find(instruction)
        expect(first).toEqual(accepted)
        expectPaidOnce(instruction)
      },
    }),
  ),
  {
    title: 'a next generation beside a payment that is made or on its way pays nothing more',
    needs: 'one-per-payable',
    async run({ bench, rail, freshInstruction, expectPaidOnce }) {
      const instruction = freshInstruction()
      await rail.pay(instruction)
      expect(await rail.pay(nextGeneration(instruction))).toEqual(accepted)
      bench.settle(instruction)
      expect(await rail.pay(nextGeneration(instruction))).toEqual(accepted)
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a paid payment that the bank sends back is seen as reversed, and asking again pays nothing more',
    needs: 'reversible',
    async run({ bench, rail, freshInstruction, follow }) {
      const instruction = freshInstruction()
      const { reference = '' } = await follow(instruction)
      expect(rail.contract.reversible).toBe(true)
      had(bench.reverse, 'reversible')(instruction)
      const reversed = expect.objectContaining({ state: 'reversed', reason: expect.stringMatching(/\S/) })
      expect(await rail.status(reference)).toEqual(reversed)
      expect((await follow(instruction)).end.kind).toBe('reversed')
      expect(bench.booksOf(instruction)).toEqual([expect.objectContaining({ returned: true })])
    },
  },
  {
    title: 'callbacks that repeat, and that come after the one that followed, are proven and change nothing',
    needs: 'callbacks',
    async run({ bench, rail, freshInstruction, follow, expectPaidOnce }) {
      const callbacks = had(bench.callbacks, 'callbacks')
      const instruction = freshInstruction()
      const subject = bench.subjectOf(instruction)
      bench.faults.set({ rates: {}, lateMs: 30 })
      bench.faults.script({ kind: 'late-callback', subject })
      bench.faults.script({ kind: 'duplicate-callback', subject, times: 2 })
      const { reference } = await follow(instruction)
      callbacks.repeat(instruction)
      await callbacks.idle()

      const told = callbacks.verified().filter((one) => one === reference)
      expect(told.length).toBeGreaterThanOrEqual(3)
      expect(callbacks.refused()).toBe(0)
      // A callback is only a reason to look: what counts is the status as it stands.
      for (const one of told) expect((await readStatus(rail, one)).state).toBe('paid')
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'with every transient fault at once, each of many payments is made exactly once',
    async run({ bench, rail, freshInstruction, follow, expectPaidOnce }) {
      const seed = Date.now() % 1_000_000
      bench.faults.set({ ...allTransientFaults(0.25, seed), latencyMs: [0, 10], lateMs: 5, retryAfterSeconds: 0 })
      const instructions = Array.from({ length: 30 }, () => freshInstruction())
      const ends = await Promise.all(instructions.map(async (one) => (await follow(one, rail)).end))
      bench.faults.set({ rates: {} })
      // The seed stands in the comparison, so that a failure shows it.
      expect({ seed, ends: ends.filter(({ kind }) => kind !== 'paid') }).toEqual({ seed, ends: [] })
      for (const instruction of instructions) expectPaidOnce(instruction)
    },
  },
]
