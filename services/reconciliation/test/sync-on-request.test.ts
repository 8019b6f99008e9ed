import { afterEach, expect, test } from '@jest/globals'
import { startWorld, type World } from '@remesa/local-stack/testing/world'
import { done } from '@remesa/messaging/handler'
import { sql } from 'kysely'
import { syncOnRequest } from '../src/sync-on-request.ts'
import { aService, chargeQuietly, customersOf, DAY, recordThem } from './billing.ts'

let world: World
afterEach(() => world.stop())

test('what a report misses is copied, more than one page of it, by whom it is audited; the next run agrees', async () => {
  world = await startWorld()
  const customers = customersOf(130)
  chargeQuietly(world, customers)
  await recordThem(world, customers.slice(0, 20))
  const service = aService(world)
  const { reportId, status } = await service.reconcile({ startDate: DAY })
  expect(status).toBe('discrepancy_found')
  const { database, logger } = world
  const handle = syncOnRequest({ database, service, logger, againAfterMs: 1_000, pageSize: 50 })
  const asked = { reportId, actor: 'operator:olga' }
  expect(await world.deliver(handle, asked)).toEqual([done])
  expect(await world.deliver(handle, asked)).toEqual([done]) // delivered twice it changes nothing
  const { rows } = await sql<{ actor: string; count: bigint }>`
    select actor, count(*) as count from audit_log where action = 'payment.synced' group by actor`.execute(database)
  expect(rows).toEqual([{ actor: 'operator:olga', count: 110n }])
  expect((await service.reconcile({ startDate: DAY })).status).toBe('success')
})

test('findings that are named, or their kinds, are copied too; what Stripe does not have is not asked for again', async () => {
  world = await startWorld()
  const customers = ['a', 'b', 'c'].map((id, index) => ({ id, seconds: 60 * index }))
  chargeQuietly(world, [...customers, { id: 'lost', seconds: 600 }])
  await recordThem(
    world,
    customers.map((one) => ({ ...one, amount: 777n })),
    'manual',
  )
  await recordThem(world, [{ id: 'invented', seconds: 700 }])
  const service = aService(world)
  const { reportId } = await service.reconcile({ startDate: DAY })
  const { database, logger } = world
  const handle = syncOnRequest({ database, service, logger, againAfterMs: 1_000, pageSize: 2 })
  const synced = async () => {
    const { rows } = await sql<{ id: string }>`
      select subject_id as id from audit_log where action = 'payment.synced' order by subject_id`.execute(database)
    return rows.map(({ id }) => id)
  }
  const asked = { reportId, actor: 'operator:olga' }
  expect(await world.deliver(handle, { ...asked, paymentIds: ['pi_b', 'pi_invented'] })).toEqual([done])
  expect(await synced()).toEqual(['pi_b'])
  expect(await world.deliver(handle, { ...asked, paymentIds: ['pi_a'], categories: ['timing'] })).toEqual([done])
  expect(await synced()).toEqual(['pi_b'])
  expect(await world.deliver(handle, { ...asked, categories: ['amount_mismatch'] })).toEqual([done])
  expect(await synced()).toEqual(['pi_a', 'pi_b', 'pi_c'])
  expect(await world.deliver(handle, asked)).toEqual([done])
  expect(await synced()).toEqual(['pi_a', 'pi_b', 'pi_c', 'pi_lost'])
})

test('what cannot be copied now is tried again, a report of nobody’s is none', async () => {
  world = await startWorld()
  chargeQuietly(world, [{ id: 'dark', seconds: 60 }])
  const service = aService(world)
  const { reportId } = await service.reconcile({ startDate: DAY })
  const { database, logger, sandbox } = world
  const handle = syncOnRequest({ database, service, logger, againAfterMs: 1_000 })
  sandbox.stripe.faults.script({ kind: 'error-before', route: 'GET /v1/payment_intents/:id', times: 4 })
  const asked = { reportId, actor: 'operator:olga' }
  expect(await world.deliver(handle, asked)).toMatchObject([{ kind: 'retry', afterMs: 1_000 }])
  expect(await world.deliver(handle, asked)).toEqual([done])
  const nobodys = { reportId: '00000000-0000-4000-8000-000000000000', actor: 'operator:olga' }
  expect(await world.deliver(handle, nobodys)).toEqual([done])
})
