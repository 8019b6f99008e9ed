import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ModuleItem, type Node, parseSync } from '@swc/core'

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A workspace package as its package.json describes it. */
export interface Package {
  /** `packages/domain`, `services/webhooks`. */
  readonly directory: string
  readonly name: string
  /** Public modules: export name (`./money`) to file (`./src/money.ts`). */
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: ReadonlyMap<string, string>
  readonly devDependencies: ReadonlyMap<string, string>
}

/** One TypeScript file, parsed. Types count: `import type` and `import('…')` are imports as any other. */
export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string
  readonly package: Package
  /** What ends up in a deployment: in `src` or `migrations`, and neither a test nor there to help or be one. */
  readonly isProduct: boolean
  readonly lines: number
  readonly imports: readonly string[]
  /** Every string in it: what is found by `require.resolve` or spawned is named there, too. */
  readonly strings: ReadonlySet<string>
  /** Every node of the syntax tree, outer before inner. */
  readonly nodes: readonly SyntaxNode[]
}

export type SyntaxNode = Node & Readonly<Record<string, unknown>>

export function readPackages(): readonly Package[] {
  return ['packages', 'services'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name): Package => {
      const directory = `${folder}/${name}`
      const json = readJson(join(ROOT, directory, 'package.json'))
      return {
        directory,
        name: json.name,
        exports: json.exports ?? {},
        dependencies: new Map(Object.entries(json.dependencies ?? {})),
        devDependencies: new Map(Object.entries(json.devDependencies ?? {})),
      }
    }),
  )
}

/** What the workspace's root offers to every package's tests. */
export const rootDevDependencies = (): ReadonlySet<string> =>
  new Set(Object.keys(readJson(join(ROOT, 'package.json')).devDependencies ?? {}))

export function readSources(packages: readonly Package[]): readonly SourceFile[] {
  return packages.flatMap((owner) => filesUnder(join(ROOT, owner.directory)).map((file) => readSource(owner, file)))
}

/** A relative import as the path of its file from the root. */
export const resolveRelative = (file: SourceFile, specifier: string): string =>
  relative(ROOT, resolve(ROOT, dirname(file.path), specifier)).replaceAll('\\', '/')

/** `@remesa/domain/money` is of the package `@remesa/domain`, `zod/v4` of `zod`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

interface PackageJson {
  name: string
  exports?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const readJson = (path: string): PackageJson => JSON.parse(readFileSync(path, 'utf8')) as PackageJson

function filesUnder(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesUnder(path)
    return /(?<!\.tmp)\.tsx?$/.test(entry.name) ? [path] : [] // *.tmp.ts is nobody's but its writer's
  })
}

/** `certify` is a suite of tests that packages of rails run. */
const FOR_TESTS = /\/(testing|certify)\/|\/testing\.ts$|\.test\.ts$/

function readSource(owner: Package, file: string): SourceFile {
  const text = readFileSync(file, 'utf8')
  const path = relative(ROOT, file).replaceAll('\\', '/')
  const inPackage = path.slice(owner.directory.length + 1)
  const { body } = parseSync(text, { syntax: 'typescript', tsx: path.endsWith('.tsx'), target: 'es2024' })
  const nodes = body.flatMap((item) => nodesOf(item))
  return {
    path,
    package: owner,
    isProduct: /^(src|migrations)\//.test(inPackage) && !FOR_TESTS.test(inPackage),
    lines: text.split('\n').length - 1,
    imports: [...new Set(nodes.flatMap((node) => importedBy(node) ?? []))],
    strings: new Set(nodes.flatMap((node) => textOf(node) ?? [])),
    nodes,
  }
}

function nodesOf(item: ModuleItem): readonly SyntaxNode[] {
  const found: SyntaxNode[] = []
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one)
    else if (typeof value === 'object' && value !== null) {
      if (typeof (value as SyntaxNode).type === 'string') found.push(value as SyntaxNode)
      for (const part of Object.values(value)) visit(part)
    }
  }
  visit(item)
  return found
}

function importedBy(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return textOf(node.source)
    case 'TsImportType':
      return textOf(node.argument)
    case 'CallExpression':
      return (node.callee as SyntaxNode).type === 'Import' ? firstArgument(node) : undefined
    default:
      return undefined
  }
}

function firstArgument(call: SyntaxNode): string | undefined {
  const [argument] = call.arguments as readonly { expression: SyntaxNode }[]
  return argument && textOf(argument.expression)
}

function textOf(literal: unknown): string | undefined {
  const { type, value } = (literal ?? {}) as { type?: string; value?: unknown }
  return type === 'StringLiteral' && typeof value === 'string' ? value : undefined
}
