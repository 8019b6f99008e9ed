import { createServer } from 'node:net'

/** Ports that are free now, all different. Somebody else may take one before it is used; that process then says so. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer()
      await new Promise<void>((resolve, reject) => {
        probe.once('error', reject)
        probe.listen(0, '127.0.0.1', resolve)
      })
      return probe
    }),
  )
  return Promise.all(
    probes.map(async (probe) => {
      const address = probe.address()
      await new Promise((resolve) => probe.close(resolve))
      if (address === null || typeof address === 'string') throw new Error('a port was asked for and none was given')
      return address.port
    }),
  )
}
