import type { ProviderPayment } from '@remesa/domain/rail-reconciliation'
import { createHttpClient } from '@remesa/provider-http/http-client'
import { readAs } from '@remesa/provider-http/read-as'
import type { RetryOptions } from '@remesa/provider-http/retrying'
import type { Logger } from '@remesa/service-kit/logger'
import type { Metrics } from '@remesa/service-kit/metrics'
import { z } from 'zod'
import { authenticate, type NetSuiteAuth } from './authentication.ts'
import { type ChangedDocument, type ChangedDocumentsFilter, listChangedDocuments } from './changed-documents.ts'
import { findGoneDocuments } from './gone-documents.ts'
import { externalPath, internalId, savedId } from './ids.ts'
import {
  type EntityFields,
  entityBody,
  type VendorFields,
  type VendorPaymentFields,
  type VendorSubsidiaryFields,
  vendorBody,
  vendorPaymentBody,
  vendorSubsidiaryBody,
} from './records.ts'
import { type FoundDocuments, findSellerDocuments, type SellerDocumentsFilter } from './seller-documents.ts'
import { createAsk } from './transport.ts'
import { listVendorPayments, type VendorPaymentWindow } from './vendor-payments.ts'

export interface NetSuiteClientOptions {
  /** `https://<account>.suitetalk.api.netsuite.com`, or a sandbox's address. */
  readonly baseUrl: string
  /** As NetSuite shows it, e.g. `1234567_SB1`. */
  readonly accountId: string
  readonly auth: NetSuiteAuth
  /** Requests at once, of this process. NetSuite counts all of an account together (facts: netsuite §5). Default 15. */
  readonly maxConcurrent?: number
  /** For one answer; posting a record takes seconds there. Default 60 s. */
  readonly timeoutMs?: number
  /** Public reports: one second and three tries do not get through an overload. Default 8 tries, 1.5 s, 30 s. */
  readonly retry?: Pick<RetryOptions, 'tries' | 'firstMs' | 'maxMs'>
  readonly logger?: Pick<Logger, 'debug' | 'warn'> | undefined
  readonly metrics?: Pick<Metrics, 'providerCall'> | undefined
}

/** NetSuite's internal id of what was saved. */
export interface Saved {
  readonly erpId: string
}

/**
 * Each method may be repeated without harm, and repeats itself while NetSuite is unavailable.
 * All throw ProviderError, and RangeError for arguments that cannot be right.
 */
export interface NetSuiteClient {
  /** @param externalId - our stable key of the vendor */
  upsertVendor(externalId: string, fields: VendorFields): Promise<Saved>
  /** A seller that is invoiced is a customer besides. @param externalId - our stable key of the customer */
  upsertCustomer(externalId: string, fields: EntityFields): Promise<Saved>
  /** @param externalId - our stable key of this vendor in this subsidiary */
  upsertVendorSubsidiary(externalId: string, fields: VendorSubsidiaryFields): Promise<Saved>
  /** What is open of all these sellers' bills and invoices of one day. One request per 1,000 documents. */
  findSellerDocuments(filter: SellerDocumentsFilter): Promise<FoundDocuments>
  /** The bills and invoices of closed days that were changed lately, in pages of up to 1,000, by their ids. */
  listChangedDocuments(filter: ChangedDocumentsFilter): AsyncIterable<readonly ChangedDocument[]>
  /** Which of at most 1,000 bills and invoices it does not show any more. One request. */
  findGoneDocuments(erpIds: readonly string[]): Promise<readonly string[]>
  /** Records a payment against bills. @param externalId - names this payment: saved once, however often it is sent */
  upsertVendorPayment(externalId: string, fields: VendorPaymentFields): Promise<Saved>
  /** The vendor payments of ours that are dated in `[from, to)`, in pages of up to 1,000, by their ids. */
  listVendorPayments(window: VendorPaymentWindow): AsyncIterable<readonly ProviderPayment[]>
  /** Writes what became of a bill's payment where the ERP's people see it. @param billId - NetSuite's internal id */
  setBillPaymentStatus(billId: string, status: string): Promise<void>
  /** Reads one currency: whether the address, our credentials and their permissions are right. */
  ping(): Promise<void>
  close(): void
}

/** @throws Error when the private key or the address cannot be read */
export function createNetSuiteClient(options: NetSuiteClientOptions): NetSuiteClient {
  const { maxConcurrent = 15, timeoutMs = 60_000, logger } = options
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  const http = createHttpClient({
    provider: 'netsuite',
    baseUrl,
    timeoutMs,
    maxConcurrent,
    // A thousand documents take about 300 kB.
    maxAnswerBytes: 16 * 1024 * 1024,
    // By default NetSuite drops a field that it does not know, and answers that all is well.
    headers: { 'x-netsuite-propertynamevalidation': 'Error', 'x-netsuite-propertyvaluevalidation': 'Error' },
    logger,
    metrics: options.metrics,
  })
  const ask = createAsk({
    http,
    baseUrl,
    authenticated: authenticate(options.auth, { http, baseUrl, accountId: options.accountId }),
    maxConcurrent,
    retry: options.retry ?? { tries: 8, firstMs: 1_500, maxMs: 30_000 },
    logger,
  })

  async function upsert(operation: string, path: string, json: object): Promise<Saved> {
    return { erpId: await ask({ operation, method: 'PUT', path, json }, savedId) }
  }

  return {
    upsertVendor: async (externalId, fields) =>
      upsert('upsert vendor', externalPath('vendor', externalId), vendorBody(fields)),
    upsertCustomer: async (externalId, fields) =>
      upsert('upsert customer', externalPath('customer', externalId), entityBody(fields)),
    upsertVendorSubsidiary: async (externalId, fields) =>
      upsert(
        'upsert vendor subsidiary',
        externalPath('vendorSubsidiaryRelationship', externalId),
        vendorSubsidiaryBody(fields),
      ),
    findSellerDocuments: async (filter) => findSellerDocuments(ask, filter),
    listChangedDocuments: (filter) => listChangedDocuments(ask, filter),
    findGoneDocuments: (erpIds) => findGoneDocuments(ask, erpIds),
    // Without `replace` the lines of a repeated upsert are appended to those that are there (facts: netsuite §2).
    upsertVendorPayment: async (externalId, fields) =>
      upsert(
        'upsert vendor payment',
        `${externalPath('vendorPayment', externalId)}?replace=apply`,
        vendorPaymentBody(fields),
      ),
    listVendorPayments: (window) => listVendorPayments(ask, window),
    async setBillPaymentStatus(billId, status) {
      const path = `/services/rest/record/v1/vendorBill/${internalId(billId)}`
      const json = { custbody_remesa_payment_status: status }
      await ask({ operation: 'set bill payment status', method: 'PATCH', path, json }, savedId)
    },
    async ping() {
      const path = '/services/rest/record/v1/currency?limit=1'
      await ask({ operation: 'ping', method: 'GET', path }, (answer) => readAs(listSchema, answer))
    },
    close: http.close,
  }
}

const listSchema = z.object({ items: z.array(z.unknown()) })
