import { expect, test } from '@jest/globals'
import { createAccessTokens } from '../src/access-token.ts'
import type { HttpAnswer } from '../src/http-client.ts'

/** A token endpoint that counts, with a clock that is set by hand. */
function anEndpoint() {
  const endpoint = { minted: 0, down: false, now: 0 }
  const tokens = createAccessTokens({
    now: () => endpoint.now,
    fetchToken: async () => {
      await Promise.resolve()
      if (endpoint.down) throw new Error('the token endpoint is down')
      return { token: `t${++endpoint.minted}`, lifeMs: 1000 }
    },
  })
  return { endpoint, tokens }
}

const answering = (status: number): HttpAnswer => {
  return { provider: 'bank', operation: 'ask', status, headers: {}, body: undefined, raw: '', requestId: 'r1' }
}

test('however many ask at once, one token is fetched, and kept for four fifths of its life', async () => {
  const { endpoint, tokens } = anEndpoint()
  expect(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).toEqual(['t1', 't1', 't1'])
  endpoint.now = 799
  expect(await tokens.get()).toBe('t1')
  endpoint.now = 800
  expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['t2', 't2'])
})

test('while a new token cannot be had, the old one serves until it ends', async () => {
  const { endpoint, tokens } = anEndpoint()
  await tokens.get()
  endpoint.down = true
  endpoint.now = 900
  expect(await tokens.get()).toBe('t1')
  endpoint.now = 1000
  await expect(tokens.get()).rejects.toThrow('the token endpoint is down')
  endpoint.down = false
  expect(await tokens.get()).toBe('t2')
})

test('an answer of 401 brings one new token and one more call, and the second 401 stands', async () => {
  const { endpoint, tokens } = anEndpoint()
  const used: string[] = []
  const answer = await tokens.withToken(async (token) => {
    used.push(token)
    return answering(token === 't1' ? 401 : 200)
  })
  expect([answer.status, used]).toEqual([200, ['t1', 't2']])
  expect((await tokens.withToken(async () => answering(401))).status).toBe(401)
  expect(endpoint.minted).toBe(3)
})

test('many calls refused at once bring one new token', async () => {
  const { endpoint, tokens } = anEndpoint()
  const call = () => tokens.withToken(async (token) => answering(token === 't1' ? 401 : 200))
  await Promise.all([call(), call(), call()])
  expect(endpoint.minted).toBe(2)
})
