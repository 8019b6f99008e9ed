import type { ApiParts, ZodServer } from '../api.ts'
import { alertRoutes } from './alert-routes.ts'
import { todayRoutes } from './today-routes.ts'

/** What operators read, and the small things they do beside payouts and reconciliation. */
export function operatorRoutes(server: ZodServer, parts: ApiParts): void {
  todayRoutes(server, parts)
  alertRoutes(server, parts)
}
