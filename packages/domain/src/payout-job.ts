/** The payment of one settlement. It cannot fail: its transfers can, each alone, and its counts tell how many did. */
export type PayoutJobStatus = 'pending' | 'processing' | 'complete'

const NEXT: Readonly<Record<PayoutJobStatus, readonly PayoutJobStatus[]>> = {
  pending: ['processing'], // the first of its transfers was claimed
  processing: ['complete'],
  complete: ['processing'], // one of its transfers that had failed is paid again
}

export const PAYOUT_JOB_STATUSES = Object.keys(NEXT) as readonly PayoutJobStatus[]

export const mayBecome = (from: PayoutJobStatus, to: PayoutJobStatus): boolean => NEXT[from].includes(to)

/** How many transfers a job has, and how many of them have ended. */
export interface TransferCounts {
  readonly total: number
  readonly completed: number
  readonly failed: number
}

/** @throws RangeError for counts that cannot be: more ended than there are */
export function isComplete({ total, completed, failed }: TransferCounts): boolean {
  if (completed + failed > total) throw new RangeError(`${completed} + ${failed} of ${total} transfers have ended`)
  return completed + failed === total
}
