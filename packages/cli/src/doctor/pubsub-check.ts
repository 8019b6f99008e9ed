import { topics } from '@remesa/messaging/catalogue'
import { missingTopics } from '@remesa/messaging/missing-topics'
import { createPubSub } from '@remesa/messaging/pubsub'
import { pubsubEnvironment } from '@remesa/service-kit/environment'
import { counted } from '../text.ts'
import { type Check, type Env, well, wrong } from './check.ts'
import { readPart } from './environment.ts'

/** Topics and subscriptions, those of dead letters among them. */
export const pubsubCheck = (env: Env): Check => ({
  name: 'topics and subscriptions',
  async look() {
    const config = readPart(env, pubsubEnvironment)
    if (config.kind !== 'set') return [config.finding]
    const { PUBSUB_PROJECT_ID: projectId, PUBSUB_EMULATOR_HOST: emulatorHost } = config.values
    const pubsub = createPubSub({ projectId, emulatorHost })
    try {
      const all = Object.values(topics)
      const missing = await missingTopics(pubsub, all)
      if (missing.length === 0)
        return [well(`${counted(all.length, 'topic')} and what belongs to them, in ${projectId}`)]
      return [
        wrong(
          `not there: ${missing.join(', ')}`,
          'Start a service: each makes what is missing, if roles/pubsub.editor lets it.',
        ),
      ]
    } finally {
      await pubsub.close()
    }
  },
})
