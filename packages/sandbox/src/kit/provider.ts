import type { FaultPlan, Faults } from './faults.ts'
import { faultPlanSchema } from './faults.ts'

/** What every provider of the sandbox has in common. */
export interface SandboxProvider {
  readonly url: string
  /** Requests received per route, and in `total`. */
  calls(): Record<string, number>
  /** Switches the faults. @throws ZodError for a plan that makes no sense. */
  setFaults(plan: FaultPlan): void
  /** The faults themselves, so that a test can script one. */
  readonly faults: Faults
  readonly controls: Controls
  stop(): Promise<void>
}

/**
 * Plain functions from JSON to JSON, by name, which the control process offers over HTTP. Each checks its own input.
 * Amounts are decimal strings in major units.
 */
export type Controls = Readonly<Record<string, (input: unknown) => unknown | Promise<unknown>>>

/** The controls that every provider has: `calls`, `setFaults`, `faultsInjected`. */
export function commonControls(provider: { calls(): Record<string, number>; faults: Faults }): Controls {
  return {
    calls: () => provider.calls(),
    setFaults: (input) => {
      provider.faults.set(faultPlanSchema.parse(input))
      return {}
    },
    faultsInjected: () => provider.faults.injected(),
  }
}
