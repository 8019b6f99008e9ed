/**
 * Reads bytes that should be a JSON object which the database can hold.
 * @returns the object, or what is wrong with it
 */
export function parseJsonObject(
  bytes: Buffer,
): { readonly data: object; readonly problem?: never } | { readonly data?: never; readonly problem: string } {
  const text = bytes.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: `is not JSON: ${(error as Error).message}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'is not a JSON object' }
  // Only an escape can bring in a character that PostgreSQL's JSON does not have.
  if (text.includes('\\u') && !isStorable(value)) return { problem: 'holds a NUL character or half a surrogate pair' }
  return { data: value }
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, field]) => isStorable(name) && isStorable(field))
}
