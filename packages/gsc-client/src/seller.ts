import { isCurrency } from '@remesa/domain/currency'
import type { SellerProfile, SellerStatus } from '@remesa/domain/seller'
import { z } from 'zod'

/** A seller as GSC tells it (facts: marketplace §3.2), in our words. Fields we do not know are left out. */
export const sellerSchema = z
  .object({
    sellerId: z.string().min(1),
    legalName: z.string().min(1),
    taxId: z.object({ value: z.string().min(1) }),
    email: z.string().nullish(),
    phone: z.string().nullish(),
    operationType: z.enum(['local', 'international']),
    sellerType: z.enum(['3P', '1P']),
    countries: z.record(
      z.string().regex(/^[a-z]{2}$/),
      z.object({
        currency: z.string().refine(isCurrency, 'expected a payable ISO 4217 currency'),
        enabled: z.boolean(),
      }),
    ),
    payment: z.object({
      provider: z.enum(['FPAY', 'PAYONEER']),
      accountNumber: z.string().min(1).nullish(),
      payeeId: z.string().min(1).nullish(),
    }),
    status: z.enum(['ACTIVE', 'SUSPENDED', 'CLOSED']),
  })
  .transform(
    (seller): SellerProfile => ({
      gscSellerId: seller.sellerId,
      legalName: seller.legalName,
      taxId: seller.taxId.value,
      email: seller.email ?? null,
      phone: seller.phone ?? null,
      operationType: seller.operationType,
      type: seller.sellerType,
      status: STATUS[seller.status],
      // JSON objects keep the order they were written in, for names such as these.
      countries: Object.entries(seller.countries).map(([country, { currency, enabled }]) => {
        return { country, currency, enabled }
      }),
      fpayId: seller.payment.accountNumber ?? null,
      payoneerPayeeId: seller.payment.payeeId ?? null,
    }),
  )

const STATUS = { ACTIVE: 'active', SUSPENDED: 'suspended', CLOSED: 'closed' } as const satisfies Record<
  string,
  SellerStatus
>
