import { ProblemError, problem } from './problem.ts'

/**
 * Sign-ins of one address: starting, coming back and signing out together. People mistype, and an office shares an address;
 * nobody needs more. Each instance of the service counts for itself.
 */
export const signInLimit = {
  max: 60,
  timeWindow: 60_000,
  errorResponseBuilder: (_request: unknown, { ttl }: { ttl: number }) => {
    const seconds = Math.ceil(ttl / 1000)
    return new ProblemError(problem('too-many-requests', `Too many sign-ins from here; try again in ${seconds} s.`))
  },
}
