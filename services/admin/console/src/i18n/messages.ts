import { FINANCE_ALERT_KINDS, type FinanceAlertKind } from '@remesa/domain/finance-alert'
import type { Dictionary, MessageKey } from './dictionary.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { esAlertNames, esAlerts } from './es-alerts.ts'

export type Language = 'en' | 'es'

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never
type Values<Key extends MessageKey> = [NamesIn<(typeof en)[Key]>] extends [never]
  ? []
  : [values: Readonly<Record<NamesIn<(typeof en)[Key]>, string | number>>]

/** A message that is complete as it stands. */
export type PlainKey = { [Key in MessageKey]: Values<Key> extends [] ? Key : never }[MessageKey]

/** A message in the reader's language; one with `{names}` asks for their values. */
export type Translate = <Key extends MessageKey>(key: Key, ...values: Values<Key>) => string

const DICTIONARIES: Readonly<Record<Language, Dictionary>> = { en, es }

export function translator(language: Language): Translate {
  const dictionary = DICTIONARIES[language]
  return (key, ...[values]) => {
    const given: Readonly<Record<string, string | number>> = values ?? {}
    return dictionary[key].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(given[name] ?? whole))
  }
}

/**
 * What a code of the API is called, e.g. the status `awaiting_funds`. One that this console does not know yet is shown as
 * it is, without its underscores: a new status must not make a page fail.
 */
export function labelOf(language: Language, code: string): string {
  const key = `code.${code}`
  if (key in en) return DICTIONARIES[language][key as MessageKey]
  const alert = alertKind(code)
  return language === 'es' && alert ? esAlertNames[alert] : code.replaceAll('_', ' ')
}

/** What an alert says, in the reader's language; as the API has it where this console does not know its kind. */
export function alertSentence(language: Language, { kind, sentence }: { kind: string; sentence: string }): string {
  const known = alertKind(kind)
  return language === 'es' && known ? esAlerts[known] : sentence
}

const alertKind = (kind: string): FinanceAlertKind | undefined => FINANCE_ALERT_KINDS.find((one) => one === kind)

/** The reader's locale: their own variety of the language (`es-CL`) where the browser has one. */
export const localeFor = (language: Language, preferred: readonly string[]): string =>
  preferred.find((locale) => locale === language || locale.startsWith(`${language}-`)) ?? language
