import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import { enqueue } from '@remesa/messaging/outbox'
import type { DataOf } from '@remesa/messaging/topic'
import { verifyStripeEvent } from '@remesa/stripe-client/webhook'

type StripeEvent = DataOf<typeof topics.stripeEvent>

/** Takes the sandbox's events in and puts them on their topic, as the webhooks service does. Keeps all that came. */
export async function takeStripeEvents(world: World): Promise<readonly StripeEvent[]> {
  const { stripe } = world.sandbox
  const taken: StripeEvent[] = []
  const server = createServer((request, response) => {
    const answer = async () => {
      const read = verifyStripeEvent({
        rawBody: await buffer(request),
        signatureHeader: String(request.headers['stripe-signature']),
        secrets: [stripe.credentials.webhookSecret],
        now: world.now(),
      })
      if ('refused' in read) return 400
      const { eventId, type, account = null, object } = read
      const event = {
        eventId,
        type,
        created: Math.floor(read.created.getTime() / 1_000),
        account,
        object: { ...object },
      }
      taken.push(event)
      await world.database.transaction().execute((tx) => enqueue(tx, topics.stripeEvent, [{ data: event }]))
      return 200
    }
    answer().then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  world.stopWith(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  stripe.setWebhook({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe` })
  return taken
}
