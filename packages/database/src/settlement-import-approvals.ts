import { createHash } from 'node:crypto'
import type { Settlement, SettlementWinner } from '@remesa/domain/settlement'
import type { Transaction } from 'kysely'
import { bigintAsString } from './audit.ts'
import type { ControlApproval } from './control-approvals.ts'
import type { Asked } from './rail-stops.ts'
import type { Schema } from './schema.ts'
import { type Asking, askSecondPerson } from './second-person.ts'
import {
  type ComparedImport,
  compareImport,
  type ImportedAs,
  owedByCurrency,
  storeImport,
} from './settlement-import.ts'
import type { SettlementWithWinners } from './settlements.ts'

// Settlements that one person may not have paid alone: what was brought is kept, letter by letter, until somebody agrees.

/** How many settlements of a wish are shown with it: those that owe most. The others count in its sums. */
const LISTED = 20

/** Written by {@link askToImport}; a wish as the database has it. */
interface ImportWish {
  /** SHA-256 of `content`, in hex. */
  readonly hash: string
  readonly replace: boolean
  /** SHA-256 of what stood here and would give way, in hex; null where nothing did. */
  readonly replaces: string | null
  /** JSON, as {@link contentOf} writes it: never shown whole. */
  readonly content: string
}

/**
 * Asks for a second person's consent to store settlements and have them paid. The same content asked for again is the same
 * request, whoever asks. Call it with what {@link compareImport} said in this transaction.
 */
export async function askToImport(
  tx: Transaction<Schema>,
  settlements: readonly SettlementWithWinners[],
  { compared, replace }: { readonly compared: ComparedImport; readonly replace: boolean },
  asked: Asked,
): Promise<Asking> {
  const content = contentOf(settlements)
  const hash = sha256(content)
  const { imported, toWrite } = compared
  const told = {
    hash,
    replace,
    replaces: standingOf(compared),
    totals: [...owedByCurrency(toWrite)].map(([currency, amount]) => ({ amount: amount.toString(), currency })),
    settlements: toWrite.length,
    winners: toWrite.reduce((sum, { winners }) => sum + winners.length, 0),
    unchanged: settlements.length - toWrite.length,
  }
  const listed = toWrite.toSorted(byOwed).slice(0, LISTED)
  const list = listed.map((one) => lineOf(one, imported.get(one.settlement.settlementId)))
  const wish = { ...told, list, notListed: toWrite.length - list.length, content }
  return askSecondPerson(
    tx,
    { kind: 'settlement_import', subject: { type: 'settlement_import', id: hash }, wish, told },
    asked,
  )
}

/** @returns what is agreed to, or was, in the order in which it was brought; undefined for an approval of anything else */
export const importedByWish = ({
  kind,
  wish,
}: Pick<ControlApproval, 'kind' | 'wish'>): readonly SettlementWithWinners[] | undefined =>
  kind === 'settlement_import' ? settlementsOf((wish as ImportWish).content) : undefined

/**
 * Whether the settlements would still be stored as two people are about to agree to. Locks them, and every import. One that
 * came meanwhile by another way, as it was brought, is no hindrance: it is not stored or told of again.
 * @returns true, or why not, in words
 */
export async function isImportStillAsked(
  tx: Transaction<Schema>,
  { wish }: Pick<ControlApproval, 'wish'>,
): Promise<true | { readonly drifted: string }> {
  const { replace, replaces, content } = wish as ImportWish
  const compared = await compareImport(tx, settlementsOf(content), { replace })
  if (compared.kind === 'different') {
    const [first] = compared.settlements
    const why = first?.hasJob ? 'and is being paid or is paid' : 'and was not to be replaced'
    return { drifted: `Settlement ${first?.settlementId} stands here otherwise by now, ${why}. Nothing was stored.` }
  }
  if (compared.toWrite.length === 0) {
    return { drifted: 'All of these settlements came by another way meanwhile, as they were brought.' }
  }
  return standingOf(compared) === replaces || { drifted: GAVE_WAY }
}

const GAVE_WAY =
  'Of the settlements that were to be replaced one stands here otherwise than when it was asked for. Nothing was stored.'

/**
 * Stores what an approval says that has just been given, and was compared in this transaction. The deed is whose wish it was.
 * @returns ids of those that were written, which must be told of in the same transaction
 * @throws when what is kept is not what was agreed to
 */
export async function storeApprovedImport(
  tx: Transaction<Schema>,
  { id, wish, requestedBy, reason }: ControlApproval,
): Promise<readonly string[]> {
  const { hash, replace, content } = wish as ImportWish
  if (sha256(content) !== hash) throw new Error(`the settlements of approval ${id} are not those of its hash`)
  const compared = await compareImport(tx, settlementsOf(content), { replace })
  if (compared.kind === 'different') throw new Error(`approval ${id} was given for what stands otherwise`)
  await storeImport(tx, compared, { actor: requestedBy, reason, approvalId: id })
  return compared.toWrite.map(({ settlement }) => settlement.settlementId)
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const contentOf = (settlements: readonly SettlementWithWinners[]): string =>
  JSON.stringify(
    settlements.map(({ settlement, winners }) => ({ ...settlement, winners })),
    bigintAsString,
  )

type Written<T> = { readonly [Name in keyof T]: T[Name] extends bigint ? string : T[Name] }

const settlementsOf = (content: string): readonly SettlementWithWinners[] =>
  (JSON.parse(content) as readonly (Written<Settlement> & { winners: readonly Written<SettlementWinner>[] })[]).map(
    ({ winners, ...settlement }) => ({
      settlement: { ...settlement, total: BigInt(settlement.total) },
      winners: winners.map((winner) => ({ ...winner, amount: BigInt(winner.amount) })),
    }),
  )

/** Of what gives way, whatever its order. */
function standingOf({ imported, before }: ComparedImport): string | null {
  const standing = [...before.values()]
    .filter(({ settlement }) => imported.get(settlement.settlementId) === 'replaced')
    .map(({ settlement, winners }) => JSON.stringify([settlement, winners], bigintAsString))
  return standing.length === 0 ? null : sha256(JSON.stringify(standing.toSorted()))
}

const owedOf = ({ winners }: SettlementWithWinners): bigint => winners.reduce((sum, { amount }) => sum + amount, 0n)
const byOwed = (one: SettlementWithWinners, other: SettlementWithWinners): number =>
  Number(owedOf(other) - owedOf(one) > 0n) - Number(owedOf(other) - owedOf(one) < 0n)

const lineOf = ({ settlement, winners }: SettlementWithWinners, result: ImportedAs = 'new') => ({
  settlementId: settlement.settlementId,
  contestId: settlement.contestId,
  result,
  status: settlement.status,
  total: settlement.total.toString(),
  currency: settlement.currency,
  winners: winners.length,
})
