import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { World } from './world.ts'
import { startWorld, textsOf } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

test('a subscription delivers what its filter lets through, and holds nothing else', async () => {
  const { topic, subscription } = await world.createPair({
    filter: 'attributes.event_type = "SellerCreated" AND hasPrefix(attributes.country, "C")',
  })
  await world.publish(topic, ['cl'], { attributes: { event_type: 'SellerCreated', country: 'CL' } })
  await world.publish(topic, ['pe'], { attributes: { event_type: 'SellerCreated', country: 'PE' } })
  await world.publish(topic, ['other'], { attributes: { event_type: 'SellerDeleted', country: 'CL' } })
  await world.publish(topic, ['none'])
  expect(textsOf(await world.pull(subscription))).toEqual(['cl'])
})
