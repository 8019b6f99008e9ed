import { bigintAsString } from '@remesa/database/audit'
import type { BookingPayout } from '@remesa/database/booking-payouts'
import type { Currency } from '@remesa/domain/currency'

/** A value as JSON has it: amounts as decimal strings, moments in ISO 8601. */
export type Wire<T> = T extends bigint | Date | Currency
  ? string
  : T extends readonly (infer Element)[]
    ? Wire<Element>[]
    : T extends object
      ? { [Name in keyof T]: Wire<T[Name]> }
      : T

export const toWire = <T>(value: T): Wire<T> => JSON.parse(JSON.stringify(value, bigintAsString)) as Wire<T>

export const payoutJson = ({ payoutId, ...payout }: BookingPayout) => toWire({ id: payoutId, ...payout })
