import { readdir, readFile } from 'node:fs/promises'

/** As every Linux on today’s machines has it. */
const TICKS_PER_SECOND = 100

/** Seconds of CPU that this process's stack has used, by what its processes run; Linux only, empty elsewhere. */
export async function cpuSeconds(): Promise<Map<string, number>> {
  const used = new Map<string, number>()
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  await Promise.all(
    pids.map(async (pid) => {
      const [command, stat] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
      ])
      const name =
        /\.remesa\/programs\/\w+\/([\w-]+)\.js/.exec(command)?.[1] ??
        /(?:services|packages)\/([\w-]+)\/(?:src|bench)\//.exec(command)?.[1] ??
        (/postgres/.test(command) ? 'postgres' : undefined)
      const [, fields] = stat.split(') ')
      if (!name || !fields) return
      const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number)
      used.set(name, (used.get(name) ?? 0) + (user + system) / TICKS_PER_SECOND)
    }),
  )
  return used
}

/** Who used how much since, the most first, with milliseconds per unit of work. */
export async function cpuLines(before: ReadonlyMap<string, number>, units: number, unit: string): Promise<string[]> {
  return [...(await cpuSeconds())]
    .map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)] as const)
    .filter(([, used]) => used > 0.05)
    .sort(([, a], [, b]) => b - a)
    .map(
      ([name, used]) =>
        `    ${name.padEnd(26)}${used.toFixed(1)}  (${((used * 1000) / units).toFixed(2)} ms per ${unit})`,
    )
}
