import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Marketplace } from '@remesa/sandbox/marketplace'
import { stringify } from 'csv-stringify/sync'

/** Has a marketplace's files read in a directory that is gone afterwards. */
export async function withFiles<Result>(
  marketplace: Marketplace,
  read: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'remesa-marketplace-'))
  try {
    await writeMarketplace(directory, marketplace)
    return await read(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Writes a marketplace as the files that `--data` reads; the directory is made. */
export async function writeMarketplace(directory: string, marketplace: Marketplace): Promise<void> {
  const { countries, sellers, documents, closings, settlements = [], winners = [] } = marketplace
  const { bookings = [], tips = [], disputes = [], payments = [], recorded = [] } = marketplace
  await mkdir(directory, { recursive: true })
  const write = (name: string, columns: readonly string[], rows: readonly (readonly unknown[])[]): Promise<void> =>
    writeFile(
      join(directory, name),
      stringify(
        rows.map((row) => row.map(asText)),
        { header: true, columns: [...columns] },
      ),
    )
  await write(
    'countries.csv',
    ['id', 'name', 'currency', 'enabled'],
    countries.map(({ id, name, currency, enabled }) => [id, name, currency, enabled]),
  )
  await write(
    'sellers.csv',
    ['gsc_seller_id', 'legal_name', 'tax_id', 'operation_type', 'type', 'fpay_id', 'payoneer_payee_id', 'countries'],
    sellers.map((seller) => [
      seller.gscSellerId,
      seller.legalName,
      seller.taxId,
      seller.operationType,
      seller.type,
      seller.fpayId,
      seller.payoneerPayeeId,
      seller.countries.map(({ country, currency, enabled }) => `${country}:${currency}:${enabled}`).join(';'),
    ]),
  )
  await write(
    'documents.csv',
    ['document_type', 'tran_id', 'gsc_seller_id', 'country', 'date', 'currency', 'amount'],
    documents.map((document) => [
      document.documentType,
      document.tranId,
      document.gscSellerId,
      document.country,
      document.date,
      document.currency,
      document.amount,
    ]),
  )
  await write(
    'closings.csv',
    ['settlement_id', 'gsc_seller_id', 'country', 'date', 'currency', 'amount'],
    closings.map(({ settlementId, gscSellerId, country, date, currency, amount }) => [
      settlementId,
      gscSellerId,
      country,
      date,
      currency,
      amount,
    ]),
  )
  await write(
    'settlements.csv',
    ['settlement_id', 'contest_id', 'currency', 'total', 'status'],
    settlements.map(({ settlementId, contestId, currency, total, status }) => [
      settlementId,
      contestId,
      currency,
      total,
      status,
    ]),
  )
  await write(
    'winners.csv',
    ['settlement_id', 'user_id', 'stripe_account_id', 'amount', 'currency'],
    winners.map(({ settlementId, userId, stripeAccountId, amount, currency = '' }) => [
      settlementId,
      userId,
      stripeAccountId,
      amount,
      currency,
    ]),
  )
  await write(
    'bookings.csv',
    ['booking_id', 'provider_id', 'stripe_account_id', 'currency', 'provider_share', 'completed_at'],
    bookings.map(({ bookingId, providerId, stripeAccountId, currency, providerShare, completedAt }) => [
      bookingId,
      providerId,
      stripeAccountId,
      currency,
      providerShare,
      completedAt,
    ]),
  )
  await write(
    'tips.csv',
    ['tip_id', 'booking_id', 'amount', 'added_at', 'status'],
    tips.map(({ tipId, bookingId, amount, addedAt, status }) => [tipId, bookingId, amount, addedAt, status]),
  )
  await write(
    'disputes.csv',
    ['dispute_id', 'booking_id', 'opened_at', 'resolved_at', 'refund_amount'],
    disputes.map(({ disputeId, bookingId, openedAt, resolvedAt, refundAmount }) => [
      disputeId,
      bookingId,
      openedAt,
      resolvedAt,
      refundAmount,
    ]),
  )
  for (const [file, rows] of [
    ['payments.csv', payments],
    ['recorded.csv', recorded],
  ] as const) {
    await write(
      file,
      ['payment_id', 'created', 'currency', 'amount', 'refunded', 'description'],
      rows.map(({ paymentId, created, currency, amount, refunded, description }) => [
        paymentId,
        created,
        currency,
        amount,
        refunded,
        description,
      ]),
    )
  }
}

const asText = (value: unknown): string => (value === null ? '' : String(value))
