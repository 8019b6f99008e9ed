import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ServiceProcess } from './stack/stack.ts'

/** Resident memory of a service over the second and the last quarter of a run, means in MiB. */
export interface MemoryFigures {
  readonly secondQuarterMiB: number
  readonly lastQuarterMiB: number
}

const SAMPLE_EVERY_MS = 500
const PAGE_BYTES = 4096

/** Samples the memory of services until it is stopped. */
export function sampleMemory(services: readonly ServiceProcess[]): { stop(): Promise<Record<string, MemoryFigures>> } {
  const samples = new Map<string, number[]>(services.map(({ child }) => [child.name, []]))
  const sample = async (): Promise<void> => {
    await Promise.all(
      services.map(async ({ child }) => {
        const bytes = await residentBytes(child.pid)
        if (bytes !== undefined) samples.get(child.name)?.push(bytes)
      }),
    )
  }
  const timer = setInterval(() => void sample(), SAMPLE_EVERY_MS).unref() // a run that fails must not be kept alive by it
  return {
    async stop() {
      clearInterval(timer)
      await sample()
      return Object.fromEntries([...samples].map(([name, bytes]) => [name, figuresOf(bytes)]))
    },
  }
}

function figuresOf(bytes: readonly number[]): MemoryFigures {
  const quarter = Math.max(1, Math.floor(bytes.length / 4))
  return {
    secondQuarterMiB: meanMiB(bytes.slice(quarter, 2 * quarter)),
    lastQuarterMiB: meanMiB(bytes.slice(-quarter)),
  }
}

const meanMiB = (bytes: readonly number[]): number =>
  Math.round(bytes.reduce((sum, one) => sum + one, 0) / Math.max(1, bytes.length) / 1024 / 1024)

/** @returns undefined for a process that is gone */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') {
      const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
      return Number(pages) * PAGE_BYTES
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
    return Number(stdout) * 1024
  } catch {
    return undefined
  }
}
