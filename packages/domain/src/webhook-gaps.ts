import { type Group, merge, newGroup } from './finding-groups.ts'

/** So few missing payments in a row are no gap, they are missing one by one. */
const LEAST = 3

/**
 * Tells times in which nothing was recorded from payments that are missing here and there.
 * @param missing - what the database lacks, by bucket of the window
 * @param stripePayments - how many payments Stripe has in each bucket
 * @returns a group for each run of buckets of whose payments the database has none, with what is missing in the buckets
 *   at its edges, in the order of time; and what is left
 */
export function gapsIn(
  missing: ReadonlyMap<number, Group>,
  stripePayments: ReadonlyMap<number, number>,
): { readonly gaps: readonly Group[]; readonly scattered: Group } {
  // Buckets without payments end no gap: at night there is nothing to miss.
  const buckets = [...new Set([...stripePayments.keys(), ...missing.keys()])].sort((a, b) => a - b)
  const isEmpty = (bucket: number | undefined): boolean => {
    if (bucket === undefined) return false
    const count = missing.get(bucket)?.count ?? 0
    return count > 0 && count >= (stripePayments.get(bucket) ?? 0)
  }
  const gaps: Group[] = []
  const scattered = newGroup()
  for (let at = 0; at < buckets.length; ) {
    const run = runFrom(buckets, at, isEmpty)
    const gap = newGroup()
    for (const bucket of run) mergeFrom(missing, bucket, gap)
    if (gap.count >= LEAST && run.some(isEmpty)) gaps.push(gap)
    else merge(scattered, gap)
    at += Math.max(1, run.length)
  }
  return { gaps, scattered }
}

/** One bucket, or as many as are empty in a row with the partly empty ones before and after them. */
function runFrom(
  buckets: readonly number[],
  at: number,
  isEmpty: (bucket: number | undefined) => boolean,
): readonly number[] {
  let end = at + 1
  if (!isEmpty(buckets[at]) && !isEmpty(buckets[end])) return buckets.slice(at, end)
  while (isEmpty(buckets[end])) end += 1
  return buckets.slice(at, Math.min(buckets.length, end + 1))
}

function mergeFrom(missing: ReadonlyMap<number, Group>, bucket: number, into: Group): void {
  const group = missing.get(bucket)
  if (group) merge(into, group)
}
