export interface PostgresServer {
  /** A connection URL whose user may create databases. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * A PostgreSQL for development and tests, chosen in this order: `DATABASE_URL` if set; a container when
 * `REMESA_TEST_INFRA=containers`; else one embedded in node_modules, whose data is in `REMESA_POSTGRES_DIRECTORY`.
 * @throws when the server does not come up, with what it said
 */
export async function startPostgres(env: NodeJS.ProcessEnv): Promise<PostgresServer> {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL, stop: async () => {} }
  if (env.REMESA_TEST_INFRA === 'containers') return startContainer()
  const { startEmbeddedPostgres } = await import('./embedded-postgres.ts')
  return startEmbeddedPostgres(env.REMESA_POSTGRES_DIRECTORY ? { directory: env.REMESA_POSTGRES_DIRECTORY } : {})
}

async function startContainer(): Promise<PostgresServer> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer('postgres:18-alpine').withDatabase('remesa').start()
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) }
}
