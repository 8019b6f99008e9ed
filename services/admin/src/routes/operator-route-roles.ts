/** The routes of this folder, and the role that each needs. */
export const OPERATOR_ROUTE_ROLES = {
  'GET /v1/me': 'viewer',
  'GET /v1/today': 'viewer',
  'GET /v1/events': 'viewer',
  'GET /v1/alerts': 'viewer',
  'POST /v1/alerts/:id/acknowledge': 'operator',
  'POST /v1/alerts/:id/resolve': 'operator',
  'GET /v1/balances': 'viewer',
  'GET /v1/balances/:id': 'viewer',
  'GET /v1/transfers': 'viewer',
  'GET /v1/transfers/:id': 'viewer',
  'GET /v1/sellers': 'viewer',
  'GET /v1/sellers/:id': 'viewer',
} as const
