#!/usr/bin/env node
import { run } from './program.ts'

const output = {
  out: (text: string) => void process.stdout.write(`${text}\n`),
  err: (text: string) => void process.stderr.write(`${text}\n`),
}
// A reader that goes away, such as `head`, is no reason to say anything.
process.stdout.on('error', () => process.exit(process.exitCode ?? 0))
process.exitCode = await run(process.argv.slice(2), { env: process.env, ...output })
