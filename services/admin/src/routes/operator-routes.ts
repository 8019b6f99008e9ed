import type { ApiParts, ZodServer } from '../api.ts'
import { alertRoutes } from './alert-routes.ts'
import { balanceRoutes } from './balance-routes.ts'
import { sellerRoutes } from './seller-routes.ts'
import { todayRoutes } from './today-routes.ts'
import { transferRoutes } from './transfer-routes.ts'

/** What operators read, and the small things they do beside payouts and reconciliation. */
export function operatorRoutes(server: ZodServer, parts: ApiParts): void {
  todayRoutes(server, parts)
  alertRoutes(server, parts)
  balanceRoutes(server, parts)
  transferRoutes(server, parts)
  sellerRoutes(server, parts)
}
