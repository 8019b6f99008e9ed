import { type Child, startChild } from './child.ts'
import { freePorts } from './ports.ts'
import { builtProgram } from './programs.ts'

/** What the emulator has counted. */
export interface MessageFigures {
  readonly published: number
  readonly delivered: number
  readonly redelivered: number
  readonly deadLettered: number
}

export interface PubSubOfStack {
  /** Value for PUBSUB_EMULATOR_HOST. */
  readonly host: string
  /** Undefined when it is not ours: then nobody counts. */
  figures(): Promise<MessageFigures | undefined>
  /** Messages nobody has acknowledged yet, by subscription's short name; undefined when it is not ours. */
  backlogs(): Promise<ReadonlyMap<string, number> | undefined>
  /** Makes deliveries repeat and overtake each other. @throws Error when it is not ours */
  setKnobs(knobs: object): Promise<void>
  readonly child: Child | undefined
}

/** The Pub/Sub of the stack: the one that `PUBSUB_EMULATOR_HOST` names, else our own emulator as a process of its own. */
export async function startPubSub(options: { env: NodeJS.ProcessEnv; logFile: string }): Promise<PubSubOfStack> {
  const given = options.env.PUBSUB_EMULATOR_HOST
  if (given) return foreign(given)
  const [port = 0, adminPort = 0] = await freePorts(2)
  const child = startChild({
    name: 'pubsub-emulator',
    program: await builtProgram('pubsub-emulator'),
    args: ['--port', String(port), '--admin-port', String(adminPort)],
    env: options.env,
    logFile: options.logFile,
  })
  await child.firstLine
  const admin = `http://127.0.0.1:${adminPort}`
  type Stats = MessageFigures & { subscriptions: Record<string, { backlog: number }> }
  const stats = async (): Promise<Stats> => (await (await fetch(`${admin}/stats`)).json()) as Stats
  return {
    host: `127.0.0.1:${port}`,
    child,
    async figures() {
      const { published, delivered, redelivered, deadLettered } = await stats()
      return { published, delivered, redelivered, deadLettered }
    },
    async backlogs() {
      const { subscriptions } = await stats()
      return new Map(
        Object.entries(subscriptions).map(([name, { backlog }]) => [name.slice(name.lastIndexOf('/') + 1), backlog]),
      )
    },
    async setKnobs(knobs) {
      const response = await fetch(`${admin}/knobs`, { method: 'PUT', body: JSON.stringify(knobs) })
      if (!response.ok) throw new Error(`the emulator refused its knobs: ${await response.text()}`)
    },
  }
}

const foreign = (host: string): PubSubOfStack => ({
  host,
  child: undefined,
  figures: async () => undefined,
  backlogs: async () => undefined,
  setKnobs: async () => {
    throw new Error('only the emulator of the stack has knobs')
  },
})
