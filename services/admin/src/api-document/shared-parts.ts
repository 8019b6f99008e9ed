/** A part of an OpenAPI document: whatever JSON holds. */
type Json = string | number | boolean | null | readonly Json[] | Members
type Members = { readonly [name: string]: Json }

/** As much of an OpenAPI document as is worked on here. */
export interface Described {
  readonly paths?: object
  readonly components?: object
}

const SCHEMAS = '#/components/schemas/'
/** Put by fastify-type-provider-zod behind the name of a schema as requests have it. */
const AS_REQUESTED = 'Input'

const ERRORS: Readonly<Record<string, string>> = {
  400: 'BadRequest',
  401: 'NotAuthenticated',
  403: 'NotPermitted',
  404: 'NotFound',
  409: 'Conflict',
  413: 'TooLarge',
  415: 'NotJson',
  422: 'KeyReused',
  500: 'InternalError',
  503: 'Unavailable',
}
const PARAMETERS: Readonly<Record<string, string>> = {
  'idempotency-key': 'IdempotencyKey',
  id: 'Id',
  cursor: 'Cursor',
  limit: 'Limit',
}

/**
 * Says once what an OpenAPI document says of many operations. A page that shows the document reads all of it before it shows anything, and a client that is
 * made from it has one type for one thing.
 * @returns the document with shared answers and parameters among its components, and of the schemas those that something refers to
 * @throws Error when a named schema looks one way in requests and another in answers
 */
export function withSharedParts<Document extends Described>(document: Document): Document {
  const { paths, components, ...rest } = document as unknown as Members
  const lifted = { responses: new Map<string, Json>(), parameters: new Map<string, Json>() }
  const shared = mapOperations(paths as Members, (operation) => ({
    ...operation,
    ...(operation.parameters !== undefined && {
      parameters: (operation.parameters as readonly Members[]).map(({ required, ...parameter }) =>
        lift(lifted.parameters, 'parameters', PARAMETERS[String(parameter.name)], {
          ...parameter,
          ...(required === true && { required }), // what is not required is so by default
        }),
      ),
    }),
    responses: mapMembers(operation.responses as Members, (response, status) =>
      lift(lifted.responses, 'responses', ERRORS[status], response),
    ),
  }))
  const { schemas, ...others } = components as Members
  const parts = { ...others, ...mapMembers(lifted, (byName) => Object.fromEntries(byName)) }
  return withNamedSchemas({ ...rest, paths: shared, components: parts }, schemas as Members) as unknown as Document
}

/** Keeps a part under its name; what has the same name and says something else stays where it is. */
function lift(kept: Map<string, Json>, kind: string, name: string | undefined, part: Json): Json {
  if (name === undefined) return part
  const known = kept.get(name)
  if (known === undefined) kept.set(name, part)
  else if (JSON.stringify(known) !== JSON.stringify(part)) return part
  return { $ref: `#/components/${kind}/${name}` }
}

/** Of the schemas those that something refers to, each under one name wherever it is used. */
function withNamedSchemas(document: Members, schemas: Members): Members {
  const used = new Map<string, Json>()
  const nameOf = (reference: string): string => {
    const name = reference.slice(SCHEMAS.length)
    const isRequested = name.endsWith(AS_REQUESTED) && Object.hasOwn(schemas, name.slice(0, -AS_REQUESTED.length))
    return isRequested ? name.slice(0, -AS_REQUESTED.length) : name
  }
  const seen = new Set<string>()
  const renamed = (part: Json): Json =>
    mapReferences(part, (reference) => {
      if (!reference.startsWith(SCHEMAS)) return reference
      const name = nameOf(reference)
      if (!seen.has(reference)) {
        seen.add(reference)
        const schema = renamed(schemas[reference.slice(SCHEMAS.length)] ?? null)
        const known = used.get(name)
        if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
          throw new Error(`${name} looks one way in requests and another in answers: that takes two names`)
        }
        used.set(name, schema)
      }
      return `${SCHEMAS}${name}`
    })
  const { components, ...rest } = renamed(document) as Members
  const byName = [...used].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { ...rest, components: { ...(components as Members), schemas: Object.fromEntries(byName) } }
}

const mapOperations = (paths: Members, change: (operation: Members) => Members): Members =>
  mapMembers(paths, (methods) => mapMembers(methods as Members, (operation) => change(operation as Members)))

/** Changes each member of an object. */
export const mapMembers = <Part, Changed>(
  members: Readonly<Record<string, Part>>,
  change: (part: Part, name: string) => Changed,
): Readonly<Record<string, Changed>> =>
  Object.fromEntries(Object.entries(members).map(([name, part]) => [name, change(part, name)]))

function mapReferences(part: Json, change: (reference: string) => string): Json {
  if (part === null || typeof part !== 'object') return part
  if (isList(part)) return part.map((one) => mapReferences(one, change))
  return mapMembers(part, (value, name) =>
    name === '$ref' && typeof value === 'string' ? change(value) : mapReferences(value, change),
  )
}

/** `Array.isArray` does not know of lists that nobody may change. */
const isList = (part: Json): part is readonly Json[] => Array.isArray(part)
