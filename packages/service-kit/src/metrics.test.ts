import { expect, test } from '@jest/globals'
import { collectProcessMetrics, createMetrics } from './metrics.ts'

test('what is reported is shown, each registry for itself', async () => {
  const metrics = createMetrics({ service: 'payer' })
  metrics.messageHandled({ subscription: 'pay', outcome: 'done' })
  metrics.messageHandled({ subscription: 'pay', outcome: 'done' })
  metrics.batchHandled({ subscription: 'pay' }, { messages: 2, seconds: 0.3 })
  metrics.providerCall({ provider: 'fpay', operation: 'pay', outcome: 'ok' }, { seconds: 0.07 })
  metrics.published({ topic: 'pay' }, { messages: 5 })
  metrics.outboxLag({ rows: 3, oldestSeconds: 1.5 })
  metrics.messagesInHand({ subscription: 'pay' }, () => ({ messages: 4, oldestSeconds: 2.5 }))
  metrics.requestAnswered({ method: 'GET', route: '/v1/payouts/:id', status: 404 }, { seconds: 0.02 })

  const text = await metrics.registry.metrics()
  for (const line of [
    'remesa_messages_handled_total{subscription="pay",outcome="done",service="payer"} 2',
    'remesa_batch_seconds_sum{service="payer",subscription="pay"} 0.3',
    'remesa_batch_messages_sum{service="payer",subscription="pay"} 2',
    'remesa_provider_call_seconds_bucket{le="0.1",service="payer",provider="fpay",operation="pay",outcome="ok"} 1',
    'remesa_messages_published_total{topic="pay",service="payer"} 5',
    'remesa_messages_in_hand{subscription="pay",service="payer"} 4',
    'remesa_oldest_message_seconds{subscription="pay",service="payer"} 2.5',
    'remesa_http_request_seconds_count{service="payer",method="GET",route="/v1/payouts/:id",status="404"} 1',
    'remesa_outbox_due_rows{service="payer"} 3',
    'remesa_outbox_oldest_due_seconds{service="payer"} 1.5',
  ]) {
    expect(text).toContain(line)
  }
  expect(await createMetrics({ service: 'other' }).registry.metrics()).not.toContain('service="payer"')
})

test('the figures of the process are added where they are asked for', async () => {
  const { registry } = createMetrics({ service: 'payer' })
  collectProcessMetrics(registry)
  const text = await registry.metrics()
  for (const name of [
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ])
    expect(text).toContain(`${name}{service="payer"} `)
})
