import { expect } from '@jest/globals'
import { accepted, had, type RailCase, unknownFor } from './world.ts'

/** What a rail makes of answers that are wrong, late or missing: above all, that it never takes them for a refusal. */
export const answerCases: readonly RailCase[] = [
  {
    title: 'a server error before the work is unknown; the same key again pays once',
    async run({ rail, freshInstruction, faultOnSubmit, expectNothingPaid, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      faultOnSubmit(instruction, 'error-before')
      expect(await rail.pay(instruction)).toEqual(unknownFor('server_error'))
      expectNothingPaid(instruction)
      expect((await follow(instruction)).end.kind).toBe('paid')
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a server error after the work is unknown, and the payment that was made is found again, not repeated',
    async run({ rail, freshInstruction, faultOnSubmit, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      faultOnSubmit(instruction, 'error-after')
      expect(await rail.pay(instruction)).toEqual(unknownFor('server_error'))
      expect((await follow(instruction)).end.kind).toBe('paid')
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a reply lost after the work is unknown, and the same key again pays nothing more',
    async run({ rail, freshInstruction, faultOnSubmit, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      faultOnSubmit(instruction, 'lost-response', 2)
      expect(await rail.pay(instruction)).toEqual(unknownFor('no_answer'))
      expect((await follow(instruction)).end.kind).toBe('paid')
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a payment whose reply was lost is found by what was sent',
    async run({ rail, freshInstruction, faultOnSubmit, expectPaidOnce }) {
      const instruction = freshInstruction()
      faultOnSubmit(instruction, 'lost-response')
      await rail.pay(instruction)
      const found = await rail.find(instruction)
      expect(found).toEqual(accepted)
      expect(await rail.pay(instruction)).toEqual(expect.objectContaining({ reference: referenceOf(found) }))
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'garbage instead of an answer, before the work or after it, is unknown, and is paid once in the end',
    async run({ rail, freshInstruction, faultOnSubmit, follow, expectPaidOnce }) {
      for (const kind of ['garbage-before', 'garbage-after'] as const) {
        for (let times = 0; times < 5; times += 1) {
          const instruction = freshInstruction()
          faultOnSubmit(instruction, kind)
          expect(await rail.pay(instruction)).toEqual(unknownFor('garbled'))
          expect((await follow(instruction)).end.kind).toBe('paid')
          expectPaidOnce(instruction)
        }
      }
    },
  },
  {
    title: 'a storm of 429 is a refusal that may change, keeps the key, and ends in one payment',
    async run({ rail, freshInstruction, faultOnSubmit, follow, expectNothingPaid, expectPaidOnce }) {
      const instruction = freshInstruction()
      faultOnSubmit(instruction, 'rate-limited', 6)
      const refused = { kind: 'declined_may_change', reason: 'rate_limited', keyIsSpent: false }
      expect(await rail.pay(instruction)).toEqual(expect.objectContaining(refused))
      expectNothingPaid(instruction)
      const course = await follow(instruction)
      expect(course.end.kind).toBe('paid')
      expect(course.instruction.idempotencyKey).toBe(instruction.idempotencyKey)
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a request that arrives after its caller gave up and sent another is not paid as well',
    async run({ bench, anotherRail, freshInstruction, faultOnSubmit, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      const hasty = anotherRail({ timeoutMs: 300 })
      bench.faults.set({ rates: {}, latencyMs: [600, 600] })
      // Beforehand, so that connection and token are there and only the payment itself takes time.
      expect(await hasty.pay(freshInstruction())).toEqual(accepted)
      faultOnSubmit(instruction, 'latency')
      expect(await hasty.pay(instruction)).toEqual(unknownFor('no_answer'))
      expect((await follow(instruction)).end.kind).toBe('paid')
      await new Promise((resolve) => setTimeout(resolve, 400)) // the first request arrives only now
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'the same key while its work is under way is unknown, and one payment comes of both calls',
    needs: 'in-progress',
    async run({ bench, rail, freshInstruction, follow, expectPaidOnce }) {
      const instruction = freshInstruction()
      await rail.pay(freshInstruction())
      had(bench.slowWork, 'in-progress')(instruction, 150)
      const first = rail.pay(instruction)
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await rail.pay(instruction)).toEqual(unknownFor('in_progress'))
      expect(await first).toEqual(accepted)
      expect((await follow(instruction)).end.kind).toBe('paid')
      expectPaidOnce(instruction)
    },
  },
  ...(['stored-error-before', 'stored-error-after'] as const).map(
    (kind): RailCase => ({
      title: `a server error that is stored (${kind}) stays unknown under its key, until a look-up shows what was made`,
      needs: 'stored-errors',
      async run({ rail, freshInstruction, faultOnSubmit, follow, expectPaidOnce }) {
        const instruction = freshInstruction()
        faultOnSubmit(instruction, kind)
        expect(await rail.pay(instruction)).toEqual(unknownFor('server_error'))
        expect(await rail.pay(instruction)).toEqual(unknownFor('replayed_error'))
        expect(await rail.find(instruction)).toEqual(kind === 'stored-error-after' ? accepted : 'not-found')
        const course = await follow(instruction)
        expect(course.end.kind).toBe('paid')
        expect(course.instruction.generation).toBe(kind === 'stored-error-after' ? 1 : 2)
        expectPaidOnce(instruction)
      },
    }),
  ),
  {
    title: 'nobody listening is unknown, when paying and when looking up',
    async run({ anotherRail, freshInstruction }) {
      const lonely = anotherRail({ at: 'nobody' })
      const instruction = freshInstruction()
      expect(await lonely.pay(instruction)).toEqual(unknownFor('no_answer'))
      expect(await lonely.find(instruction)).toEqual(unknownFor('no_answer'))
    },
  },
  {
    title: 'credentials that the provider does not know are our fault: unknown, and no payee is refused',
    async run({ anotherRail, freshInstruction, expectNothingPaid }) {
      const stranger = anotherRail({ credentials: 'wrong' })
      const instruction = freshInstruction()
      expect(await stranger.pay(instruction)).toEqual(unknownFor('credentials'))
      expect(await stranger.find(instruction)).toEqual(unknownFor('credentials'))
      expectNothingPaid(instruction)
    },
  },
  {
    title: 'credentials that expire between two payments cost no refusal and no second payment',
    async run({ bench, rail, freshInstruction, expectPaidOnce }) {
      const instruction = freshInstruction()
      expect(await rail.pay(freshInstruction())).toEqual(accepted)
      bench.expireCredentials()
      const outcome = await rail.pay(instruction)
      if (outcome.kind !== 'accepted') expect(outcome).toEqual(unknownFor('credentials'))
      expect(await rail.pay(instruction)).toEqual(accepted)
      expectPaidOnce(instruction)
    },
  },
  {
    title: 'a look-up that fails is unknown, never "not found"',
    async run({ bench, rail, freshInstruction }) {
      const instruction = freshInstruction()
      await rail.pay(instruction)
      const faults = ['error-before', 'garbage-before', 'lost-response', 'rate-limited'] as const
      for (const kind of faults) {
        bench.faults.script({ kind, subject: bench.subjectOf(instruction), route: bench.routes.find })
        const found = await rail.find(instruction)
        expect(found).not.toBe('not-found')
        expect(found).not.toEqual(expect.objectContaining({ kind: 'declined_for_good' }))
      }
      expect(await rail.find(instruction)).toEqual(accepted)
    },
  },
  {
    title: 'a status that cannot be read throws, and does not end the payment',
    async run({ bench, rail, freshInstruction, follow }) {
      const instruction = freshInstruction()
      const { reference = '' } = await follow(instruction)
      const place = { subject: bench.subjectOf(instruction), route: bench.routes.status }
      for (const kind of ['error-before', 'garbage-before', 'lost-response', 'rate-limited'] as const) {
        // Some HTTP clients read once more by themselves when a connection breaks.
        bench.faults.script({ kind, ...place, times: kind === 'lost-response' ? 2 : 1 })
        await expect(rail.status(reference)).rejects.toThrow()
      }
      bench.faults.set({ rates: {} })
      expect(await rail.status(reference)).toEqual(expect.objectContaining({ state: 'paid' }))
    },
  },
]

const referenceOf = (outcome: unknown): unknown => (outcome as { reference?: unknown }).reference
