import type { ToJSONSchemaParams } from 'zod/v4/core'

type Written = Parameters<NonNullable<ToJSONSchemaParams['override']>>[0]

/** The format says it; zod’s patterns of them have up to 300 characters. */
const FORMATS: readonly unknown[] = ['uuid', 'date', 'date-time']

/** Leaves out of a schema, as zod writes it into the API's description, what says nothing to a reader. */
export function leanSchema({ zodSchema, jsonSchema }: Written): void {
  if (FORMATS.includes(jsonSchema.format)) delete jsonSchema.pattern
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  const { def } = zodSchema._zod
  if (def.type === 'record') delete jsonSchema.propertyNames // strings: JSON has no others
  // An answer may have more members one day, which no client may stumble over. A strict object has a catch-all that catches nothing.
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties
}
