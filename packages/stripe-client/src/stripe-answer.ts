import type { ProviderFacts } from '@remesa/domain/rail'
import { ProviderError } from '@remesa/provider-http/provider-error'
import type Stripe from 'stripe'
import type { z } from 'zod'
import { readErrorOf } from './outcome.ts'

/** A 2xx as the SDK gives it, before anything in it is believed. */
export type Answer = Stripe.Response<unknown>

/** What is kept of an answer. */
export function factsOf({ lastResponse }: Answer): ProviderFacts {
  const { statusCode: status, requestId } = lastResponse
  return requestId === undefined ? { status } : { status, requestId }
}

/** True when it came from Stripe's memory of the key, and shows what was so then. */
export const isReplayed = ({ lastResponse }: Answer): boolean => lastResponse.headers['idempotent-replayed'] === 'true'

/** @throws ProviderError `garbled`, naming paths and expectations, never a value */
export function read<Schema extends z.ZodType>(schema: Schema, operation: string, answer: Answer): z.output<Schema> {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw garbled(operation, answer, problems.join('; '))
}

/** An answer that makes no sense. */
export const garbled = (operation: string, answer: Answer, detail: string): ProviderError =>
  new ProviderError({
    kind: 'garbled',
    provider: 'stripe',
    operation,
    code: 'unexpected_body',
    detail,
    ...factsOf(answer),
  })

/** For the `catch` of a read. @throws ProviderError, or the error again when it is none of Stripe's */
export const failed =
  (operation: string) =>
  (error: unknown): never => {
    throw readErrorOf(error, operation)
  }
