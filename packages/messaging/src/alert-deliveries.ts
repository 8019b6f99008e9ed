import { insertDeliveriesOnce, lockIncident } from '@remesa/database/alert-deliveries'
import type { Schema } from '@remesa/database/schema'
import type { AlertMatter } from '@remesa/domain/alert-matter'
import type { AlertStep } from '@remesa/domain/reconciliation-alert'
import type { Transaction } from 'kysely'
import { topics } from './catalogue.ts'
import { enqueue } from './outbox.ts'

/**
 * Writes down what is to be sent of a matter beside what it tells of, and has it sent once this commits.
 * @param report - what is told, by id: it goes once to each channel
 * @param stepsFor - decides by whether the matter's incident is open, under its lock
 */
export async function tellOf(
  tx: Transaction<Schema>,
  { matter, report }: { matter: AlertMatter; report: string },
  stepsFor: (incident: { incidentIsOpen: boolean }) => readonly AlertStep[] | Promise<readonly AlertStep[]>,
): Promise<void> {
  const { isOpen } = await lockIncident(tx, matter)
  const steps = await stepsFor({ incidentIsOpen: isOpen })
  const deliveries = await insertDeliveriesOnce(tx, { matter, report, steps })
  await enqueue(
    tx,
    topics.alertDelivery,
    deliveries.map(({ id, channel }) => ({ data: { alertDeliveryId: id, channel } })),
  )
}
