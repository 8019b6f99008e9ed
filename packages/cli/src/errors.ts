/** What an error says; a connection that failed at several addresses says so in its parts only. */
export function reasonOf(error: unknown): string {
  const one = error instanceof AggregateError ? error.errors[0] : error
  return Error.isError(one) && one.message !== '' ? one.message : String(one)
}
