import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines, startChild } from './stack/child.ts'

/**
 * Has the operators' console built, unless it has been since its sources changed; it takes seconds.
 * @param env - `process.env`
 * @returns undefined when it is there, else why not, in the builder's words: nobody is paid less for want of a console
 */
export async function buildConsole(env: NodeJS.ProcessEnv, logDirectory: string): Promise<string | undefined> {
  await mkdir(logDirectory, { recursive: true })
  const builder = startChild({
    name: 'console-build',
    program: fileURLToPath(new URL('../../../services/admin/console/build.ts', import.meta.url)),
    env: { PATH: env.PATH, HOME: env.HOME },
    logFile: join(logDirectory, 'console-build.log'),
  })
  return builder.firstLine.then(
    () => undefined, // it says that it is built, or was
    () => lastLines(builder.logFile),
  )
}
