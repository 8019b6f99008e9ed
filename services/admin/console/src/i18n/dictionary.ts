import type { en } from './en.ts'

export type MessageKey = keyof typeof en

/** A dictionary: each key of the English one, or it does not compile. */
export type Dictionary = Readonly<Record<MessageKey, string>>
