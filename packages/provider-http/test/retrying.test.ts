import { expect, test } from '@jest/globals'
import { ProviderError, type ProviderErrorFacts } from '../src/provider-error.ts'
import { retrying } from '../src/retrying.ts'

const anError = (facts: Partial<ProviderErrorFacts> = {}) =>
  new ProviderError({ kind: 'unavailable', provider: 'bank', operation: 'ask', status: 503, ...facts })

/** Fails with each error in turn, then answers how often it was called. */
function failingWith(...errors: Error[]) {
  const seen = { calls: 0 }
  const operation = async () => {
    const error = errors[seen.calls++]
    if (error) throw error
    return seen.calls
  }
  return { seen, operation }
}

const QUICK = { tries: 4, firstMs: 1, maxMs: 20 }

test('an unavailable provider is asked again, up to the number of tries', async () => {
  expect(await retrying(failingWith(anError(), anError()).operation, QUICK)).toBe(3)
  const { seen, operation } = failingWith(...Array.from({ length: 9 }, () => anError()))
  await expect(retrying(operation, QUICK)).rejects.toThrow('bank, ask: unavailable (503)')
  expect(seen.calls).toBe(4)
})

test('garbage is asked for again, and told only when there was nothing else', async () => {
  const garbled = anError({ kind: 'garbled', status: 200 })
  expect(await retrying(failingWith(garbled, garbled).operation, QUICK)).toBe(3)
  const always = Array.from({ length: 4 }, () => garbled)
  await expect(retrying(failingWith(...always).operation, QUICK)).rejects.toBe(garbled)
  const mixed = [anError({ code: 'DOWN' }), garbled, garbled, garbled]
  await expect(retrying(failingWith(...mixed).operation, QUICK)).rejects.toMatchObject({ code: 'DOWN' })
})

test('a refusal, refused credentials and a bug are not repeated', async () => {
  const errors = [anError({ kind: 'refused' }), anError({ credentials: true }), new Error()]
  for (const error of errors) {
    const { seen, operation } = failingWith(error)
    await expect(retrying(operation, QUICK)).rejects.toBe(error)
    expect(seen.calls).toBe(1)
  }
})

test('pauses are at least what Retry-After asks; a longer one than allowed is left to the caller', async () => {
  const delays: number[] = []
  const onRetry = (_: ProviderError, { delayMs }: { delayMs: number }) => delays.push(delayMs)
  const startedAt = performance.now()
  await retrying(failingWith(anError({ retryAfterMs: 15 })).operation, { ...QUICK, onRetry })
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(14)
  expect(delays).toEqual([15])
  const { seen, operation } = failingWith(anError({ retryAfterMs: 21 }))
  await expect(retrying(operation, QUICK)).rejects.toMatchObject({ retryAfterMs: 21 })
  expect(seen.calls).toBe(1)
})

test('pauses double and are scattered', async () => {
  const delays: number[] = []
  const onRetry = (_: ProviderError, { delayMs }: { delayMs: number }) => delays.push(delayMs)
  const { operation } = failingWith(anError(), anError(), anError())
  await retrying(operation, { tries: 4, firstMs: 4, maxMs: 1000, onRetry })
  delays.forEach((delay, i) => {
    expect(delay).toBeGreaterThanOrEqual(4 * 2 ** i)
    expect(delay).toBeLessThanOrEqual(8 * 2 ** i)
  })
})

test('an abort ends a pause at once, with its reason', async () => {
  for (const retryAfterMs of [undefined, 60_000]) {
    const stop = new AbortController()
    const { seen, operation } = failingWith(anError({ retryAfterMs }))
    const waiting = retrying(operation, {
      tries: 3,
      firstMs: retryAfterMs ? 1 : 60_000,
      maxMs: 60_000,
      signal: stop.signal,
      onRetry: () => setImmediate(() => stop.abort(new Error('the service stops'))),
    })
    await expect(waiting).rejects.toThrow('the service stops')
    expect(seen.calls).toBe(1)
  }
})
