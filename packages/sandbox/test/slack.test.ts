import { afterEach, expect, test } from '@jest/globals'
import { type SlackOptions, type SlackSandbox, startSlack } from '../src/slack/slack.ts'

let slack: SlackSandbox
afterEach(() => slack.stop())

async function post(message: unknown): Promise<[number, string]> {
  const body = typeof message === 'string' ? message : JSON.stringify(message)
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(slack.webhookUrl, { method: 'POST', body, headers })
  return [response.status, await response.text()]
}
const start = async (options: SlackOptions = {}) => {
  slack = await startSlack(options)
}
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })

test('a message is shown and answered with a plain ok', async () => {
  await start()
  const attachments = [{ color: '#FFA500', blocks: [section('*Owed*'), { type: 'divider' }] }]
  expect(await post({ text: 'Closing missing', attachments })).toEqual([200, 'ok'])
  expect(slack.messages()).toEqual([expect.objectContaining({ text: 'Closing missing' })])
})

test('a text over 40,000 characters is cut without a word', async () => {
  await start()
  expect(await post({ text: 'x'.repeat(40_001) })).toEqual([200, 'ok'])
  expect(slack.messages()[0]?.text).toHaveLength(40_000)
})

test.each([
  ['invalid_payload', '{"text":'],
  ['invalid_payload', '[]'],
  ['no_text', { text: '' }],
  ['no_text', {}],
  ['invalid_blocks_format', { text: 'x', blocks: {} }],
  ['invalid_blocks', { text: 'x', blocks: [section('y'.repeat(3_001))] }],
  ['invalid_blocks', { text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }],
  ['invalid_blocks', { blocks: [{ type: 'header', text: { type: 'plain_text', text: 'h'.repeat(151) } }] }],
  ['invalid_blocks', { attachments: [{ blocks: [{ type: 'section', fields: [] }] }] }],
  ['invalid_blocks', { blocks: [section('')] }],
  ['invalid_blocks', { blocks: [{ type: 'context', elements: [{ type: 'text', text: 'a' }] }] }],
  ['invalid_blocks', { blocks: [{ type: 'context', elements: Array(11).fill({ type: 'mrkdwn', text: 'a' }) }] }],
  ['invalid_blocks', { blocks: [{ type: 'actions', elements: [{ type: 'button', text: 'Open' }] }] }],
  ['invalid_blocks', { blocks: [{ type: 'section', fields: Array(11).fill({ type: 'mrkdwn', text: 'a' }) }] }],
  ['invalid_blocks', { blocks: [{ type: 'section', fields: [{ type: 'mrkdwn', text: 'f'.repeat(2_001) }] }] }],
  ['invalid_payload', { text: 'x', attachments: ['y'] }],
  ['invalid_payload', { text: 'x', attachments: [{ color: 'orange', text: 'y' }] }],
  ['too_many_attachments', { text: 'x', attachments: Array.from({ length: 101 }, () => ({ text: 'a' })) }],
])('a broken message is 400 %s in plain text, and not shown', async (error, message) => {
  await start()
  expect(await post(message)).toEqual([400, error])
  expect(slack.messages()).toEqual([])
})

test('each refusal can be asked for, and passes', async () => {
  await start()
  slack.refuse('channel_is_archived')
  await slack.controls.refuse?.({ error: 'service_unavailable' })
  expect(await post({ text: 'a' })).toEqual([410, 'channel_is_archived'])
  expect(await post({ text: 'a' })).toEqual([503, 'service_unavailable'])
  expect(await post({ text: 'a' })).toEqual([200, 'ok'])
  expect(() => slack.refuse('no_such_error')).toThrow()
})

test('a second message within the second is 429 with Retry-After, when the limit is on', async () => {
  let time = 1_000_000
  await start({ messagesPerSecond: 1, now: () => new Date(time) })
  expect(await post({ text: 'a' })).toEqual([200, 'ok'])
  expect(await post({ text: 'b' })).toEqual([429, 'rate_limited'])
  time += 1_000
  expect(await post({ text: 'b' })).toEqual([200, 'ok'])
  expect(slack.messages()).toHaveLength(2)
})

test('another webhook URL is 404, and faults strike like everywhere', async () => {
  await start()
  expect((await fetch(`${slack.url}/services/other`, { method: 'POST', body: '{}' })).status).toBe(404)
  slack.faults.script({ kind: 'lost-response' })
  await expect(post({ text: 'shown all the same' })).rejects.toThrow()
  expect(slack.messages()).toHaveLength(1)
})
