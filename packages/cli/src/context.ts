import type { Command } from 'commander'
import type pc from 'picocolors'

/** What commands work with; `main.ts` makes it. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line that was asked for. */
  readonly out: (text: string) => void
  /** Writes a line about what went wrong, or how far it is. */
  readonly err: (text: string) => void
  /** They colour nothing when nobody looks at a terminal. */
  readonly colours: ReturnType<typeof pc.createColors>
  /** Where a local stack says how it is reached, while there is one. */
  readonly stackFile: string
}

/** How a command ended: 0 all is well, 1 it found problems, 2 it could not do what was asked. */
export type ExitCode = 0 | 1 | 2

/** Makes a group of commands; the ones that it runs tell how they ended, those that do not ended well. */
export type CommandGroup = (context: Context, ended: (code: ExitCode) => void) => Command

/** A command cannot do what was asked: its message is one line for a person. Exit code 2. */
export class CannotError extends Error {
  override readonly name = 'CannotError'
}

/** For the end of a command's help. @param words - what 0 and 1 mean there */
export const exitCodes = (words: { 0: string; 1?: string }): string =>
  `Exit codes: 0 ${words[0]},${words[1] ? ` 1 ${words[1]},` : ''} 2 it could not be done, or was used wrongly.`
