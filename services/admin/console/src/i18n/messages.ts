import type { Dictionary, MessageKey } from './dictionary.ts'
import { en } from './en.ts'
import type { Told } from './spanish.ts'

export type Language = 'en' | 'es'

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never
type Values<Key extends MessageKey> = [NamesIn<(typeof en)[Key]>] extends [never]
  ? []
  : [values: Readonly<Record<NamesIn<(typeof en)[Key]>, string | number>>]

/** A message that is complete as it stands. */
export type PlainKey = { [Key in MessageKey]: Values<Key> extends [] ? Key : never }[MessageKey]

/** A message in the reader's language; one with `{names}` asks for their values. */
export type Translate = <Key extends MessageKey>(key: Key, ...values: Values<Key>) => string

/** How one language says what the console shows. */
export interface Voice {
  readonly language: Language
  readonly t: Translate
  /** What a code of the API, e.g. a status, is called; one that is new here as it is, so that no page fails of it. */
  readonly label: (code: string) => string
  /** What an alert says; as the API has it where its kind is new here. */
  readonly alertText: (alert: { kind: string; sentence: string }) => string
  /** What the API tells in English; whatever is a person's own words stays as it is. */
  readonly tell: (told: Told, text: string) => string
  /** What happened, as an explanation tells it. */
  readonly happened: (text: string) => string
}

/** The API's own language: what it tells needs no translation. */
export const english: Voice = {
  language: 'en',
  t: translator(en),
  label: labels(en, {}),
  alertText: ({ sentence }) => sentence,
  tell: (_, text) => text,
  happened: (text) => text,
}

export function translator(dictionary: Dictionary): Translate {
  return (key, ...[values]) => {
    const given: Readonly<Record<string, string | number>> = values ?? {}
    return dictionary[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(given[name] ?? whole))
  }
}

/** @param further - codes that go by their own words in English */
export function labels(dictionary: Dictionary, further: Readonly<Record<string, string>>): Voice['label'] {
  return (code) => {
    const key = `code.${code}`
    if (key in en) return dictionary[key as MessageKey]
    return (Object.hasOwn(further, code) ? further[code] : undefined) ?? code.replaceAll('_', ' ')
  }
}

/** The reader's locale: their own variety of the language (`es-CL`) where the browser has one. */
export const localeFor = (language: Language, preferred: readonly string[]): string =>
  preferred.find((locale) => locale === language || locale.startsWith(`${language}-`)) ?? language
