import { z } from 'zod'
import { parseEnvironment, secret, serviceEnvironment } from '../src/environment.ts'
import { runService } from '../src/run-service.ts'

/** A service for run-service.test.ts: `BEHAVIOUR` says how it misbehaves. */
const schema = z.object({ ...serviceEnvironment, API_SECRET: secret, BEHAVIOUR: z.string().default('none') })

await runService({
  name: 'a-service',
  env: process.env,
  readConfig: (env) => parseEnvironment(env, schema),
  async start({ config, logger, stopWith, readyWhen }) {
    const { BEHAVIOUR } = config
    const idle = setInterval(() => {}, 1000)
    stopWith('first', () => {
      clearInterval(idle)
      logger.info('first stopped')
    })
    readyWhen('first', () => undefined)
    if (BEHAVIOUR === 'cannot start') throw new Error('no database')
    logger.info('first made')
    if (BEHAVIOUR === 'slow start') await new Promise((resolve) => setTimeout(resolve, 300))
    stopWith('second', async () => {
      logger.info('second stopping')
      if (BEHAVIOUR === 'stop throws') throw new Error('was stuck')
      if (BEHAVIOUR === 'stop hangs') await new Promise(() => {})
      logger.info('second stopped')
    })
    if (BEHAVIOUR === 'uncaught')
      setTimeout(() => {
        throw new Error('forgot to catch')
      }, 50)
    if (BEHAVIOUR === 'unhandled') setTimeout(() => void Promise.reject(new Error('forgot to await')), 50)
  },
})
