import type { ApiParts, ZodServer } from '../api.ts'
import { balanceActionRoutes } from './balance-action-routes.ts'
import { debtRoutes } from './debt-routes.ts'
import { importContentRoutes } from './import-content-routes.ts'
import { settlementRoutes } from './settlement-routes.ts'
import { transferActionRoutes } from './transfer-action-routes.ts'

/** What operators do about one balance, transfer, settlement or debt. */
export function actionRoutes(server: ZodServer, parts: ApiParts): void {
  balanceActionRoutes(server, parts)
  transferActionRoutes(server, parts)
  settlementRoutes(server, parts)
  importContentRoutes(server, parts)
  debtRoutes(server, parts)
}
