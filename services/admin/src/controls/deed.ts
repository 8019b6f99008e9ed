import type { ControlApproval } from '@remesa/database/control-approvals'
import type { Schema } from '@remesa/database/schema'
import type { Transaction } from 'kysely'

/** What a kind of wish is about, and how it is done once a second person agrees. */
export interface Deed {
  /** Locks what it is about, before the approval is locked. May say in words why it is not. */
  readonly isStillAsked: (
    tx: Transaction<Schema>,
    approval: ControlApproval,
  ) => Promise<boolean | { readonly drifted: string }>
  readonly act: (tx: Transaction<Schema>, approval: ControlApproval, now: Date) => Promise<void>
}
