import type { ApiParts, ZodServer } from '../api.ts'
import { capRoutes } from './cap-routes.ts'
import { controlApprovalRoutes } from './control-approval-routes.ts'
import { coolingRoutes } from './cooling-routes.ts'
import { railRoutes } from './rail-routes.ts'

/** What people decide about payments as a whole. */
export function controlRoutes(server: ZodServer, parts: ApiParts): void {
  railRoutes(server, parts)
  capRoutes(server, parts)
  coolingRoutes(server, parts)
  controlApprovalRoutes(server, parts)
}
