import { randomUUID } from 'node:crypto'
import { type FinanceAlert, openAlerts } from '@remesa/database/finance-alerts'
import { findSellerIds, findSellersForVendorSync, type SellerForVendorSync } from '@remesa/database/sellers'
import { UPDATABLE_FIELDS, type UpdatableField } from '@remesa/domain/seller-updates'
import type { World } from '@remesa/local-stack/testing/world'
import { topics } from '@remesa/messaging/catalogue'
import type { DataOf } from '@remesa/messaging/topic'
import { authenticate } from '@remesa/netsuite-client/authentication'
import { createHttpClient } from '@remesa/provider-http/http-client'
import type { MarketplaceSeller } from '@remesa/sandbox/marketplace'
import { applySellerEvents } from '../src/apply-seller-events.ts'
import { syncVendors } from '../src/sync-vendors.ts'

type SellerEvent = DataOf<typeof topics.sellerProfile>

export const events = (
  world: World,
  changes: { updatable?: readonly UpdatableField[]; warn?: (about: object, message: string) => void } = {},
) => {
  const { updatable = UPDATABLE_FIELDS, warn } = changes
  const logger = world.logger.child({})
  if (warn) logger.warn = ((about: object, message: string) => warn(about, message)) as typeof logger.warn
  return applySellerEvents({ database: world.database, gsc: world.gsc, updatable, random: () => 1, logger })
}

type NetSuiteWrites = Parameters<typeof syncVendors>[0]['netsuite']

export const vendors = (
  world: World,
  changes: { updatable?: readonly UpdatableField[]; netsuite?: NetSuiteWrites } = {},
) => {
  const { updatable = UPDATABLE_FIELDS, netsuite = world.netsuite } = changes
  return syncVendors({ database: world.database, netsuite, updatable, random: () => 1, logger: world.logger })
}

/** A seller of the marketplace, known to GSC alone. */
export function atGsc(world: World, changes: Partial<MarketplaceSeller> = {}): MarketplaceSeller {
  const gscSellerId = `SC-${randomUUID().slice(0, 8)}`
  const seller: MarketplaceSeller = {
    gscSellerId,
    legalName: `Comercial ${gscSellerId}`,
    taxId: '76192083-9',
    operationType: 'local',
    type: '3P',
    fpayId: null,
    payoneerPayeeId: null,
    countries: [{ country: 'cl', currency: 'CLP', enabled: true }],
    ...changes,
  }
  world.sandbox.gsc.loadSellers([seller])
  return seller
}

export const anEvent = (
  { gscSellerId }: { gscSellerId: string },
  sequence: number | undefined,
  changes: Partial<Omit<SellerEvent, 'seller'>> & { accountNumber?: string } = {},
): SellerEvent => {
  const { accountNumber = null, ...event } = changes
  return {
    eventId: randomUUID(),
    eventType: sequence === 1 ? 'SellerCreated' : 'SellerUpdated',
    eventVersion: 2,
    eventTime: '2026-11-20T14:03:11.512Z',
    ...(sequence !== undefined && { sequence }),
    seller: { sellerId: gscSellerId, country: 'CL', operationType: 'local', accountNumber },
    ...event,
  }
}

/** Our seller; undefined when we do not have it. */
export async function ours(
  world: World,
  { gscSellerId }: { gscSellerId: string },
): Promise<SellerForVendorSync | undefined> {
  const ids = await findSellerIds(world.database, [gscSellerId])
  return (await findSellersForVendorSync(world.database, [...ids.values()]))[0]
}

export const alertsAbout = async (world: World, id: string): Promise<readonly FinanceAlert[]> =>
  (await openAlerts(world.database, { limit: 1_000 })).filter(({ subject }) => subject.id === id)

/** The sellers that NetSuite is to be told of, since this was asked last. */
export const toSync = async (world: World): Promise<readonly string[]> =>
  (await world.take(topics.sellerVendorSync)).map(({ data }) => data.sellerId)

/** A record as NetSuite shows it, read as any other integration would. @returns undefined when there is none */
export type ReadRecord = (path: string) => Promise<Record<string, unknown> | undefined>

export function netsuiteReader({ sandbox, stopWith }: World): ReadRecord {
  const { url: baseUrl, credentials } = sandbox.netsuite
  const { account: accountId, clientId, certificateId, privateKeyPem } = credentials
  const http = createHttpClient({ provider: 'netsuite', baseUrl, timeoutMs: 5_000, maxConcurrent: 1 })
  stopWith(() => http.close())
  const auth = { kind: 'oauth2', clientId, certificateId, privateKeyPem, algorithm: 'ES256' } as const
  const authenticated = authenticate(auth, { http, baseUrl, accountId })
  return async (path) => {
    const full = `/services/rest/record/v1/${path}?expandSubResources=true`
    const answer = await authenticated({ method: 'GET', url: baseUrl + full }, (authorization) =>
      http.request({ operation: 'read', method: 'GET', path: full, headers: { authorization: authorization() } }),
    )
    return answer.status === 200 ? (answer.body as Record<string, unknown>) : undefined
  }
}
