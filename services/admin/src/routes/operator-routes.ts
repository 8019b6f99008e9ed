import type { ApiParts, ZodServer } from '../api.ts'
import { alertRoutes } from './alert-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { balanceRoutes } from './balance-routes.ts'
import { deadLetterRoutes } from './dead-letter-routes.ts'
import { explainRoutes } from './explain-routes.ts'
import { jobRoutes } from './job-routes.ts'
import { ledgerRoutes } from './ledger-routes.ts'
import { sellerRoutes } from './seller-routes.ts'
import { systemRoutes } from './system-routes.ts'
import { todayRoutes } from './today-routes.ts'
import { transferRoutes } from './transfer-routes.ts'

/** What operators read, and the small things they do beside payouts and reconciliation. */
export function operatorRoutes(server: ZodServer, parts: ApiParts): void {
  todayRoutes(server, parts)
  alertRoutes(server, parts)
  balanceRoutes(server, parts)
  transferRoutes(server, parts)
  sellerRoutes(server, parts)
  explainRoutes(server, parts)
  ledgerRoutes(server, parts)
  auditRoutes(server, parts)
  deadLetterRoutes(server, parts)
  jobRoutes(server, parts)
  systemRoutes(server, parts)
}
