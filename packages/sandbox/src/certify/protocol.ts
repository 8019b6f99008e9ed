import type { PaymentInstruction, PaymentOutcome, PaymentStatus, Rail } from '@remesa/domain/rail'
import type { RailBench } from './bench.ts'

/** How paying ended, and on which generation. */
export interface Course {
  readonly outcomes: readonly (PaymentOutcome | 'not-found')[]
  readonly end:
    | { readonly kind: 'paid' | 'failed' | 'reversed'; readonly reason: string }
    /** Somebody must look: our credentials, a mismatch, or too many steps. */
    | { readonly kind: 'stuck'; readonly reason: string }
  /** The last generation. */
  readonly instruction: PaymentInstruction
  /** What the provider called the last accepted payment. */
  readonly reference: string | undefined
}

/** More than the faults of one payable can use up. */
const MAX_STEPS = 80
/** Unknown answers in a row after which the payment is looked up before it is sent again. */
const PATIENCE = 3

/**
 * Pays as the product does (design: moving money), on the bench's time: the same key again while the outcome is
 * unknown, a look-up when it stays so, a new generation only after a refusal that is certain.
 * @param bench - `settle` lets the provider bring what it accepted to an end, `pass` lets time pass
 */
export async function payLikeTheProduct(
  rail: Rail,
  first: PaymentInstruction,
  bench: Pick<RailBench, 'settle' | 'pass'>,
): Promise<Course> {
  const outcomes: (PaymentOutcome | 'not-found')[] = []
  let instruction = first
  let reference: string | undefined
  let unknowns = 0
  const ended = (end: Course['end']): Course => ({ outcomes, end, instruction, reference })

  for (let step = 0; step < MAX_STEPS; step += 1) {
    const lookUp = unknowns >= PATIENCE
    const outcome = lookUp ? await rail.find(instruction) : await rail.pay(instruction)
    outcomes.push(outcome)
    if (outcome === 'not-found') {
      unknowns = 0
      // A stored failure would be replayed for ever under the old key; elsewhere the same key is as safe as a new one.
      if (rail.contract.replaysRefusals) instruction = nextGeneration(instruction)
      continue
    }
    if (outcome.kind === 'unknown') {
      if (outcome.reason === 'credentials' || outcome.reason === 'mismatch') {
        return ended({ kind: 'stuck', reason: outcome.reason })
      }
      unknowns = lookUp ? 0 : outcome.reason === 'replayed_error' ? PATIENCE : unknowns + 1
      if (outcome.reason === 'in_progress') await bench.pass(outcome.facts.retryAfterMs ?? 20)
      continue
    }
    unknowns = 0
    if (outcome.kind === 'declined_for_good') return ended({ kind: 'failed', reason: outcome.reason })
    if (outcome.kind === 'declined_may_change') {
      if (outcome.keyIsSpent) instruction = nextGeneration(instruction)
      continue
    }

    reference = outcome.reference
    if (outcome.status.state === 'pending') bench.settle(instruction)
    const status = outcome.status.state === 'pending' ? await readStatus(rail, reference) : outcome.status
    switch (status.state) {
      case 'paid':
        return ended({ kind: 'paid', reason: '' })
      case 'reversed':
        return ended({ kind: 'reversed', reason: status.reason })
      case 'pending':
        return ended({ kind: 'stuck', reason: 'pending after it was settled' })
      case 'rejected':
        if (status.category !== 'funding' && status.category !== 'transient') {
          return ended({ kind: 'failed', reason: status.reason })
        }
        instruction = nextGeneration(instruction)
    }
  }
  return ended({ kind: 'stuck', reason: `no end after ${MAX_STEPS} steps` })
}

/** Reads a payment's status, again while the provider cannot be read. @throws the last error after many tries */
export async function readStatus(rail: Rail, reference: string): Promise<PaymentStatus> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rail.status(reference)
    } catch (error) {
      if (tries === 30) throw error
    }
  }
}

/** The same payment under its next key. */
export function nextGeneration(instruction: PaymentInstruction): PaymentInstruction {
  const generation = instruction.generation + 1
  const base = instruction.idempotencyKey.replace(/:g\d+$/, '')
  return { ...instruction, generation, idempotencyKey: `${base}:g${generation}` }
}
