/** The routes of this folder, and the role that each needs. */
export const OPERATOR_ROUTE_ROLES = {
  'GET /v1/me': 'viewer',
  'GET /v1/today': 'viewer',
  'GET /v1/events': 'viewer',
  'GET /v1/alerts': 'viewer',
  'POST /v1/alerts/:id/acknowledge': 'operator',
  'POST /v1/alerts/:id/resolve': 'operator',
} as const
