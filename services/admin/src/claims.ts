import type { JWTPayload } from 'jose'
import { isPlainText } from './text.ts'

/** Longer than any issuer makes them; it becomes part of the audit log. */
const LONGEST_SUBJECT = 200

/** Whom a token is of; undefined when the audit log could not name them. */
export const subjectOf = ({ sub }: JWTPayload): string | undefined => (isName(sub) ? sub : undefined)

/** How people call them. */
export const nameOf = ({ name }: JWTPayload): string | undefined => (isName(name) ? name : undefined)

const isName = (text: unknown): text is string =>
  typeof text === 'string' && text !== '' && text.length <= LONGEST_SUBJECT && isPlainText(text)

/**
 * The roles that a token gives: a list, or names with spaces between them.
 * @param claim - its name, or the way to it with dots; a claim's own name may have dots, as Auth0's URLs do
 * @returns undefined when there is no such claim
 */
export function rolesOf(payload: JWTPayload, claim: string): readonly string[] | undefined {
  const held = payload[claim] ?? claim.split('.').reduce<unknown>(memberOf, payload)
  if (typeof held === 'string') return held.split(' ').filter(Boolean)
  return Array.isArray(held) ? held.filter((role) => typeof role === 'string') : undefined
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
