import type { FieldMask } from './api.ts'
import { invalidArgument } from './rpc-error.ts'

/**
 * Copies the masked fields of an update over what is there.
 * @param changeable - the fields that may change after creation, by their names in the proto's JSON
 * @throws RpcError INVALID_ARGUMENT for an empty mask and for a field that cannot change
 */
export function applyMask<T extends object>(
  current: T,
  update: T,
  mask: FieldMask,
  changeable: readonly (keyof T & string)[],
): T {
  const paths = mask?.paths ?? []
  if (paths.length === 0) throw invalidArgument('The update_mask in the request must be specified and non-empty.')
  const updated = { ...current }
  for (const path of paths) {
    const [name = ''] = path.split('.') // a path into a field replaces the whole field
    const field = changeable.find((candidate) => candidate === camelCase(name))
    if (!field) throw invalidArgument(`Invalid update_mask: ${path} is unknown or cannot be changed.`)
    updated[field] = update[field]
  }
  return updated
}

const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
