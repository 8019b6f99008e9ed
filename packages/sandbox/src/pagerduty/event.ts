/** An event as its sender wrote it, found right. */
export interface PagerDutyEvent {
  readonly routing_key: string
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve'
  readonly dedup_key?: string
  /** Of a trigger. */
  readonly payload?: {
    readonly summary: string
    readonly source: string
    readonly severity: 'critical' | 'error' | 'warning' | 'info'
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

const LONGEST = { routingKey: 32, dedupKey: 255, summary: 1_024 }
const ACTIONS = ['trigger', 'acknowledge', 'resolve']
const SEVERITIES = ['critical', 'error', 'warning', 'info']

/** What the Events API v2 finds wrong with an event (facts: alerts §2), one sentence each; nothing when it takes it. */
export function problemsOf(event: unknown): readonly string[] {
  if (!isObject(event)) return ['the event must be a JSON object']
  const { routing_key, event_action, dedup_key } = event
  const problems = [
    !/^[0-9A-Za-z]{32}$/.test(String(routing_key)) && `'routing_key' must be ${LONGEST.routingKey} characters`,
    !isOneOf(ACTIONS, event_action) && `'event_action' must be one of ${ACTIONS.join(', ')}`,
    dedup_key !== undefined && !isText(dedup_key, LONGEST.dedupKey) && "'dedup_key' must be 1 to 255 characters",
    dedup_key === undefined &&
      isOneOf(['acknowledge', 'resolve'], event_action) &&
      `'dedup_key' is missing, and ${event_action} needs it`,
    ...(event_action === 'trigger' ? problemsOfPayload(event.payload) : []),
    ...problemsOfList(event.links, 'links', ({ href, text }) =>
      !isUrl(href, /^https?:/) ? 'href must be a URL' : text !== undefined && !isText(text) && 'text must be a string',
    ),
    ...problemsOfList(event.images, 'images', ({ src }) => !isUrl(src, /^https:/) && 'src must be an https URL'),
    event.client !== undefined && !isText(event.client) && "'client' must be a string",
    event.client_url !== undefined && !isUrl(event.client_url, /^https?:/) && "'client_url' must be a URL",
  ]
  return problems.filter((problem) => problem !== false)
}

function problemsOfPayload(payload: unknown): readonly (string | false)[] {
  if (!isObject(payload)) return ["'payload' is missing or not an object"]
  const { summary, source, severity, timestamp, custom_details } = payload
  return [
    !isText(summary, LONGEST.summary) && `'payload.summary' must be 1 to ${LONGEST.summary} characters`,
    !isText(source) && "'payload.source' is missing or blank",
    !isOneOf(SEVERITIES, severity) && `'payload.severity' must be one of ${SEVERITIES.join(', ')}`,
    timestamp !== undefined && !isTimestamp(timestamp) && "'payload.timestamp' must be ISO 8601",
    ...['component', 'group', 'class'].map(
      (field) => payload[field] !== undefined && !isText(payload[field]) && `'payload.${field}' must be a string`,
    ),
    custom_details !== undefined && !isObject(custom_details) && "'payload.custom_details' must be an object",
  ]
}

function problemsOfList(
  list: unknown,
  name: string,
  wrongWith: (one: Record<string, unknown>) => string | false,
): readonly string[] {
  if (list === undefined) return []
  if (!Array.isArray(list)) return [`'${name}' must be an array`]
  return list.flatMap((one: unknown, index) => {
    const problem = isObject(one) ? wrongWith(one) : 'must be an object'
    return problem ? [`'${name}[${index}]' ${problem}`] : []
  })
}

const isText = (value: unknown, longest = Number.POSITIVE_INFINITY): boolean =>
  typeof value === 'string' && value.trim() !== '' && value.length <= longest

const isOneOf = (words: readonly string[], value: unknown): boolean =>
  typeof value === 'string' && words.includes(value)

const isUrl = (value: unknown, scheme: RegExp): boolean =>
  typeof value === 'string' && URL.canParse(value) && scheme.test(value)

const isTimestamp = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && !Number.isNaN(Date.parse(value))

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
