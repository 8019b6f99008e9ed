import type { Currency } from '@remesa/domain/currency'
import { sql, type Transaction } from 'kysely'
import type { Database } from './connection.ts'
import type { Schema } from './schema.ts'

/** A country the marketplace sells in. */
export interface Country {
  /** ISO 3166 alpha-2 in lower case, e.g. `cl`. */
  readonly id: string
  readonly name: string
  readonly currency: Currency
  /** Sellers are paid here. */
  readonly enabled: boolean
  /** NetSuite's internal ids; null where finance has not opened the country there. */
  readonly erp: {
    readonly subsidiaryId: string
    readonly bankAccountId: string
    readonly payablesAccountId: string
  } | null
}

/** What NetSuite calls our countries and currencies. */
export interface ErpIds {
  /** By our country id. */
  readonly countries: ReadonlyMap<string, NonNullable<Country['erp']>>
  /** NetSuite's currency id by ISO code. */
  readonly currencies: ReadonlyMap<string, string>
}

export async function loadCountries(database: Database): Promise<readonly Country[]> {
  const rows = await database.selectFrom('countries').selectAll().orderBy('id').execute()
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    currency: row.currency as Currency,
    enabled: row.enabled,
    erp:
      row.erp_subsidiary_id && row.erp_bank_account_id && row.erp_payables_account_id
        ? {
            subsidiaryId: row.erp_subsidiary_id,
            bankAccountId: row.erp_bank_account_id,
            payablesAccountId: row.erp_payables_account_id,
          }
        : null,
  }))
}

/** Adds countries and replaces those known by the same id. */
export async function upsertCountries(tx: Transaction<Schema>, countries: readonly Country[]): Promise<void> {
  if (countries.length === 0) return
  await tx
    .insertInto('countries')
    .values(
      countries.map(({ erp, ...country }) => ({
        ...country,
        erp_subsidiary_id: erp?.subsidiaryId ?? null,
        erp_bank_account_id: erp?.bankAccountId ?? null,
        erp_payables_account_id: erp?.payablesAccountId ?? null,
      })),
    )
    .onConflict((on) =>
      on.column('id').doUpdateSet((row) => ({
        name: row.ref('excluded.name'),
        currency: row.ref('excluded.currency'),
        enabled: row.ref('excluded.enabled'),
        erp_subsidiary_id: row.ref('excluded.erp_subsidiary_id'),
        erp_bank_account_id: row.ref('excluded.erp_bank_account_id'),
        erp_payables_account_id: row.ref('excluded.erp_payables_account_id'),
      })),
    )
    .execute()
}

/** @param erpIds - NetSuite's internal currency id by ISO code */
export async function upsertErpCurrencies(
  tx: Transaction<Schema>,
  erpIds: ReadonlyMap<Currency, string>,
): Promise<void> {
  const rows = [...erpIds].map(([currency, erpId]) => ({ currency, erp_id: erpId }))
  if (rows.length === 0) return
  await tx
    .insertInto('erp_currencies')
    .values(rows)
    .onConflict((on) => on.column('currency').doUpdateSet((row) => ({ erp_id: row.ref('excluded.erp_id') })))
    .execute()
}

/** Everything NetSuite must be told by number; small enough to read whole. */
export async function erpIdsOf(database: Database): Promise<ErpIds> {
  const countries = await loadCountries(database)
  const { rows } = await sql<{ currency: string; erp_id: string }>`
    select currency, erp_id from erp_currencies`.execute(database)
  return {
    countries: new Map(countries.flatMap(({ id, erp }) => (erp ? [[id, erp]] : []))),
    currencies: new Map(rows.map(({ currency, erp_id }) => [currency, erp_id])),
  }
}
