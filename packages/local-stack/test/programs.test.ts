import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { builtProgram, sourceFiles } from '../src/stack/programs.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

test('programs are put together anew when any file of ours that is in them changes, migrations too', async () => {
  const directory = dirname(await builtProgram('payouts'))
  const maps = (await readdir(directory)).filter((name) => name.endsWith('.map'))
  const sources = await Promise.all(
    maps.map(
      async (name): Promise<readonly string[]> => JSON.parse(await readFile(join(directory, name), 'utf8')).sources,
    ),
  )
  const ours = sources
    .flat()
    .map((path) => relative(ROOT, resolve(directory, path)))
    .filter((path) => !path.includes('node_modules') && !path.startsWith('..'))
  const known = new Set(await sourceFiles())
  expect(ours.length).toBeGreaterThan(500)
  expect([...new Set(ours)].filter((path) => !known.has(path))).toEqual([])
})
