import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import type { z } from 'zod'
import type {
  ActionAnswer,
  Alert,
  Approval,
  Balance,
  Finding,
  PayoutStory,
  Reconciliation,
  ReconciliationReport,
} from '../console/src/api.ts'
import type { Cap, ControlApproval, Cooling, Debt, Rail, System } from '../console/src/api-controls.ts'
import type { Plan, PlanDetail, PlanLine, PlanRule } from '../console/src/api-plans.ts'
import type { debt } from '../src/actions/debt-routes.ts'
import type { cap, controlApproval, rail } from '../src/controls/control-shapes.ts'
import type { cooling } from '../src/controls/cooling-routes.ts'
import type { plan, planDetail, planLine, planRule } from '../src/plans/plan-shapes.ts'
import type { finding, reconciliation, reconciliationReport } from '../src/reconciliation-schemas.ts'
import { ROUTE_ROLES } from '../src/roles.ts'
import type { alert } from '../src/routes/alert-shape.ts'
import type { balance } from '../src/routes/balance-routes.ts'
import type { system } from '../src/routes/system-routes.ts'
import type { actionAnswer, approval, payoutStory } from '../src/schemas.ts'

const SOURCES = fileURLToPath(new URL('../console/src', import.meta.url))

/** Each compiles while what the API answers is what the console reads. */
export const READINGS = [
  (answer: z.output<typeof payoutStory>): PayoutStory => answer,
  (answer: z.output<typeof actionAnswer>): ActionAnswer => answer,
  (answer: z.output<typeof approval>): Approval => answer,
  (answer: z.output<typeof balance>): Balance => answer,
  (answer: z.output<typeof alert>): Alert => answer,
  (answer: z.output<typeof controlApproval>): ControlApproval => answer,
  (answer: z.output<typeof rail>): Rail => answer,
  (answer: z.output<typeof cap>): Cap => answer,
  (answer: z.output<typeof plan>): Plan => answer,
  (answer: z.output<typeof planDetail>): PlanDetail => answer,
  (answer: z.output<typeof planLine>): PlanLine => answer,
  (answer: z.output<typeof planRule>): PlanRule => answer,
  (answer: z.output<typeof system>): System => answer,
  (answer: z.output<typeof cooling>): Cooling => answer,
  (answer: z.output<typeof debt>): Debt => answer,
  (answer: z.output<typeof finding>): Finding => answer,
  (answer: z.output<typeof reconciliation>): Reconciliation => answer,
  (answer: z.output<typeof reconciliationReport>): ReconciliationReport => answer,
]

test('the console asks for nothing that the API does not have', async () => {
  const routes = Object.keys(ROUTE_ROLES).map((route) => route.replace(/^\w+ /, '').replaceAll(/:\w+/g, '…'))
  const files = (await readdir(SOURCES, { recursive: true })).filter((name) => /\.tsx?$/.test(name))
  const asked = new Set<string>()
  for (const name of files) {
    const source = await readFile(join(SOURCES, name), 'utf8')
    for (const [, path = ''] of source.matchAll(/['`](\/(?:v1|auth)\/[^'`?]*)/g)) {
      asked.add(path.replaceAll(/\$\{[^}]*\}/g, '…'))
    }
  }
  expect(asked.size).toBeGreaterThan(20)
  // What a path begins with is enough: the verb of an action is put behind it.
  const unknown = [...asked].filter((path) => !routes.some((route) => route === path || route.startsWith(`${path}/`)))
  expect(unknown).toEqual([])
})
