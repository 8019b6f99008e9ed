import type { BookingPayoutStatus } from '@remesa/domain/booking-payout'
import type { TransferStatus } from '@remesa/domain/payout-transfer'
import type { SellerBalanceStatus } from '@remesa/domain/seller-balance'
import type { Sentences } from './dictionary.ts'
import { esCodes } from './es-codes.ts'

const STATUSES: Readonly<Record<SellerBalanceStatus | TransferStatus | BookingPayoutStatus, true>> = {
  ...{ initialized: true, retrieved: true, no_payment_due: true, payable: true, blocked: true, paying: true },
  ...{ payment_pending: true, awaiting_funds: true, paid: true, failed: true, returned: true, scheduled: true },
  ...{ on_hold: true, processing: true, transferred: true, cancelled: true, awaiting_destination: true },
  ...{ pending: true, completed: true, retryable: true, failed_terminal: true, withdrawn: true },
}

/** Statuses, as they stand within these. */
export const esStatuses: Sentences = Object.fromEntries(
  (Object.keys(STATUSES) as (keyof typeof STATUSES)[]).map((status) => [
    status.replaceAll('_', ' '),
    esCodes[`code.${status}`],
  ]),
)

/** What explanations and the search call what is paid. */
export const esTitles: Sentences = {
  'Booking {id}': 'Reserva {id}',
  'Contest {id}': 'Concurso {id}',
  'Booking {id}, {=status}': 'Reserva {id}: {status}',
  'Contest {id}, {=status}': 'Concurso {id}: {status}',
  'Booking {id}, provider {payee}': 'Reserva {id}, proveedor {payee}',
  'Contest {id}, winner {payee}': 'Concurso {id}, ganador {payee}',
  'Payout {sequence} of booking {id}': 'Pago {sequence} de la reserva {id}',
  'Payout of booking {id}': 'Pago de la reserva {id}',
  'Payout {sequence}, {=status}': 'Pago {sequence}: {status}',
  'Payment {id}': 'Cobro {id}',
  'Transfer, {=status}': 'Transferencia: {status}',
}

/** What the lines of an amount are called. */
export const esAmounts: Sentences = {
  ...esTitles,
  '{of}, {=status}': '{of}: {status}',
  '{count} {=status}': '{count} en estado «{status}»',
  'Vendor bill {id}': 'Factura de proveedor {id}',
  'Invoice {id}': 'Cobro al vendedor {id}',
  'Not in the documents that are kept': 'Fuera de los documentos guardados',
  'Provider share': 'Parte del proveedor',
  'Tip {id}': 'Propina {id}',
  'Refund of dispute {id}': 'Reembolso de la disputa {id}',
  'Paid by payout {sequence} of the booking': 'Pagado por el pago {sequence} de la reserva',
  'Never less than nothing': 'Nunca menos que cero',
  'Changed since it was released': 'Cambió desde que se liberó',
  'Not counted yet': 'Aún sin contar',
  'Kept back against what the provider owes': 'Descontado de lo que debe el proveedor',
  'Prize in contest {id}': 'Premio del concurso {id}',
  'Paid by the customer': 'Pagado por el cliente',
  'Given back': 'Devuelto',
  'As the marketplace settled it': 'Según lo liquidó el marketplace',
  'Differs from the winners’ sum': 'Difiere de la suma de los ganadores',
}
