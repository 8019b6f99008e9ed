import { expect, test } from '@jest/globals'
import { createLogger } from './logger.ts'
import { runWithTrace } from './trace.ts'

function aLogger() {
  const lines: string[] = []
  const logger = createLogger({ service: 'payer', level: 'info' }, { write: (line: string) => void lines.push(line) })
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
}

test('a line is JSON with its time, level, service and fields', () => {
  const { logger, last } = aLogger()
  logger.info({ sellerBalanceId: 'b1', owed: 1250n }, 'paid')
  expect(last()).toMatchObject({ level: 'info', service: 'payer', sellerBalanceId: 'b1', owed: '1250', msg: 'paid' })
  expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT/)
})

test('secrets and personal data are taken out by name, at any depth and in any spelling', () => {
  const { logger, lines, last } = aLogger()
  const seller = { id: 's1', taxId: 'HIDE', legal_name: 'HIDE', contacts: [{ Email: 'HIDE', phone: 'HIDE' }] }
  logger.info({ seller, Authorization: 'HIDE', reply: { access_token: 'HIDE', expires_in: 3600 }, fpay_id: 'HIDE' })
  expect(lines.join()).not.toContain('HIDE')
  expect(last()).toMatchObject({ seller: { id: 's1', taxId: '[redacted]' }, reply: { expires_in: 3600 } })
})

test('what the caller logs is not changed by it', () => {
  const { logger } = aLogger()
  const seller = { taxId: '12345678-5', inner: [{ email: 'a@b.c' }] }
  logger.info({ seller })
  expect(seller).toEqual({ taxId: '12345678-5', inner: [{ email: 'a@b.c' }] })
})

test('a child logger hides the same fields', () => {
  const { logger, lines } = aLogger()
  logger.child({ taxId: 'HIDE', sellerId: 's1' }).info({ token: 'HIDE' }, 'synced')
  expect(lines.join()).not.toContain('HIDE')
  expect(lines.join()).toContain('"sellerId":"s1"')
})

test('credentials within texts are taken out by their form', () => {
  const { logger, lines } = aLogger()
  logger.info('posting to https://hooks.slack.com/services/T0/B0/HIDE failed')
  logger.info({ url: 'postgres://remesa:HIDE@db/remesa' }, 'sent Authorization: Bearer HIDE.HIDE.HIDE')
  expect(lines.join()).not.toContain('HIDE')
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
})

test('an error is told by type, message, code, stack and causes, without the request that hangs on it', () => {
  const { logger, lines, last } = aLogger()
  const error = Object.assign(new Error('Request failed with status code 500'), {
    name: 'AxiosError',
    code: 'ERR_BAD_RESPONSE',
    status: 500,
    config: { headers: { Authorization: 'HIDE' }, data: 'HIDE' },
    request: { path: 'HIDE' },
    response: { data: 'HIDE' },
    detail: 'Key (tax_id)=(HIDE) already exists',
    cause: new AggregateError([Object.assign(new Error('refused'), { address: 'HIDE', code: 'ECONNREFUSED' })]),
  })
  logger.error(error)
  expect(last()).toMatchObject({
    msg: 'Request failed with status code 500',
    err: { type: 'AxiosError', code: 'ERR_BAD_RESPONSE', status: 500, cause: { errors: [{ code: 'ECONNREFUSED' }] } },
  })
  logger.warn({ nested: { failure: error } }, 'again')
  expect(last()).toMatchObject({ nested: { failure: { type: 'AxiosError', message: error.message } } })
  expect(lines.join()).not.toContain('HIDE')
})

test('circles, sockets and buffers end in a bounded line', () => {
  const { logger, lines } = aLogger()
  const circle: Record<string, unknown> = { bytes: Buffer.alloc(10_000) }
  for (let i = 0; i < 50; i++) circle[`again${i}`] = circle
  logger.info({ circle, many: Array.from({ length: 2000 }, () => ({ circle })) }, 'odd')
  expect(lines[0]?.length).toBeLessThan(200_000)
  expect(lines[0]).toContain('[10000 bytes]')
})

test('a line names the trace that it was written in', () => {
  const { logger, last } = aLogger()
  runWithTrace('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', () => logger.info('handled'))
  expect(last().traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
  logger.info('idle')
  expect(last()).not.toHaveProperty('traceId')
})
