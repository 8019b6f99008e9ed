import type { PostgresServer } from './postgres-server.ts'

export default async function globalTeardown(): Promise<void> {
  const { remesaTestPostgres } = globalThis as { remesaTestPostgres?: PostgresServer }
  await remesaTestPostgres?.stop()
}
