/** The routes of this folder, and the role that each needs. */
export const CONTROL_ROUTE_ROLES = {
  'GET /v1/rails': 'viewer',
  'POST /v1/rails/:id/stop': 'operator',
  'POST /v1/rails/:id/restart': 'operator',
  'GET /v1/caps': 'viewer',
  'PUT /v1/caps': 'operator',
  'DELETE /v1/caps/:id': 'operator',
  'GET /v1/cooling': 'viewer',
  'POST /v1/cooling/:type/:id/release': 'operator',
  'GET /v1/control-approvals': 'viewer',
  'POST /v1/control-approvals/:id/approve': 'approver',
  'POST /v1/control-approvals/:id/refuse': 'approver',
} as const
