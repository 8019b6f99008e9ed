import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EnvironmentError } from '@remesa/service-kit/environment'
import { ROOT } from './source-tree.ts'

/** What a service reads of its environment, found by asking its own `readConfig`. */
export interface ServiceConfig {
  readonly service: string
  readonly readConfig: (env: NodeJS.ProcessEnv) => Readonly<Record<string, unknown>>
  /** Every variable that it looks at. */
  readonly variables: ReadonlySet<string>
  /** Those without which it does not start. */
  readonly required: ReadonlySet<string>
}

export async function readServiceConfigs(): Promise<readonly ServiceConfig[]> {
  const services = readdirSync(join(ROOT, 'services')).filter((service) =>
    existsSync(join(ROOT, 'services', service, 'src/config.ts')),
  )
  return Promise.all(
    services.map(async (service) => {
      const { readConfig } = (await import(`../../../services/${service}/src/config.ts`)) as Pick<
        ServiceConfig,
        'readConfig'
      >
      return { service, readConfig, variables: variablesOf(readConfig), required: requiredBy(readConfig) }
    }),
  )
}

function variablesOf(readConfig: ServiceConfig['readConfig']): ReadonlySet<string> {
  const asked = new Set<string>()
  const env = new Proxy<NodeJS.ProcessEnv>({}, { get: (_, name) => void asked.add(String(name)) })
  refusalOf(() => readConfig(env))
  return asked
}

const requiredBy = (readConfig: ServiceConfig['readConfig']): ReadonlySet<string> =>
  new Set(Array.from(refusalOf(() => readConfig({})).matchAll(/([A-Z0-9_]+) is not set/g), ([, name]) => name ?? ''))

function refusalOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message
    throw error
  }
  throw new Error('an empty environment was enough')
}
