/** Slack's three special characters (facts: alerts §1): unescaped, an id could mention the whole channel. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Escaped, and at most `longest` characters then; `…` stands for what was cut, and no escape is torn. */
export function escapedWithin(text: string, longest: number): string {
  const whole = escaped(text)
  if (whole.length <= longest) return whole
  let kept = ''
  for (const character of text) {
    const next = kept + escaped(character)
    if (next.length > longest - 1) break
    kept = next
  }
  return `${kept}…`
}

export const linkTo = (url: string, label: string): string =>
  `<${escaped(url).replaceAll('|', '%7C')}|${escaped(label)}>`

/** `1234567.89` as `1,234,567.89`. */
export const grouped = (decimal: string): string => decimal.replace(/\B(?=(\d{3})+(?!\d))(?<!\..*)/g, ',')

/** The first ids as code, as many as `characters` hold, and how many more there are. */
export function idList(ids: readonly string[], { count, characters }: { count: number; characters: number }): string {
  const shown: string[] = []
  let length = 0
  for (const id of ids.slice(0, IDS_SHOWN)) {
    const text = `\`${escaped(id.replaceAll('`', "'"))}\``
    length += text.length
    if (length > characters) break
    shown.push(text)
  }
  const more = count - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(' ')
}

const IDS_SHOWN = 10
