import { z } from 'zod'
import { defineTopic } from '../src/topic.ts'

export interface Numbered {
  n: number
}
const numbered = z.object({ n: z.int() })

/** Messages that may come in any order. */
export const loose = defineTopic({ name: 'loose_topic', subscription: 'loose_subscription', schema: numbered })
/** Messages of one key in their order. */
export const ordered = defineTopic({
  name: 'ordered_topic',
  subscription: 'ordered_subscription',
  schema: numbered.extend({ key: z.string() }),
  orderingKeyOf: ({ key }) => key,
})
