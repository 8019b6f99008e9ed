import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import type { PaymentInstruction, PaymentOutcome } from '@remesa/domain/rail'
import type { FaultKind } from '../kit/faults.ts'
import type { ClosableRail, PayeeKind, RailBench, RailChoices, RailFeature } from './bench.ts'
import { type Course, payLikeTheProduct } from './protocol.ts'

/** One guarantee: its title, and what must be seen of a rail that gives it. Throws when it is not given. */
export interface RailCase {
  readonly title: string
  /** What a rail must have for the case to make sense. Left out: every rail must give this guarantee. */
  readonly needs?: RailFeature
  readonly run: (world: World) => Promise<void>
}

/** What a case has in hand: one rail, its provider, and a few words for what all cases do. */
export interface World {
  readonly bench: RailBench
  readonly rail: ClosableRail
  /** Another rail to the same provider. */
  anotherRail(choices: Partial<RailChoices>): ClosableRail
  /** A payable that no case has used. */
  freshInstruction(kind?: PayeeKind): PaymentInstruction
  /** The next submission of this instruction meets the fault. */
  faultOnSubmit(instruction: PaymentInstruction, kind: FaultKind, times?: number): void
  /** Pays to the end as the product does. */
  follow(instruction: PaymentInstruction, rail?: ClosableRail): Promise<Course>
  /** Checks the bank's books: the instruction's money, exactly once. */
  expectPaidOnce(instruction: PaymentInstruction): void
  expectNothingPaid(instruction: PaymentInstruction): void
  /** Closes what the case opened. */
  close(): Promise<void>
}

const ORDINARY: RailChoices = { timeoutMs: 2_000, credentials: 'right', at: 'provider' }

export function createWorld(bench: RailBench): World {
  const rails: ClosableRail[] = []
  function anotherRail(choices: Partial<RailChoices>): ClosableRail {
    const made = bench.makeRail({ ...ORDINARY, ...choices })
    rails.push(made)
    return made
  }
  const rail = anotherRail({})
  return {
    bench,
    rail,
    anotherRail,
    freshInstruction(kind = 'ordinary') {
      const payableId = randomUUID()
      return {
        payableId,
        idempotencyKey: `seller-balance:${payableId}`,
        generation: 1,
        money: bench.money,
        destination: bench.freshDestination(kind),
        country: bench.country,
        beneficiary: { name: 'Tienda de prueba', taxId: '76192083-9' },
        description: 'Seller balance 2026-11-19',
        payeeId: `seller-${payableId.slice(0, 8)}`,
      }
    },
    faultOnSubmit(instruction, kind, times = 1) {
      bench.faults.script({ kind, subject: bench.subjectOf(instruction), route: bench.routes.submit, times })
    },
    follow: (instruction, on = rail) => payLikeTheProduct(on, instruction, bench),
    expectPaidOnce(instruction) {
      bench.settle(instruction)
      const paid = bench.booksOf(instruction).map(({ account, money }) => ({ account, money }))
      expect(paid).toEqual([{ account: instruction.destination, money: instruction.money }])
    },
    expectNothingPaid(instruction) {
      bench.settle(instruction)
      expect(bench.booksOf(instruction)).toEqual([])
    },
    async close() {
      for (const one of rails.splice(0)) await one.close?.()
    },
  }
}

/** An `unknown` outcome for this reason. */
export const unknownFor = (reason: (PaymentOutcome & { kind: 'unknown' })['reason']) =>
  expect.objectContaining({ kind: 'unknown', reason })

/** What a case's `needs` promised. @throws Error when the bench lacks it: the harness names features it does not have */
export function had<Part>(part: Part | undefined, feature: RailFeature): Part {
  if (part === undefined) throw new Error(`the harness says ${feature}, but its bench cannot do it`)
  return part
}

export const accepted = expect.objectContaining({ kind: 'accepted' })
