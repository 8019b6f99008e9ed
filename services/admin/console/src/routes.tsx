import { createBrowserRouter } from 'react-router'
import { Broken, Missing } from './pages/trouble.tsx'
import { Shell } from './shell.tsx'
import { Loading } from './ui/states.tsx'

/** Each page is a file of its own, loaded when somebody goes there. */
export const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <Broken />,
    hydrateFallbackElement: <Loading />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { index: true, lazy: () => import('./pages/today.tsx') },
          { path: 'alerts', lazy: () => import('./pages/alerts.tsx') },
          { path: 'approvals', lazy: () => import('./pages/approvals.tsx') },
          { path: 'sellers', lazy: () => import('./pages/sellers.tsx') },
          { path: 'sellers/:id', lazy: () => import('./pages/seller.tsx') },
          { path: 'balances', lazy: () => import('./pages/balances.tsx') },
          { path: 'balances/:id', lazy: () => import('./pages/balance.tsx') },
          { path: 'payouts', lazy: () => import('./pages/payouts.tsx') },
          { path: 'payouts/:id', lazy: () => import('./pages/payout.tsx') },
          { path: 'transfers', lazy: () => import('./pages/transfers.tsx') },
          { path: 'transfers/:id', lazy: () => import('./pages/transfer.tsx') },
          { path: 'plans', lazy: () => import('./pages/plans.tsx') },
          { path: 'plans/:id', lazy: () => import('./pages/plan.tsx') },
          { path: 'reconciliation', lazy: () => import('./pages/reconciliation.tsx') },
          { path: 'reconciliation/:id', lazy: () => import('./pages/report.tsx') },
          { path: 'ledger', lazy: () => import('./pages/ledger.tsx') },
          { path: 'debts', lazy: () => import('./pages/debts.tsx') },
          { path: 'audit', lazy: () => import('./pages/audit.tsx') },
          { path: 'dead-letters', lazy: () => import('./pages/dead-letters.tsx') },
          { path: 'dead-letters/:id', lazy: () => import('./pages/dead-letter.tsx') },
          { path: 'jobs', lazy: () => import('./pages/jobs.tsx') },
          { path: 'system', lazy: () => import('./pages/system.tsx') },
          { path: 'search', lazy: () => import('./pages/search.tsx') },
          { path: 'explain/:id', lazy: () => import('./pages/explain.tsx') },
          { path: '*', element: <Missing /> },
        ],
      },
    ],
  },
])
