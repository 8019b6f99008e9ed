import { type Described, mapMembers } from './shared-parts.ts'

/** A schema of JSON Schema 2020-12, as far as zod writes them here. */
interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly examples?: readonly unknown[]
}
type Named<Part> = Readonly<Record<string, Part>>
interface WithSchema {
  readonly schema?: Schema
}
interface WithContent {
  readonly content?: Named<WithSchema>
}
interface Operation {
  readonly parameters?: readonly WithSchema[]
  readonly requestBody?: WithContent
  readonly responses: Named<WithContent>
}

/**
 * The same document in OpenAPI 3.0, for Swagger UI: of 3.1 it makes a model of the whole document anew whenever something is
 * opened, which takes it half a second of a fast machine each time; of 3.0 it reads what is opened.
 */
export function asOpenApi30<Document extends Described>(document: Document): object {
  const paths = document.paths as Named<Named<Operation>>
  const { schemas, responses, parameters, ...others } = document.components as {
    readonly schemas: Named<Schema>
    readonly responses: Named<WithContent>
    readonly parameters: Named<WithSchema>
  }
  return {
    ...document,
    openapi: '3.0.3',
    paths: mapMembers(paths, (methods) => mapMembers(methods, operationOf)),
    components: {
      ...others,
      schemas: mapMembers(schemas, schemaOf),
      responses: mapMembers(responses, contentOf),
      parameters: mapMembers(parameters, parameterOf),
    },
  }
}

const operationOf = (operation: Operation) => ({
  ...operation,
  ...(operation.parameters && { parameters: operation.parameters.map(parameterOf) }),
  ...(operation.requestBody && { requestBody: contentOf(operation.requestBody) }),
  responses: mapMembers(operation.responses, contentOf),
})

const parameterOf = (part: WithSchema) => (part.schema ? { ...part, schema: schemaOf(part.schema) } : part)
const contentOf = (part: WithContent) =>
  part.content ? { ...part, content: mapMembers(part.content, parameterOf) } : part

/** There, null is no type but a mark; beside a reference stands nothing; and there is one example. */
function schemaOf({ $ref, type, anyOf, items, properties, additionalProperties, examples, ...rest }: Schema): object {
  const types = [type ?? []].flat()
  const others = anyOf?.filter((one) => one.type !== 'null')
  const isNullable = types.includes('null') || (anyOf !== undefined && others?.length !== anyOf.length)
  const [only, ...more] = others ?? []
  const written = {
    ...rest,
    ...(isNullable && { nullable: true }),
    ...typeOf(types.filter((one) => one !== 'null')),
    ...(types.join() === 'null' && { ...typeOf(['string']), enum: [null] }), // of whatever type, it is null
    ...(items && { items: schemaOf(items) }),
    ...(properties && { properties: mapMembers(properties, schemaOf) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? schemaOf(additionalProperties) : additionalProperties,
    }),
    ...(examples && { example: examples[0] }),
  }
  if ($ref !== undefined) return Object.keys(written).length === 0 ? { $ref } : { ...written, allOf: [{ $ref }] }
  if (only && more.length > 0) return { ...written, anyOf: [only, ...more].map(schemaOf) }
  if (!only) return written
  return only.$ref === undefined ? { ...schemaOf(only), ...written } : { ...written, allOf: [schemaOf(only)] }
}

function typeOf(types: readonly string[]): object {
  if (types.length > 1) return { anyOf: types.map((type) => ({ type })) }
  return types.length === 1 ? { type: types[0] } : {}
}
