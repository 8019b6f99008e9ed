/** The routes of this folder, and the role that each needs. */
export const PLAN_ROUTE_ROLES = {
  'GET /v1/plans': 'viewer',
  'POST /v1/plans': 'operator',
  'GET /v1/plans/:id': 'viewer',
  'GET /v1/plans/:id/lines': 'viewer',
  'POST /v1/plans/:id/approve': 'approver',
  'POST /v1/plans/:id/apply': 'operator',
  'POST /v1/plans/:id/discard': 'operator',
  'GET /v1/plan-rules': 'viewer',
  'PUT /v1/plan-rules': 'operator',
  'DELETE /v1/plan-rules/:id': 'operator',
} as const
