import { z } from 'zod'

/** Text that PostgreSQL, JSON and a person can read: no NUL, no half of a character, nothing that moves a cursor. */
export const isPlainText = (text: string): boolean =>
  text.isWellFormed() && !/\p{Cc}/u.test(text.replaceAll(/[\t\n]/g, ''))

/** Text that somebody sent, without the white space around it. */
export const plainText = ({ longest }: { longest: number }) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(longest, `must have at most ${longest} characters`)
    .refine(isPlainText, 'must have no control characters')
