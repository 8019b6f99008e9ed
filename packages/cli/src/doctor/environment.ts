import { EnvironmentError, parseEnvironment } from '@remesa/service-kit/environment'
import { z } from 'zod'
import { type Env, type Finding, unchecked, wrong } from './check.ts'

/** A part of the environment: there and right, or what is to be said of it. */
export type Part<Shape extends z.ZodRawShape> =
  | { readonly kind: 'set'; readonly values: z.output<z.ZodObject<Shape>> }
  | { readonly kind: 'unusable'; readonly finding: Finding }

/** Reads what a part of the system needs. Where nothing of it is set, it is not this machine's affair. */
export function readPart<Shape extends z.ZodRawShape>(env: Env, shape: Shape): Part<Shape> {
  const names = Object.keys(shape)
  if (names.every((name) => !env[name])) return { kind: 'unusable', finding: unset(names) }
  try {
    return { kind: 'set', values: parseEnvironment(env, z.object(shape)) }
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error
    return { kind: 'unusable', finding: wrong(error.message, 'Set what it names as the services have it (README).') }
  }
}

const unset = ([first = '']: readonly string[]): Finding => unchecked(`${first} is not set here`)
