/** Ids of what stands in the database, for addresses that name one thing. */
export interface Some {
  readonly balance: string
  readonly seller: string
  /** A balance some pages down the list. */
  readonly cursor: string
  /** A seller some pages down the list of those called so. */
  readonly comercial: string
  readonly transfer: string
  readonly payout: string
  /** With a line for every balance of a date. */
  readonly plan: string
  /** A line some pages down that plan. */
  readonly planLine: string
  /** Of settlements by file. */
  readonly importApproval: string
  /** With many findings each. */
  readonly billingReport: string
  readonly railReport: string
}

/** What the bench asks for: first pages, pages far down, filters that leave much, little and nothing, and what people type. */
export const samplesOf = (some: Some): readonly string[] => [
  '/v1/balances',
  '/v1/balances?limit=200',
  `/v1/balances?cursor=${some.cursor}`,
  '/v1/balances?status=paid',
  '/v1/balances?status=failed',
  '/v1/balances?status=initialized',
  `/v1/balances?status=paid&cursor=${some.cursor}`,
  '/v1/balances?date=2026-11-18',
  '/v1/balances?date=2026-11-18&status=blocked',
  '/v1/balances?country=mx',
  '/v1/balances?currency=USD&status=returned',
  '/v1/balances?min=4990000',
  '/v1/balances?min=99999999',
  '/v1/balances?min=1000&max=2000&currency=PEN',
  '/v1/balances?q=comercial',
  '/v1/balances?q=importadora+austral+17',
  '/v1/balances?q=10000042-2',
  '/v1/balances?q=nobody',
  `/v1/balances?sellerId=${some.seller}`,
  `/v1/balances/${some.balance}`,
  '/v1/sellers',
  '/v1/sellers?q=com',
  `/v1/sellers?q=comercial&cursor=${some.comercial}`,
  '/v1/sellers?q=nobody',
  `/v1/sellers/${some.seller}`,
  '/v1/transfers',
  '/v1/transfers?limit=200',
  '/v1/transfers?status=awaiting_destination',
  '/v1/transfers?status=failed_terminal',
  '/v1/transfers?userId=user-9',
  '/v1/transfers?q=CT-17',
  `/v1/transfers?cursor=${some.transfer}`,
  `/v1/transfers/${some.transfer}`,
  '/v1/payouts',
  '/v1/payouts?status=on_hold',
  '/v1/payouts?providerId=provider-9',
  `/v1/payouts?cursor=${some.payout}`,
  `/v1/payouts/${some.payout}`,
  '/v1/approvals',
  '/v1/approvals?status=open',
  `/v1/approvals?payoutId=${some.payout}`,
  '/v1/control-approvals',
  '/v1/control-approvals?limit=200',
  '/v1/control-approvals?status=open&kind=settlement_import',
  '/v1/control-approvals?kind=balance_repayment&status=open',
  '/v1/control-approvals?kind=rail_restart',
  `/v1/control-approvals/${some.importApproval}/settlements`,
  `/v1/control-approvals/${some.importApproval}/settlements?limit=1&cursor=19`,
  '/v1/plans',
  '/v1/plans?limit=200',
  '/v1/plans?state=planned',
  '/v1/plans?kind=payouts',
  `/v1/plans?cursor=${some.plan}`,
  `/v1/plans/${some.plan}`,
  `/v1/plans/${some.plan}/lines`,
  `/v1/plans/${some.plan}/lines?limit=200`,
  `/v1/plans/${some.plan}/lines?cursor=${some.planLine}`,
  `/v1/plans/${some.plan}/lines?leftOut=true`,
  '/v1/plan-rules',
  '/v1/caps',
  '/v1/rails',
  '/v1/cooling',
  '/v1/debts',
  '/v1/debts?limit=200',
  '/v1/debts?providerId=provider-17',
  '/v1/debts?cursor=provider-4000:USD',
  '/v1/reconciliations',
  '/v1/reconciliations?limit=200',
  '/v1/reconciliations?books=fpay',
  `/v1/reconciliations?cursor=${some.billingReport}`,
  '/v1/reconciliations/trend',
  '/v1/reconciliations/trend?books=netsuite&limit=200',
  `/v1/reconciliations/${some.billingReport}`,
  `/v1/reconciliations/${some.billingReport}/findings`,
  `/v1/reconciliations/${some.billingReport}/findings?limit=200&category=duplicate`,
  `/v1/reconciliations/${some.billingReport}/findings?status=resolved`,
  `/v1/reconciliations/${some.railReport}/findings`,
  `/v1/reconciliations/${some.railReport}/findings?category=duplicate&status=open`,
  `/v1/reconciliations/${some.railReport}/findings?status=resolved`,
  '/v1/alerts',
  '/v1/alerts?status=open',
  '/v1/alerts?severity=critical&status=open',
  '/v1/dead-letters',
  '/v1/dead-letters?waiting=true',
  '/v1/ledger/accounts',
  '/v1/ledger/accounts?q=payee:',
  '/v1/ledger/accounts?q=comercial+andina',
  '/v1/ledger/entries',
  '/v1/ledger/entries?limit=200',
  '/v1/ledger/entries?account=paid_from:fpay',
  `/v1/ledger/entries?account=payee:${some.seller}`,
  `/v1/ledger/entries?payableId=${some.balance}`,
  '/v1/audit',
  '/v1/audit?limit=200',
  '/v1/audit?actor=operator:olga',
  '/v1/audit?actor=pay-seller-balance&action=payment.accepted',
  '/v1/audit?action=nothing.ever',
  `/v1/audit?subjectType=seller_balance&subjectId=${some.balance}`,
  '/v1/jobs',
  '/v1/search?q=comercial',
  '/v1/search?q=BK-77',
  '/v1/search?q=user-9',
  '/v1/search?q=ch_77',
  `/v1/search?q=${some.balance}`,
  `/v1/explain/${some.balance}`,
  '/v1/explain/BK-77',
  '/v1/explain/user-9',
  '/v1/explain/pi_77',
  '/v1/explain/ST-1',
  '/v1/me',
  '/v1/today',
  '/v1/system',
  '/v1/audit/seals',
  '/v1/ledger/proof',
]

/** As much of the API's description as tells lists from the rest. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Shape>> }
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Shape }>> }>>
}

interface Shape {
  readonly $ref?: string
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, Shape>>
}

/** The addresses that answer with a list: with rows, and nothing besides but the cursor of the next page. */
export function listsOf({ paths, components }: ApiDescription): readonly string[] {
  const shapeOf = ({ $ref, ...shape }: Shape): Shape => {
    const named = $ref === undefined ? undefined : components.schemas[$ref.replace('#/components/schemas/', '')]
    return named ? shapeOf(named) : shape
  }
  return Object.entries(paths).flatMap(([path, { get }]) => {
    const schema = get?.responses['200']?.content?.['application/json']?.schema
    const members = Object.entries((schema && shapeOf(schema).properties) ?? {}).filter(([name]) => name !== 'next')
    return members.length === 1 && members.every(([, member]) => shapeOf(member).type === 'array') ? [path] : []
  })
}

/** @returns whether this address is one of a list, asked for whole or in part */
export const isOf = (list: string, address: string): boolean =>
  new RegExp(`^${list.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(address.split('?', 1)[0] ?? '')

const NONE = 'none'
const NOTHING: Some = {
  ...{ balance: NONE, seller: NONE, cursor: NONE, comercial: NONE, transfer: NONE, payout: NONE },
  ...{ plan: NONE, planLine: NONE, importApproval: NONE, billingReport: NONE, railReport: NONE },
}

/** The lists that no sample asks for. */
export function listsWithoutSample(description: ApiDescription): readonly string[] {
  const samples = samplesOf(NOTHING)
  return listsOf(description).filter((list) => !samples.some((address) => isOf(list, address)))
}
