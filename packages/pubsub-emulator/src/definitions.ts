import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'

const require = createRequire(import.meta.url)

interface Services {
  readonly publisher: ServiceDefinition
  readonly subscriber: ServiceDefinition
}

let loaded: Services | undefined

/** The definitions of the two services, from the protos that Google's client is generated from; read once per process. */
export function loadServices(): Services {
  loaded ??= readServices()
  return loaded
}

function readServices(): Services {
  const path = require.resolve('@google-cloud/pubsub-api/build/protos/protos.json')
  const definitions = fromJSON(JSON.parse(readFileSync(path, 'utf8')), { longs: Number, enums: String, defaults: true })
  const service = (name: string) => {
    const definition = definitions[`google.pubsub.v1.${name}`]
    if (!definition || 'format' in definition) throw new Error(`${path} does not define the service ${name}`)
    return definition
  }
  return { publisher: service('Publisher'), subscriber: service('Subscriber') }
}
