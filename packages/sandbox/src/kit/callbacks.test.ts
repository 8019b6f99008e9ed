import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type CallbackOptions, type CallbackSender, createCallbackSender } from './callbacks.ts'
import { createFaults } from './faults.ts'

const bodies: string[] = []
let answering: (body: string) => number | 'never' = () => 200
const receiver = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  bodies.push(body)
  const status = answering(body)
  if (status !== 'never') response.writeHead(status).end()
})
let sender: CallbackSender

afterEach(async () => {
  await sender.stop()
  receiver.closeAllConnections()
  await new Promise((resolve) => receiver.close(resolve))
  bodies.length = 0
})

async function start(options: Partial<CallbackOptions> = {}): Promise<(body: string) => void> {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  sender = createCallbackSender({ faults: createFaults(), retryDelaysMs: [1, 1], ...options })
  return (body) => sender.send({ url, subject: body, body, headers: () => ({}) })
}

test('a callback that nobody accepts is tried as often as the schedule says, then given up and counted', async () => {
  const send = await start()
  answering = (body) => (body === 'refused' ? 500 : 204)
  send('refused')
  send('taken')
  await sender.idle()
  expect(sender.counts()).toEqual({ delivered: 1, tries: 4, givenUp: 1 })
})

test('a receiver that never answers holds up neither the others nor the stop', async () => {
  const send = await start({ timeoutMs: 250, concurrent: 2 })
  answering = (body) => (body === 'hangs' ? 'never' : 200)
  for (const body of ['hangs', 'a', 'b', 'c']) send(body)
  await sender.idle()
  expect(sender.counts()).toEqual({ delivered: 3, tries: 6, givenUp: 1 })
  expect(bodies.filter((body) => body !== 'hangs')).toEqual(['a', 'b', 'c'])
})
