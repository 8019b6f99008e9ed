/** What Slack finds wrong with a message, as its plain-text body words it (facts: alerts §1). */
export type SlackError =
  | 'invalid_payload'
  | 'no_text'
  | 'invalid_blocks'
  | 'invalid_blocks_format'
  | 'too_many_attachments'

const LIMITS = {
  blocks: 50,
  attachments: 100,
  header: 150,
  section: 3_000,
  fields: 10,
  field: 2_000,
  context: 10,
  button: 75,
}

/** Checks what an incoming webhook checks. @returns undefined when the message would be shown */
export function wrongWith(message: unknown): SlackError | undefined {
  if (!isObject(message)) return 'invalid_payload'
  const { text, blocks, attachments } = message
  if (attachments !== undefined && !Array.isArray(attachments)) return 'invalid_payload'
  if (text !== undefined && typeof text !== 'string') return 'invalid_payload'
  if (!text && !isFilled(blocks) && !isFilled(attachments)) return 'no_text'
  if (isFilled(attachments) && attachments.length > LIMITS.attachments) return 'too_many_attachments'
  if (attachments?.some((one: unknown) => !isAttachment(one))) return 'invalid_payload'
  const lists = [blocks, ...(attachments ?? []).map((one: unknown) => (isObject(one) ? one.blocks : undefined))]
  for (const list of lists) {
    const wrong = list === undefined ? undefined : wrongWithBlocks(list)
    if (wrong) return wrong
  }
  return undefined
}

function wrongWithBlocks(blocks: unknown): SlackError | undefined {
  if (!Array.isArray(blocks)) return 'invalid_blocks_format'
  return blocks.length <= LIMITS.blocks && blocks.every(isBlock) ? undefined : 'invalid_blocks'
}

function isBlock(block: unknown): boolean {
  if (!isObject(block)) return false
  switch (block.type) {
    case 'header':
      return isObject(block.text) && block.text.type === 'plain_text' && isText(block.text, LIMITS.header)
    case 'section': {
      const { text, fields } = block
      if (text === undefined && fields === undefined) return false
      if (text !== undefined && !isText(text, LIMITS.section)) return false
      if (fields === undefined) return true
      return isFilled(fields) && fields.length <= LIMITS.fields && fields.every((field) => isText(field, LIMITS.field))
    }
    case 'context':
      return (
        isFilled(block.elements) && block.elements.length <= LIMITS.context && block.elements.every(isContextElement)
      )
    case 'actions':
      return isFilled(block.elements) && block.elements.every(isLinkButton)
    case 'divider':
      return true
    default:
      return false
  }
}

/** A bar's colour is three words of Slack's, or a hex triplet. */
const isAttachment = (value: unknown): boolean =>
  isObject(value) &&
  (value.color === undefined ||
    (typeof value.color === 'string' && /^(good|warning|danger|#?[0-9a-f]{6}|#?[0-9a-f]{3})$/i.test(value.color)))

const isContextElement = (value: unknown): boolean =>
  isText(value, LIMITS.section) ||
  (isObject(value) && value.type === 'image' && isUrl(value.image_url) && typeof value.alt_text === 'string')

/** Any other element needs an interactive app, which a webhook is not. */
const isLinkButton = (value: unknown): boolean =>
  isObject(value) && value.type === 'button' && isText(value.text, LIMITS.button) && isUrl(value.url)

const isUrl = (value: unknown): boolean => typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)

const isText = (value: unknown, longest: number): boolean =>
  isObject(value) &&
  (value.type === 'mrkdwn' || value.type === 'plain_text') &&
  typeof value.text === 'string' &&
  value.text.length > 0 &&
  value.text.length <= longest

const isFilled = (value: unknown): value is unknown[] => Array.isArray(value) && value.length > 0

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
