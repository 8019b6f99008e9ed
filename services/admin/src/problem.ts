import { z } from 'zod'

/** What can be wrong with a request, with the status and the title of each. */
const PROBLEMS = {
  'bad-request': [400, 'The request is not right'],
  'not-authenticated': [401, 'Not authenticated'],
  'sign-in-failed': [401, 'The sign-in did not work'],
  'role-lacking': [403, 'Not permitted'],
  'csrf-token-wrong': [403, 'The request is not the console’s own'],
  'own-request': [403, 'A second person must decide'],
  'not-found': [404, 'Not found'],
  'wrong-state': [409, 'It does not fit the current state'],
  'approval-open': [409, 'An approval is being waited for'],
  'approval-decided': [409, 'The approval has been decided'],
  'approval-void': [409, 'The approval is void'],
  'approval-required': [409, 'A second person must approve it first'],
  'plan-differs': [409, 'It is another plan'],
  'plan-void': [409, 'The plan is void'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'The body is not JSON'],
  'request-key-reused': [422, 'The key names another request'],
  'too-many-requests': [429, 'Too many requests'],
  internal: [500, 'Something went wrong here'],
  'keys-unavailable': [503, 'Tokens cannot be checked now'],
  'sign-in-unavailable': [503, 'Nobody can sign in now'],
  'console-missing': [503, 'The console is not built'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>
export type ProblemKind = keyof typeof PROBLEMS

/** RFC 9457. `detail` is one sentence for people; further members are for programs. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: `\`urn:remesa:problem:\` and its kind: ${Object.keys(PROBLEMS).join(', ')}` }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
  })
  .meta({ id: 'Problem' })
export type ProblemBody = z.output<typeof problemSchema>

/** @param members - what a program needs to know beyond the kind, e.g. the current state */
export function problem(kind: ProblemKind, detail: string, members: object = {}): ProblemBody {
  const [status, title] = PROBLEMS[kind]
  return { type: `urn:remesa:problem:${kind}`, title, status, detail, ...members }
}

/** Ends a request with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly body: ProblemBody
  readonly headers: Readonly<Record<string, string>>
  constructor(body: ProblemBody, headers: Readonly<Record<string, string>> = {}) {
    super(body.detail)
    this.body = body
    this.headers = headers
  }
}
