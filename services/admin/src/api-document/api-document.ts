import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { isRouteName, ROUTE_ROLES } from '../roles.ts'
import { DESCRIPTION } from './description.ts'
import { examplesByName, PROBLEM_EXAMPLES } from './examples.ts'
import { leanSchema } from './lean-schema.ts'
import { isOperation, OPERATION_IDS } from './operation-ids.ts'
import { type Described, mapMembers, withSharedParts } from './shared-parts.ts'

const zodToJsonConfig = { override: leanSchema }
const transformRoute = createJsonSchemaTransform({ zodToJsonConfig })
const transformDocument = createJsonSchemaTransformObject({ zodToJsonConfig })

/** How the API's description is made of its routes: each with its name and the role that it needs, and what many have in common said once. */
export const API_DOCUMENT: FastifyDynamicSwaggerOptions = {
  openapi: DESCRIPTION,
  transform(options) {
    const { schema, url } = transformRoute(options)
    const name = `${[options.route.method].flat()[0]} ${url}`
    if (!isRouteName(name) || !isOperation(name)) return { schema, url }
    const operation = { operationId: OPERATION_IDS[name], description: `Role: ${ROUTE_ROLES[name]}.` }
    return { schema: { ...schema, ...operation, response: described(schema.response, name) }, url }
  },
  transformObject: (document) => withExamples(withSharedParts(transformDocument(document))),
}

/** Says of an answer that has a shape and no words what it means that it came. */
const described = (response: unknown, name: string): object =>
  Object.fromEntries(
    Object.entries(response as Readonly<Record<string, object>>).map(([status, answer]) => [
      status,
      'content' in answer
        ? answer
        : { description: meaningOf(status, name), content: { 'application/json': { schema: answer } } },
    ]),
  )

function meaningOf(status: string, name: string): string {
  if (status === '202') return 'Taken down: it is done once a second person approves, or a service comes to it.'
  return name.startsWith('GET ') ? 'What was asked for.' : 'Done.'
}

function withExamples<Document extends Described>(document: Document): Document {
  const { schemas, responses, ...others } = document.components as {
    readonly schemas: Readonly<Record<string, object>>
    readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>
  }
  const examples = examplesByName()
  const components = {
    ...others,
    schemas: mapMembers(schemas, (schema, name) =>
      examples.has(name) ? { ...schema, examples: [examples.get(name)] } : schema,
    ),
    responses: mapMembers(responses, (response, name) => ({
      ...response,
      content: mapMembers(response.content, (media) => ({ ...media, example: PROBLEM_EXAMPLES[name] })),
    })),
  }
  return { ...document, components }
}
