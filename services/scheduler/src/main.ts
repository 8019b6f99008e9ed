import { setTimeout as sleep } from 'node:timers/promises'
import { connectWorkerService } from '@remesa/messaging/worker-service'
import { runService } from '@remesa/service-kit/run-service'
import { readConfig } from './config.ts'
import { scheduledJobs } from './jobs.ts'
import { makeJobsKnown, runDueJobs } from './run-due-jobs.ts'

await runService({
  name: 'scheduler',
  env: process.env,
  readConfig,
  async start(parts) {
    const { config, logger } = parts
    const { database, relay } = await connectWorkerService('scheduler', parts)
    const now = () => new Date()
    const jobs = scheduledJobs(config, { database, now, logger })
    await makeJobsKnown({ database, jobs, now })

    const stopping = new AbortController()
    const looking = (async () => {
      while (!stopping.signal.aborted) {
        await runDueJobs({ database, jobs, now, nudge: () => relay.nudge(), logger }).catch((error: unknown) => {
          logger.error({ err: error }, 'due jobs could not be looked for')
        })
        await sleep(config.SCHEDULER_POLL_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    })()
    parts.stopWith('jobs', async () => {
      stopping.abort()
      await looking
    })
  },
})
