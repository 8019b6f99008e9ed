import type { Delivery } from './read-delivery.ts'

/** What a worker has taken and not yet answered. */
export interface InHand {
  take(delivery: Delivery): void
  answered(delivery: Delivery): void
  /** @returns how many, and how long ago the oldest of them was published, seconds; 0 when there is none */
  read(): { messages: number; oldestSeconds: number }
}

/** @param now - the time since 1970, milliseconds; Google's clock, which says when a message was published, may be ahead of it */
export function createInHand(now: () => number = Date.now): InHand {
  const taken = new Set<Delivery>()
  return {
    take: (delivery) => void taken.add(delivery),
    answered: (delivery) => void taken.delete(delivery),
    read() {
      const oldest = Math.min(now(), ...[...taken].map(({ publishTime }) => publishTime.getTime()))
      return { messages: taken.size, oldestSeconds: taken.size === 0 ? 0 : (now() - oldest) / 1_000 }
    },
  }
}
