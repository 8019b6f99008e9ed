import { AUDIT_ACTIONS } from '@remesa/domain/audit-action'
import { FINANCE_ALERT_KINDS, sentenceOf } from '@remesa/domain/finance-alert'
import { LEDGER_KINDS } from '@remesa/domain/ledger-kind'
import type { AttemptState } from '@remesa/domain/payment-steps'
import {
  BREAKS_A_RULE,
  JOB_ENDS,
  SETTLED_BY_MARKETPLACE,
  STORY_JOBS,
  titleOfAction,
  titleOfDispute,
  titleOfEntry,
  titleOfJob,
  titleOfTip,
} from '@remesa/domain/story-titles'
import type { Sentences } from './dictionary.ts'
import { esActions, esEntries } from './es-actions.ts'
import { esAdviceParts } from './es-advice.ts'
import { esAlerts } from './es-alerts.ts'

type Job = keyof typeof STORY_JOBS

const JOBS: Readonly<Record<Job, string>> = {
  retrieval: 'Lectura de los documentos de NetSuite',
  payment: 'Pago',
  status_check: 'Consulta del pago',
  erp: 'Informe a NetSuite',
  gsc: 'Informe a GSC',
}
const ENDS: Readonly<Record<(typeof JOB_ENDS)[number], string>> = {
  succeeded: 'hecho',
  failed: 'falló',
  'goes on': 'sigue',
}
const STATES: Readonly<Record<AttemptState | 'begun', string>> = {
  begun: 'iniciado',
  claimed: 'tomado',
  postponed: 'pospuesto',
  accepted: 'aceptado',
  paid: 'pagado',
  declined: 'rechazado',
  reversed: 'devuelto',
}

/** What stands within them: states of attempts, and Stripe's of refunds and disputes. */
export const esStoryParts: Sentences = {
  ...STATES,
  ...esAdviceParts,
  pending: 'pendiente',
  'requires action': 'requiere una acción',
  succeeded: 'hecho',
  failed: 'fallido',
  canceled: 'anulado',
  'warning needs response': 'consulta por responder',
  'warning under review': 'consulta en revisión',
  'warning closed': 'consulta cerrada',
  'needs response': 'por responder',
  'under review': 'en revisión',
  won: 'ganada',
  lost: 'perdida',
  prevented: 'evitada',
}

/** What happened, by the domain's titles for it: each of these lists is whole, or it does not compile. */
export const esStory: Sentences = {
  ...Object.fromEntries([
    ...AUDIT_ACTIONS.map((action) => [titleOfAction(action), esActions[action]]),
    ...LEDGER_KINDS.map((kind) => [titleOfEntry(kind), `Libro mayor: ${esEntries[kind]}`]),
    ...FINANCE_ALERT_KINDS.map((kind) => [sentenceOf(kind), esAlerts[kind]]),
    ...(Object.keys(STORY_JOBS) as Job[]).flatMap((job) =>
      JOB_ENDS.map((end) => [titleOfJob(job, end), `${JOBS[job]}: ${ENDS[end]}`]),
    ),
  ]),
  'Attempt {generation} through {rail}: {=state}': 'Intento {generation} por {rail}: {state}',
  [titleOfTip('{id}')]: 'Propina {id}',
  [titleOfDispute('{id}', 'opened')]: 'Se abrió la disputa {id}',
  [titleOfDispute('{id}', 'resolved')]: 'Se resolvió la disputa {id}',
  'The customer paid': 'El cliente pagó',
  'Stripe told of it': 'Stripe informó de él',
  'Taken over from Stripe': 'Se copió de Stripe',
  'Entered by hand': 'Se ingresó a mano',
  'Refund {id}: {?status}': 'Reembolso {id}: {status}',
  'The customer’s bank disputes it, {id}: {?status}': 'El banco del cliente lo disputa, {id}: {status}',
  'A comparison with Stripe found: {?category}': 'Una comparación con Stripe encontró: {category}',
  'Named as a winner of contest {id}, whose settlement is not paid yet':
    'Nombrado ganador del concurso {id}, cuya liquidación aún no se paga',
  'Named as a winner of contest {id}, whose settlement was rejected':
    'Nombrado ganador del concurso {id}, cuya liquidación se rechazó',
  [SETTLED_BY_MARKETPLACE]: 'El marketplace liquidó el concurso',
  [BREAKS_A_RULE]: 'Rompe una regla',
}
