import type { FoundType } from '@remesa/database/search-reads'
import type { AmountLine } from '@remesa/domain/explain-amount'
import type { NextMove } from '@remesa/domain/explain-next'
import type { Money } from '@remesa/domain/money'
import { type Traces, timelineOf } from '../routes/timeline.ts'

/** One page that answers what people ask about money: why so much, what happened, who is next. */
export interface Explanation {
  readonly subject: {
    readonly type: FoundType
    readonly id: string
    readonly title: string
    readonly status: string
    readonly money: Money | null
  }
  /** Lines that add up to the subject's money. */
  readonly amount: readonly AmountLine[]
  readonly story: readonly { readonly at: string; readonly text: string }[]
  readonly next: NextMove
  readonly links: readonly { readonly type: FoundType; readonly id: string; readonly label: string }[]
}

/** What happened, in sentences: decisions, attempts and alerts. Postings and messages are for the time line. */
export const storyOf = (traces: Traces): Explanation['story'] =>
  timelineOf(traces)
    .filter(({ kind }) => kind !== 'ledger' && kind !== 'message')
    .map(({ at, title, reason, actor }) => ({
      at,
      text: `${title}${reason ? ` (${reason})` : ''}${actor?.startsWith('operator:') ? `, by ${actor.slice(9)}` : ''}`,
    }))
