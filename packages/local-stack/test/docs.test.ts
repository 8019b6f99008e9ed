import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@remesa/database/testing/test-database'
import { sql } from 'kysely'
import { readServiceConfigs, type ServiceConfig } from './service-configs.ts'
import { ROOT } from './source-tree.ts'

// What the documents say is held against the code: variables, SQL, links.

const documents = markdownUnder('.')

function markdownUnder(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : markdownUnder(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('every link between documents leads to a file that is there', () => {
  const broken = documents.flatMap((path) =>
    Array.from(read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)/g), ([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every SQL statement in the documents runs on today’s schema', async () => {
  const { database, drop } = await createTestDatabase({ poolSize: 1 })
  try {
    const failures: string[] = []
    let statements = 0
    for (const path of documents) {
      for (const statement of statementsIn(read(path))) {
        statements += 1
        const undone = new Error('undone')
        await database
          .transaction()
          .execute(async (tx) => {
            await sql.raw(withSampleValues(statement)).execute(tx)
            throw undone
          })
          .catch((error: Error) => {
            if (error !== undone) failures.push(`${path}: ${error.message} in: ${statement}`)
          })
      }
    }
    expect(failures).toEqual([])
    expect(statements).toBeGreaterThan(20)
  } finally {
    await drop()
  }
})

const statementsIn = (markdown: string): readonly string[] =>
  Array.from(markdown.matchAll(/^```sql\n([\s\S]*?)^```$/gm), ([, block = '']) => block.split(/;\s*$/m))
    .flat()
    .map((statement) => statement.trim())
    .filter((statement) => !['', 'begin', 'commit'].includes(statement))

/** psql's variables, and dots where a reader writes a value. */
const withSampleValues = (statement: string): string =>
  statement.replaceAll(/'…'/g, 'null').replaceAll(/:'(\w+)'/g, (_, name: string) => {
    if (['balance', 'letter', 'alert', 'transfer', 'job', 'reversal'].includes(name))
      return `'00000000-0000-4000-8000-000000000000'`
    if (name === 'minor_units') return `'1'`
    return name === 'date' ? `'2026-11-20'` : `'${name}'`
  })

// The README's table of variables: | `NAME` | services | default | meaning |
const configs = await readServiceConfigs()
const table = new Map(
  Array.from(
    read('README.md').matchAll(/^\| `([A-Z][A-Z0-9_]+)` +\| ([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\|$/gm),
    ([, name = '', services = '', fallback = '', meaning = '']) => [name, { services, fallback, meaning }] as const,
  ),
)

test('the README names every variable of every service, and who reads it', () => {
  const readers = new Map<string, string[]>()
  for (const { service, variables } of configs) {
    for (const name of variables) readers.set(name, [...(readers.get(name) ?? []), service])
  }
  const expected = Array.from(readers, ([name, services]) => [
    name,
    services.length === configs.length ? 'all' : services.toSorted().join(', '),
  ])
  const said = Array.from(table, ([name, { services }]) => [name, services])
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries(expected))
})

test.each(configs)('the README says what $service needs, and what it takes by default', (config) => {
  const wrong = [...config.variables].flatMap((name) => {
    const expected = defaultOf(config, name)
    const said = table.get(name)?.fallback ?? 'nothing'
    return said === expected ? [] : [`${name}: the README says ${said}, the service ${expected}`]
  })
  expect(wrong).toEqual([])
})

/** `**required**`, the default as code, or a dash. */
function defaultOf({ readConfig, required }: ServiceConfig, name: string): string {
  if (required.has(name)) return '**required**'
  const value = readConfig(Object.fromEntries([...required].map((one) => [one, SAMPLES[one] ?? 'sample'])))[name]
  return value === undefined ? '–' : `\`${Array.isArray(value) ? value.join(',') : String(value)}\``
}

const SAMPLES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://localhost/remesa',
  STRIPE_WEBHOOK_SECRETS: 'whsec_sample',
  SESSION_SECRET: 'a sample of a secret that is long enough',
  ...Object.fromEntries(
    configs.flatMap(({ required }) =>
      [...required]
        .filter((name) => /_URL$/.test(name) && name !== 'DATABASE_URL')
        .map((name) => [name, 'https://example.com']),
    ),
  ),
}
