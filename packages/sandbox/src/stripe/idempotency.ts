import { Refusal, type Reply, type SandboxRequest } from '../kit/http.ts'
import { errorReply } from './errors.ts'

/** Keys are kept at least this long (facts: stripe §4); the sandbox forgets them at once when it is over. */
const KEPT_MS = 24 * 3_600_000
const MAX_KEY_LENGTH = 255

export interface IdempotencyKeys {
  /**
   * Runs the work once per key and keeps its reply, refusals and errors included: the same request again is answered
   * byte for byte as before. Nothing is kept of 401, 409 and 429, nor of what was refused before the work.
   * @throws Refusal: a key that is too long, came with other parameters, or whose work is under way
   */
  once(request: SandboxRequest, work: () => Reply | Promise<Reply>): Promise<Reply>
  /** As if every key were older than a day. */
  forgetAll(): void
  /** Keys remembered now. */
  count(): number
}

interface Stored {
  readonly endpoint: string
  readonly parameters: string
  readonly at: number
  reply: Reply | 'under way'
}

/** Stripe's idempotency layer for POST requests of one account and mode. */
export function createIdempotencyKeys(now: () => Date): IdempotencyKeys {
  const kept = new Map<string, Stored>() // in order of arrival, so the oldest come first

  function prune(at: number): void {
    for (const [key, stored] of kept) {
      if (at - stored.at < KEPT_MS) break
      if (stored.reply !== 'under way') kept.delete(key)
    }
  }

  return {
    async once(request, work) {
      const key = keyOf(request)
      if (key === undefined) return finish(work)
      const at = now().getTime()
      prune(at)
      const endpoint = request.path
      const parameters = request.rawBody.toString('utf8')
      const known = kept.get(key)
      if (known) {
        if (known.endpoint !== endpoint || !sameParameters(known.parameters, parameters)) throw otherParameters(key)
        if (known.reply === 'under way') throw underWay(key)
        const { status, headers, body } = known.reply
        return { status, headers: { ...headers, 'idempotent-replayed': 'true' }, body }
      }
      const stored: Stored = { endpoint, parameters, at, reply: 'under way' }
      kept.set(key, stored)
      try {
        const reply = await finish(work)
        if (reply.status === 401 || reply.status === 409 || reply.status === 429) kept.delete(key)
        else stored.reply = reply
        return reply
      } catch (error) {
        kept.delete(key) // a bug of the sandbox is nothing that Stripe would replay
        throw error
      }
    },
    forgetAll() {
      for (const [key, { reply }] of kept) if (reply !== 'under way') kept.delete(key)
    },
    count: () => kept.size,
  }
}

/** The reply, its body as the very text that goes out. */
async function finish(work: () => Reply | Promise<Reply>): Promise<Reply> {
  const { status, headers, body } = await replyOf(work)
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

async function replyOf(work: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal) return error.reply
    throw error
  }
}

function keyOf({ headers }: SandboxRequest): string | undefined {
  const given = headers['idempotency-key']
  const key = Array.isArray(given) ? given[0] : given
  if (key === undefined || key === '') return undefined
  if (key.length > MAX_KEY_LENGTH) {
    const message = `Idempotency keys have at most ${MAX_KEY_LENGTH} characters.`
    throw new Refusal(errorReply(400, { type: 'idempotency_error', message }))
  }
  return key
}

function sameParameters(before: string, now: string): boolean {
  if (before === now) return true
  const [first, second] = [new URLSearchParams(before), new URLSearchParams(now)]
  first.sort()
  second.sort()
  return first.toString() === second.toString()
}

const otherParameters = (key: string): Refusal =>
  new Refusal(
    errorReply(400, {
      type: 'idempotency_error',
      message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    }),
  )

const underWay = (key: string): Refusal =>
  new Refusal(
    errorReply(
      409,
      {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}.`,
      },
      { shouldRetry: true },
    ),
  )
