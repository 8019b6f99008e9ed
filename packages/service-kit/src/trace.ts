import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'

/** One span of a trace: W3C Trace Context, level 1. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string
  readonly sampled: boolean
}

const current = new AsyncLocalStorage<TraceContext>()

/** @returns undefined for anything that the standard tells receivers to ignore. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text ?? '')
  const [, version = 'ff', traceId = '', spanId = '', flags = '00', rest] = match ?? []
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export const formatTraceparent = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`

/**
 * Runs `work` in a new span: a child of `parent` where that can be read, else the start of a new trace.
 * @param parent - a `traceparent`, as it came with a message or request
 */
export function runWithTrace<Result>(parent: string | undefined, work: () => Result): Result {
  return current.run(childOf(parseTraceparent(parent)), work)
}

/** The span that this code runs in. */
export const currentTrace = (): TraceContext | undefined => current.getStore()

/** What to send along with a message or request; undefined outside any trace. */
export function currentTraceparent(): string | undefined {
  const span = current.getStore()
  return span && formatTraceparent(span)
}

function childOf(parent: TraceContext | undefined): TraceContext {
  const spanId = randomId(8)
  return parent ? { ...parent, spanId } : { traceId: randomId(16), spanId, sampled: true }
}

function randomId(bytes: number): string {
  const id = randomBytes(bytes).toString('hex')
  return /^0+$/.test(id) ? randomId(bytes) : id // all zero means "none" to the standard
}
