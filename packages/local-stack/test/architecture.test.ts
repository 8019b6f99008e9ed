import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import {
  type Package,
  packageOf,
  ROOT,
  readPackages,
  readSources,
  resolveRelative,
  rootDevDependencies,
  type SourceFile,
  type SyntaxNode,
} from './source-tree.ts'

const CLIENTS = ['netsuite-client', 'gsc-client', 'fpay-client', 'payoneer-client', 'stripe-client', 'alerting']

/** Who may import whom, of ours. What a deployment runs is held to it; a package's tests may name its devDependencies. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  'service-kit': [],
  'provider-http': ['domain', 'service-kit'],
  ...Object.fromEntries(CLIENTS.map((client) => [client, ['domain', 'service-kit', 'provider-http']])),
  // What moves money, and the books it is compared with.
  rails: [
    'domain',
    'service-kit',
    'provider-http',
    'fpay-client',
    'payoneer-client',
    'stripe-client',
    'netsuite-client',
  ],
  csv: ['domain'],
  database: ['domain'],
  messaging: ['domain', 'service-kit', 'database'],
  'pubsub-emulator': [],
  cli: ['domain', 'csv', 'service-kit', 'provider-http', ...CLIENTS, 'rails', 'database', 'messaging'],
  sandbox: ['domain'], // never a client: one misreading of a wire format would hide on both sides
}
/** For a service; another service is never among them. */
const SERVICES_MAY_IMPORT = ['domain', 'service-kit', 'provider-http', ...CLIENTS, 'rails', 'database', 'messaging']
/** For development and tests alone. */
const NOT_FOR_PRODUCTION = new Set(['@remesa/sandbox', '@remesa/pubsub-emulator', '@remesa/local-stack'])
const LOCAL_STACK = 'packages/local-stack'
const MAXIMUM_LINES = 400

const packages = readPackages()
const sources = readSources(packages)
const product = sources.filter(({ isProduct }) => isProduct)
const byName = new Map(packages.map((one) => [one.name, one]))

/** @returns one line for each thing found, so that a failing test shows them all */
const found = (files: readonly SourceFile[], look: (file: SourceFile) => readonly string[]): readonly string[] =>
  files.flatMap((file) => look(file).map((what) => `${file.path}: ${what}`))

const foundNodes = (files: readonly SourceFile[], look: (node: SyntaxNode) => string | false): readonly string[] =>
  found(files, ({ nodes }) => nodes.flatMap((node) => look(node) || []))

test('a package imports only those of ours that its place allows', () => {
  const strays = found(product, (file) =>
    importedPackages(file).flatMap((name) => (mayImport(file.package, name) ? [] : [name])),
  )
  expect(strays).toEqual([])
})

function mayImport(owner: Package, name: string): boolean {
  const imported = byName.get(name)
  if (!imported || imported === owner || owner.directory === LOCAL_STACK) return true
  const [folder, short = ''] = owner.directory.split('/')
  const allowed = folder === 'services' ? SERVICES_MAY_IMPORT : (MAY_IMPORT[short] ?? [])
  return imported.directory.startsWith('packages/') && allowed.includes(imported.directory.slice('packages/'.length))
}

test('every package has its place', () => {
  const places = new Set([...Object.keys(MAY_IMPORT), 'local-stack'])
  const homeless = packages.filter(
    ({ directory }) => directory.startsWith('packages/') && !places.has(directory.slice('packages/'.length)),
  )
  expect(homeless.map(({ directory }) => directory)).toEqual([])
})

test('packages form no circle, types counted', () => {
  const arrows = new Map(
    packages.map((owner) => [
      owner.directory,
      product
        .filter((file) => file.package === owner)
        .flatMap(importedPackages)
        .flatMap((name) => byName.get(name)?.directory ?? [])
        .filter((directory) => directory !== owner.directory),
    ]),
  )
  expect(circleIn(arrows)).toEqual([])
})

test('files form no circle, types counted', () => {
  const arrows = new Map(
    sources.map((file) => [
      file.path,
      file.imports.filter((specifier) => specifier.startsWith('.')).map((one) => resolveRelative(file, one)),
    ]),
  )
  expect(circleIn(arrows)).toEqual([])
})

test('a relative import stays in its package', () => {
  const strays = found(sources, (file) =>
    file.imports.filter(
      (specifier) =>
        specifier.startsWith('.') &&
        !resolveRelative(file, specifier).startsWith(`${file.package.directory}/`) &&
        !runsServices(file),
    ),
  )
  expect(strays).toEqual([])
})

/** The tests of the deployment read each service's configuration, which no package exports. */
const runsServices = (file: SourceFile): boolean => file.path.startsWith(`${LOCAL_STACK}/test/`)

test('what a deployment runs imports only what its package.json names as a dependency', () => {
  const strays = found(product, (file) =>
    importedPackages(file).filter((name) => name !== file.package.name && !file.package.dependencies.has(name)),
  )
  expect(strays).toEqual([])
})

test('tests and benchmarks import only what their package.json, or the workspace’s, names', () => {
  const everywhere = rootDevDependencies()
  const strays = found(
    sources.filter(({ isProduct }) => !isProduct),
    (file) =>
      importedPackages(file).filter((name) => {
        const { dependencies, devDependencies } = file.package
        const named = dependencies.has(name) || devDependencies.has(name) || everywhere.has(name)
        return name !== file.package.name && !named
      }),
  )
  expect(strays).toEqual([])
})

test('a package names no dependency that it does not use', () => {
  const unused = packages.flatMap((owner) => {
    const files = sources.filter((file) => file.package === owner)
    const inProduct = files.filter(({ isProduct }) => isProduct || NOT_FOR_PRODUCTION.has(owner.name))
    return [
      ...[...owner.dependencies.keys()].filter((name) => !usedIn(inProduct, name)),
      ...[...owner.devDependencies.keys()].filter((name) => !name.startsWith('@types/') && !usedIn(files, name)),
    ].map((name) => `${owner.directory}: ${name}`)
  })
  expect(unused).toEqual([])
})

const usedIn = (files: readonly SourceFile[], name: string): boolean =>
  files.some(({ strings }) => [...strings].some((text) => text === name || text.startsWith(`${name}/`)))

test('versions stand in one place', () => {
  const strays = packages.flatMap(({ directory, dependencies, devDependencies }) =>
    [...dependencies, ...devDependencies].flatMap(([name, version]) => {
      const expected = name.startsWith('@remesa/') ? 'workspace:*' : 'catalog:'
      return version === expected ? [] : [`${directory}: ${name} is ${version}, not ${expected}`]
    }),
  )
  expect(strays).toEqual([])
})

test('sandbox and emulator are out of production’s reach', () => {
  const allowed = new Set([LOCAL_STACK, 'packages/sandbox', 'packages/pubsub-emulator'])
  const strays = packages
    .filter(({ directory }) => !allowed.has(directory))
    .flatMap(({ directory, dependencies }) =>
      [...dependencies.keys()].filter((name) => NOT_FOR_PRODUCTION.has(name)).map((name) => `${directory}: ${name}`),
    )
  const testing = found(product, (file) =>
    file.package.directory === LOCAL_STACK
      ? []
      : file.imports.filter((specifier) => /^@remesa\/[\w-]+\/testing/.test(specifier)),
  )
  expect([...strays, ...testing]).toEqual([])
})

test('imports between packages go through modules that the other package exports', () => {
  const strays = found(sources, (file) =>
    file.imports.filter((specifier) => {
      const other = byName.get(packageOf(specifier))
      return other !== undefined && other.exports[`.${specifier.slice(other.name.length)}`] === undefined
    }),
  )
  const missing = packages.flatMap(({ directory, exports }) =>
    Object.values(exports)
      .filter((file) => !existsSync(join(ROOT, directory, file)))
      .map((file) => `${directory}: exports ${file}, which is not there`),
  )
  expect([...strays, ...missing]).toEqual([])
})

test('the domain has no I/O, no clock and no dice', () => {
  const domain = product.filter((file) => file.package.directory === 'packages/domain')
  const io = found(domain, ({ imports }) => imports.filter((specifier) => !specifier.startsWith('.')))
  const time = foundNodes(domain, (node) => {
    const call = memberName(node)
    const isNow = node.type === 'NewExpression' && isIdentifier(node.callee, 'Date') && !hasArguments(node)
    if (isNow) return 'new Date()'
    return (
      ['Date.now', 'Math.random', 'Temporal.Now', 'performance.now', 'process.env'].includes(call ?? '') && `${call}`
    )
  })
  expect([...io, ...time]).toEqual([])
})

test('only main.ts, tests and benchmarks read the environment', () => {
  const mains = /\/(main|bench)\.ts$|\/bench\//
  const strays = foundNodes(
    product.filter(({ path }) => !mains.test(path)),
    (node) => memberName(node) === 'process.env' && 'process.env',
  )
  expect(strays).toEqual([])
})

test('nothing that types cannot erase to: no enum, namespace, parameter property, decorator', () => {
  const strays = foundNodes(sources, (node) => {
    switch (node.type) {
      case 'TsEnumDeclaration':
      case 'TsParameterProperty':
      case 'TsImportEqualsDeclaration':
      case 'TsExportAssignment':
      case 'Decorator':
        return node.type
      case 'TsModuleDeclaration':
        return !node.declare && node.type
      default:
        return false
    }
  })
  expect(strays).toEqual([])
})

test('no money goes through floats: no parseFloat and no toFixed where amounts are known', () => {
  const strays = foundNodes(
    product.filter((file) => file.package.directory !== LOCAL_STACK),
    (node) => {
      if (node.type !== 'CallExpression') return false
      const callee = node.callee as SyntaxNode
      const name = isIdentifier(callee, 'parseFloat') ? 'parseFloat' : propertyName(callee)
      return name !== undefined && ['parseFloat', 'toFixed', 'toPrecision'].includes(name) && `${name}(`
    },
  )
  expect(strays).toEqual([])
})

test('no module ties everything to everything', () => {
  const barrels = sources.filter(({ path }) => path.endsWith('/index.ts')).map(({ path }) => path)
  const exportAll = foundNodes(sources, (node) => node.type === 'ExportAllDeclaration' && 'export *')
  expect([...barrels, ...exportAll]).toEqual([])
})

test('a migration is frozen: it imports nothing of ours', () => {
  const migrations = sources.filter(({ path }) => path.includes('/migrations/'))
  expect(migrations.length).toBeGreaterThan(0)
  expect(
    found(migrations, ({ imports }) => imports.filter((one) => one.startsWith('.') || byName.has(packageOf(one)))),
  ).toEqual([])
})

test('a service is one process: main.ts wires, config.ts reads', () => {
  const incomplete = packages
    .filter(({ directory }) => directory.startsWith('services/'))
    .flatMap(({ directory }) =>
      ['src/main.ts', 'src/config.ts']
        .filter((file) => !existsSync(join(ROOT, directory, file)))
        .map((file) => `${directory}: no ${file}`),
    )
  expect(incomplete).toEqual([])
})

test('every package says what it is in a README', () => {
  const silent = packages.filter(({ directory }) => !existsSync(join(ROOT, directory, 'README.md')))
  expect(silent.map(({ directory }) => directory)).toEqual([])
})

test(`a file has one subject: none is longer than ${MAXIMUM_LINES} lines`, () => {
  const long = sources.filter(({ lines }) => lines > MAXIMUM_LINES).map(({ path, lines }) => `${path}: ${lines} lines`)
  expect(long).toEqual([])
})

const importedPackages = (file: SourceFile): readonly string[] => [
  ...new Set(file.imports.filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier)).map(packageOf)),
]

/** @returns a way from a node back to itself, or nothing */
function circleIn(arrows: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const finished = new Set<string>()
  const way: string[] = []
  const search = (node: string): readonly string[] => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node]
    if (finished.has(node)) return []
    way.push(node)
    for (const next of arrows.get(node) ?? []) {
      const circle = search(next)
      if (circle.length > 0) return circle
    }
    way.pop()
    finished.add(node)
    return []
  }
  for (const node of arrows.keys()) {
    const circle = search(node)
    if (circle.length > 0) return circle
  }
  return []
}

/** `process.env` for a member of a plain name. */
function memberName(node: SyntaxNode): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const object = node.object as SyntaxNode
  const property = propertyName(node)
  return object.type === 'Identifier' && property !== undefined ? `${object.value}.${property}` : undefined
}

function propertyName(node: SyntaxNode): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const property = node.property as SyntaxNode
  return property.type === 'Identifier' ? String(property.value) : undefined
}

const isIdentifier = (node: unknown, name: string): boolean =>
  (node as SyntaxNode).type === 'Identifier' && (node as SyntaxNode).value === name

const hasArguments = (node: SyntaxNode): boolean => Array.isArray(node.arguments) && node.arguments.length > 0
