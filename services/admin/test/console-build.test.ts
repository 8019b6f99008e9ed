import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const SCRIPT_LIMIT_BYTES = 250 * 1_000
/** What must arrive before Today can be drawn. */
const FIRST_PAGE_LIMIT_BYTES = 150 * 1_000
const BUILD = fileURLToPath(new URL('../console/build.ts', import.meta.url))

let dist: string
let html: string
const run = () => promisify(execFile)(process.execPath, [BUILD, dist])

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'remesa-console-'))
  await run()
  html = await readFile(join(dist, 'index.html'), 'utf8')
})
afterAll(() => rm(dist, { recursive: true, force: true }))

const assets = async (extension: string) =>
  Promise.all(
    (await readdir(join(dist, 'assets')))
      .filter((name) => name.endsWith(extension))
      .map(async (name) => ({ name, content: await readFile(join(dist, 'assets', name)) })),
  )
const zipped = (files: readonly { content: Buffer }[]) =>
  files.reduce((sum, { content }) => sum + gzipSync(content).length, 0)

test('the whole console is under 250 kB of script, gzipped, and its first page well under that', async () => {
  const scripts = await assets('.js')
  expect(zipped(scripts)).toBeLessThan(SCRIPT_LIMIT_BYTES)
  expect(scripts.length).toBeGreaterThan(15) // each page is a file of its own
  const first = scripts.filter(({ name }) => html.includes(name) || /^(today|table|values|use-list)-/.test(name))
  expect(zipped(first)).toBeLessThan(FIRST_PAGE_LIMIT_BYTES)
})

test('the page stands a content security policy without inline scripts, inline styles and data addresses', async () => {
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/)
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|data:/)
  for (const { content } of await assets('.css')) expect(content.toString()).not.toMatch(/url\(|@import/)
  for (const { content } of await assets('.js')) expect(content.toString()).not.toMatch(/\beval\(|new Function\(/)
})

test('nothing made up for drawing pages is in what is built', async () => {
  for (const { content } of await assets('.js')) expect(content.toString()).not.toContain('Comercial Andes')
})

test('what is up to date is not built again', async () => {
  expect((await run()).stdout).toBe('The console is up to date.\n')
})
