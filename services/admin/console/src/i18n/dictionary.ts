import type { en } from './en.ts'

export type MessageKey = keyof typeof en

/** A dictionary: each key of the English one, or it does not compile. */
export type Dictionary = Readonly<Record<MessageKey, string>>

/** English sentences of the API, and what they are in Spanish. */
export type Sentences = Readonly<Record<string, string>>
