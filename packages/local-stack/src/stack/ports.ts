import { createServer } from 'node:net'

// Below the range from which systems hand out ports of their own accord: there, a port that was found free is often
// somebody else's a moment later.
const FIRST = 20_000
const LAST = 31_999

/** Ports that are free now, all different. Somebody else may take one before it is used; that process then says so. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 50 * count + 1_000) throw new Error(`no ${count} free ports from ${FIRST} to ${LAST}`)
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (!found.has(port) && (await isFree(port))) found.add(port)
  }
  return [...found]
}

/** Asked of every interface, since some services listen on all. */
function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, () => probe.close(() => resolve(true)))
  })
}
