import { positionOf } from './csv.ts'

/** What is wrong with a marketplace's files. */
export interface Problems {
  /** Something wrong with the file as a whole. */
  add(file: string, problem: string): void
  /** Something wrong at one place of its text. */
  addAt(file: string, place: Place, problem: string): void
  /** The first 20 in the order of files and lines, one line each, and how many more there are. */
  lines(): readonly string[]
}

export interface Place {
  readonly text: string
  readonly offset: number
}

const SHOWN = 20

export function createProblems(): Problems {
  const ofFile = new Map<string, { place: Place | undefined; problem: string }[]>()
  function keep(file: string, place: Place | undefined, problem: string): void {
    const problems = ofFile.get(file) ?? []
    problems.push({ place, problem })
    ofFile.set(file, problems)
  }
  return {
    add: (file, problem) => keep(file, undefined, problem),
    addAt: keep,
    lines() {
      const sorted = [...ofFile].flatMap(([file, problems]) =>
        problems
          .toSorted((a, b) => (a.place?.offset ?? 0) - (b.place?.offset ?? 0))
          .map(({ place, problem }) => ({ file, place, problem })),
      )
      const lines = sorted.slice(0, SHOWN).map(({ file, place, problem }) => {
        if (!place) return `${file}: ${problem}`
        const { line, column } = positionOf(place.text, place.offset)
        return `${file}:${line}:${column}: ${problem}`
      })
      return sorted.length > SHOWN ? [...lines, `and ${sorted.length - SHOWN} more`] : lines
    },
  }
}

/** A value as messages show it: quoted, control characters escaped, cut when it is long. */
export function shownValue(value: string): string {
  if (value === '') return 'nothing'
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
}
