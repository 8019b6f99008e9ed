#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import pc from 'picocolors'
import { run } from './program.ts'

// A reader that goes away, such as `head`, is no reason to say anything.
process.stdout.on('error', () => process.exit(process.exitCode ?? 0))
const { env, stdout } = process
const isColoured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
process.exitCode = await run(process.argv.slice(2), {
  env,
  out: (text) => void stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  colours: pc.createColors(isColoured),
  stackFile: env.REMESA_STACK_FILE || fileURLToPath(new URL('../../../.remesa/stack.json', import.meta.url)),
})
