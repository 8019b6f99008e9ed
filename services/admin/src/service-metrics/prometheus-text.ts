/** One line of what a service tells: a name, its labels, a figure. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** The figures of one scrape, by the text that names each: a name with its labels, as the service writes it. */
export type Figures = ReadonlyMap<string, number>

const LINE = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)(?: -?\d+)?$/
const NAME = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g
const ESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' }

/**
 * Reads the Prometheus text format (0.0.4), without types and time stamps.
 * @param isWanted - by the name of a metric; others are not kept
 * @throws RangeError for a line that is none
 */
export function readFigures(text: string, isWanted: (name: string) => boolean): Figures {
  const figures = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, key, value] = LINE.exec(line) ?? []
    const figure = figureOf(value)
    if (key === undefined || figure === undefined) throw new RangeError('no Prometheus text')
    if (isWanted(key.split('{', 1)[0] ?? '')) figures.set(key, figure)
  }
  return figures
}

const SPECIAL: Readonly<Record<string, number>> = {
  '+Inf': Infinity,
  '-Inf': -Infinity,
  NaN: Number.NaN,
  Nan: Number.NaN,
}

function figureOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const special = SPECIAL[text]
  if (special !== undefined) return special
  const figure = Number(text)
  return Number.isNaN(figure) ? undefined : figure
}

/** @param key - a key of {@link Figures} */
export function seriesOf(key: string): Series {
  const [, name = '', labels = ''] = NAME.exec(key) ?? []
  const pairs = [...labels.matchAll(LABEL)].map(
    ([, label = '', value = '']) => [label, value.replaceAll(/\\[n"\\]/g, (one) => ESCAPED[one] ?? one)] as const,
  )
  return { name, labels: Object.fromEntries(pairs) }
}
