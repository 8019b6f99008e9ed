import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from '@swc/core'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A text in the source; what differs in it is `{}`. */
export interface EnglishText {
  readonly file: string
  readonly text: string
  /** Of the property that it is the value of, or `refused()` of the function that it is handed to. */
  readonly property: string | undefined
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

/**
 * What stands in quotes in product code, without what no reader of an answer sees: SQL, what is logged, errors of our own
 * that are thrown, types, and the descriptions of the API.
 * @param patterns - from the root of the repository
 */
export function englishTexts(patterns: readonly string[]): readonly EnglishText[] {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  return files
    .filter((file) => !/\.test\.ts$|\/testing\//.test(file))
    .flatMap((file) => {
      const found: EnglishText[] = []
      const add = (text: string, property?: string) => found.push({ file, text: skeletonOf(text), property })
      visit(parseSync(readFileSync(join(ROOT, file), 'utf8'), { syntax: 'typescript', target: 'es2024' }), add)
      return found
    })
}

/** One shape for `There is no {id}.`, a template of it, and the dictionary's key. */
export const skeletonOf = (text: string): string => text.replaceAll(/\{[=?]?\w*\}/g, '{}').replaceAll(/(\{\})+/g, '{}')

const UNSEEN: ReadonlySet<string> = new Set([
  ...['ImportDeclaration', 'ExportNamedDeclaration', 'TsTypeAnnotation', 'TsTypeAliasDeclaration'],
  ...['TsInterfaceDeclaration', 'TaggedTemplateExpression', 'ThrowStatement'],
])
const DESCRIPTIONS: ReadonlySet<string> = new Set(['description', 'summary', 'example'])

function visit(value: unknown, add: (text: string, property?: string) => void, property?: string): void {
  if (Array.isArray(value)) for (const one of value) visit(one, add, property)
  else if (typeof value === 'object' && value !== null) {
    const node = value as Node
    if (UNSEEN.has(node.type) || isOfLogger(node)) return
    if (node.type === 'KeyValueProperty') {
      const key = nameOf(node.key)
      if (key === undefined || !DESCRIPTIONS.has(key)) visit(node.value, add, key)
    } else if (node.type === 'StringLiteral') add(String(node.value), property)
    else if (node.type === 'TemplateLiteral') {
      add((node.quasis as { cooked: string }[]).map(({ cooked }) => cooked).join('{}'), property)
      visit(node.expressions, add)
    } else if (node.type === 'CallExpression') {
      visit(node.callee, add)
      visit(node.arguments, add, `${nameOf(node.callee) ?? nameOf((node.callee as Node).property)}()`)
    } else for (const part of Object.values(node)) visit(part, add, property)
  }
}

const nameOf = (key: unknown): string | undefined => {
  const { value } = (key ?? {}) as { value?: unknown }
  return typeof value === 'string' ? value : undefined
}

/** `logger.info({ … }, 'done')`. */
function isOfLogger({ type, callee }: Node): boolean {
  const { object } = (callee ?? {}) as { object?: { value?: unknown; property?: { value?: unknown } } }
  return (
    type === 'CallExpression' && [object?.value, object?.property?.value].some((name) => /^log(ger)?$/.test(`${name}`))
  )
}
