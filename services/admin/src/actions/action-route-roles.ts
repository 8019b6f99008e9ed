/** The routes of this folder, and the role that each needs. */
export const ACTION_ROUTE_ROLES = {
  'POST /v1/balances/:id/retry': 'operator',
  'POST /v1/balances/:id/release': 'operator',
  'POST /v1/transfers/:id/retry': 'operator',
  'POST /v1/settlements': 'operator',
  'GET /v1/control-approvals/:id/settlements': 'viewer',
  'GET /v1/debts': 'viewer',
  'POST /v1/debts/:id/settle': 'operator',
} as const
