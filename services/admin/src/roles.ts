import { ACTION_ROUTE_ROLES } from './actions/action-route-roles.ts'
import { CONTROL_ROUTE_ROLES } from './controls/control-route-roles.ts'
import { PLAN_ROUTE_ROLES } from './plans/plan-route-roles.ts'
import { OPERATOR_ROUTE_ROLES } from './routes/operator-route-roles.ts'

/** What a person may do, least first: each may also do what those before it may. */
export const ROLES = ['viewer', 'operator', 'approver'] as const
export type Role = (typeof ROLES)[number]

/** @returns whether one of a person's roles, of which some may mean nothing here, is this one or above it */
export const holds = (roles: readonly string[], role: Role): boolean =>
  ROLES.slice(ROLES.indexOf(role)).some((enough) => roles.includes(enough))

/**
 * Every route there is, and who may use it. The server refuses to start with a route that is not here; what is not here
 * cannot be reached by anybody.
 */
export const ROUTE_ROLES = {
  'GET /openapi.json': 'anyone',
  // The console's files, and what describes the API, have nothing of anybody's in them.
  'GET /*': 'anyone',
  'HEAD /*': 'anyone',
  'GET /docs': 'anyone',
  'GET /docs/': 'anyone',
  'GET /docs/json': 'anyone',
  'GET /docs/yaml': 'anyone',
  'GET /docs/static/index.html': 'anyone',
  'GET /docs/static/swagger-initializer.js': 'anyone',
  'GET /docs/static/*': 'anyone',
  'HEAD /docs/static/*': 'anyone',
  'GET /auth/sign-in': 'anyone',
  'GET /auth/callback': 'anyone',
  'POST /auth/sign-out': 'anyone',
  'GET /v1/payouts': 'viewer',
  'GET /v1/payouts/:id': 'viewer',
  'POST /v1/payouts/:id/force-release': 'operator',
  'POST /v1/payouts/:id/hold': 'operator',
  'POST /v1/payouts/:id/resume': 'operator',
  'POST /v1/payouts/:id/cancel': 'operator',
  'POST /v1/payouts/:id/retry': 'operator',
  'GET /v1/approvals': 'viewer',
  'POST /v1/approvals/:id/approve': 'approver',
  'POST /v1/approvals/:id/refuse': 'approver',
  ...OPERATOR_ROUTE_ROLES,
  ...CONTROL_ROUTE_ROLES,
  ...PLAN_ROUTE_ROLES,
  ...ACTION_ROUTE_ROLES,
  'GET /v1/reconciliations': 'viewer',
  'POST /v1/reconciliations': 'operator',
  'GET /v1/reconciliations/trend': 'viewer',
  'GET /v1/reconciliations/:id': 'viewer',
  'GET /v1/reconciliations/:id/findings': 'viewer',
  'POST /v1/reconciliations/:id/sync': 'operator',
  'POST /v1/reconciliations/:id/repeat': 'operator',
  'POST /v1/reconciliation-findings/:id/assign': 'operator',
  'POST /v1/reconciliation-findings/:id/resolve': 'operator',
} as const satisfies Readonly<Record<string, Role | 'anyone'>>

export type RouteName = keyof typeof ROUTE_ROLES
export const isRouteName = (name: string): name is RouteName => Object.hasOwn(ROUTE_ROLES, name)
