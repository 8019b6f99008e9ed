import type { Sentences } from './dictionary.ts'
import { esAdvice, esAdviceParts } from './es-advice.ts'
import { esAmounts, esStatuses, esTitles } from './es-explain.ts'
import { esNext, esNextParts } from './es-next.ts'
import { esNoteParts, esNotes } from './es-notes.ts'
import { esProblemParts, esProblems } from './es-problems.ts'
import { esReasons } from './es-reasons.ts'
import { esStory, esStoryParts } from './es-story.ts'
import { esTroubles } from './es-troubles.ts'

/**
 * The Spanish of English sentences. In a sentence `{name}` stands for what differs and is kept as it is: an id, a time,
 * somebody's own words. `{=name}` stands for one of `parts`, in Spanish too; `{?name}` for one of them or for anything else.
 */
export interface Table {
  readonly sentences: Sentences
  /** Found within sentences alone. */
  readonly parts: Sentences
}

const tableOf = (sentences: Sentences, parts: Sentences = {}): Table => ({ sentences, parts })

/** What the API tells in English, each kind with its table. People's own words are in none of them. */
export const TABLES = {
  /** Whose move is next. */
  next: tableOf(esNext, esNextParts),
  /** What happened: a line of a time line. */
  story: tableOf(esStory, esStoryParts),
  /** A line of an amount. */
  amount: tableOf(esAmounts, esStatuses),
  /** What payouts, transfers, bookings and settlements are called. */
  title: tableOf(esTitles, esStatuses),
  /** What a reconciliation recommends. */
  advice: tableOf(esAdvice, esAdviceParts),
  /** Why something was not done, or cannot be shown. */
  problem: tableOf(esProblems, esProblemParts),
  /** Why a message was set aside, or a service is not heard. */
  trouble: tableOf(esTroubles),
  /** A reason or a note: what Remesa gave itself is a sentence of the table, or a code. */
  note: tableOf({ ...esNotes, ...esReasons }, { ...esProblemParts, ...esNoteParts }),
} as const satisfies Readonly<Record<string, Table>>

export type Told = keyof typeof TABLES

/** @returns the text itself where its table does not have it: better in English than not at all, and people's words stay theirs */
export const inSpanish = (told: Told, text: string): string => {
  const { sentences, parts } = TABLES[told]
  return spanishOf(text, sentences, parts) ?? text
}

/** What happened, as an explanation tells it: with a reason in brackets, and by whom. */
export function storyInSpanish(text: string): string {
  const [, title = text, reason, who] = /^(.*?)(?: \((.*)\))?(?:, by (\S+))?$/s.exec(text) ?? []
  const because = reason === undefined ? '' : ` (${inSpanish('note', reason)})`
  return `${inSpanish('story', title)}${because}${who === undefined ? '' : `, por ${who}`}`
}

/** @returns undefined for a text that the sentences do not have */
function spanishOf(text: string, sentences: Sentences, parts: Sentences): string | undefined {
  if (Object.hasOwn(sentences, text)) return sentences[text]
  for (const template of templatesOf(sentences)) {
    const told = filled(template, text, parts)
    if (told !== undefined) return told
  }
  return undefined
}

interface Template {
  readonly pattern: RegExp
  /** In the order in which they stand in English. */
  readonly places: readonly { readonly name: string; readonly kind: string }[]
  readonly spanish: string
}

const PLACE = /\{([=?]?)(\w+)\}/g
const made = new WeakMap<Sentences, readonly Template[]>()

/** Those that say most of themselves come first. */
function templatesOf(sentences: Sentences): readonly Template[] {
  const known = made.get(sentences)
  if (known) return known
  const own = (english: string) => english.replaceAll(PLACE, '').length
  const templates = Object.entries(sentences)
    .filter(([english]) => english.includes('{'))
    .sort(([one], [other]) => own(other) - own(one))
    .map(([english, spanish]) => ({
      pattern: patternOf(english),
      places: Array.from(english.matchAll(PLACE), ([, kind = '', name = '']) => ({ kind, name })),
      spanish,
    }))
  made.set(sentences, templates)
  return templates
}

/** One of ours is as long as it can be: `1 payment` and then `differs`. */
function patternOf(english: string): RegExp {
  const pieces = english.split(/(\{[=?]?\w+\})/)
  const told = pieces.map((piece, index) => {
    if (index % 2 === 0) return escaped(piece)
    return piece.startsWith('{=') ? '(.+)' : '(.+?)'
  })
  return new RegExp(`^${told.join('')}$`, 's')
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

function filled({ pattern, places, spanish }: Template, text: string, parts: Sentences): string | undefined {
  const values = pattern.exec(text)?.slice(1)
  if (!values) return undefined
  const told = new Map<string, string>()
  for (const [index, { name, kind }] of places.entries()) {
    const value = values[index] ?? ''
    const ours = kind === '' ? value : (spanishOf(value, parts, parts) ?? (kind === '?' ? value : undefined))
    if (ours === undefined) return undefined
    told.set(name, ours)
  }
  return spanish.replaceAll(/\{(\w+)\}/g, (whole, name: string) => told.get(name) ?? whole)
}
