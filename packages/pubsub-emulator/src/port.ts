import { createServer, type Server } from 'node:net'

/** Listens. @throws Error that says in plain words why the port cannot be had */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} is in use`)
          : new Error(`cannot listen on ${host}:${port}`, { cause: error }),
      )
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}

/** Takes a port and gives it back. @throws Error that says in plain words why it cannot be had */
export async function tryPort(host: string, port: number): Promise<void> {
  const probe = createServer()
  await listen(probe, host, port)
  await new Promise((resolve) => probe.close(resolve))
}
