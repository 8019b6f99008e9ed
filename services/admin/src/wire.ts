import { bigintAsString } from '@remesa/database/audit'

/** A value as JSON has it: amounts as decimal strings, moments in ISO 8601. */
export type Wire<T> = T extends bigint | Date
  ? string
  : T extends readonly (infer Element)[]
    ? Wire<Element>[]
    : T extends object
      ? { [Name in keyof T]: Wire<T[Name]> }
      : T

export const toWire = <T>(value: T): Wire<T> => JSON.parse(JSON.stringify(value, bigintAsString)) as Wire<T>
