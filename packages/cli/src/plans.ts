import { z } from 'zod'
import type { Context } from './context.ts'
import { counted, moneyText, pairs, plain, table, timeText } from './text.ts'

// Plans as the API tells them, and as a terminal shows them.

const deed = z.looseObject({ by: z.string(), at: z.string() })
const sum = { currency: z.string(), count: z.number(), amount: z.string() }
const line = z.looseObject({ payableId: z.string(), amount: z.string(), currency: z.string(), destination: z.string() })

export const plan = z.looseObject({
  id: z.string(),
  kind: z.string(),
  run: z.string(),
  hash: z.string(),
  lineCount: z.number(),
  state: z.string(),
  reason: z.string(),
  planned: deed,
  approved: deed.nullable(),
  applied: deed.nullable(),
  voided: z
    .looseObject({
      ...{ by: z.string(), at: z.string(), count: z.number(), why: z.string(), reason: z.string().nullable() },
      drift: z.array(z.looseObject({ kind: z.string(), planned: line.nullable(), now: line.nullable() })),
    })
    .nullable(),
  pays: z.array(
    z.looseObject({
      ...{ rail: z.string(), ...sum, available: z.string().nullable() },
      ...{ unknown: z.string().nullable(), short: z.string().nullable() },
    }),
  ),
  leavesOut: z.array(z.looseObject({ reason: z.string(), ...sum })),
})
export const planAnswer = z.looseObject({ plan })
export const planDetail = plan.extend({ needsApproval: z.boolean() })
export const planLine = z.looseObject({
  payableType: z.string(),
  payableId: z.string(),
  payee: z.looseObject({ id: z.string(), name: z.string().nullable() }),
  amount: z.string().nullable(),
  currency: z.string(),
  rail: z.string().nullable(),
  destination: z.string().nullable(),
  status: z.string(),
  leftOut: z.string().nullable(),
})
export type PlanJson = z.output<typeof plan>

/** One line for a plan whose state has just changed. */
export const planStateText = ({ colours }: Context, { id, kind, run, state }: PlanJson): string =>
  `${state === 'void' ? colours.yellow('!') : colours.green('✓')} plan ${plain(id)}, ${words(kind)} of ${plain(run)}: ${plain(state)}`

/** A plan as a whole: totals against what each rail holds, what is left out, and what to type next. */
export function planText(found: PlanJson, { needsApproval }: { readonly needsApproval: boolean }): string {
  const { pays, leavesOut, planned, approved, applied, voided } = found
  const told = (by: PlanJson['approved']) => by && `${by.by}, ${timeText(by.at)}`
  return [
    pairs([
      ['plan', found.id],
      ['of', `${words(found.kind)} of ${found.run}`],
      ['state', found.state],
      ['hash', found.hash],
      ['planned', `${told(planned)}: ${found.reason}`],
      ['approved', told(approved) ?? undefined],
      ['applied', told(applied) ?? undefined],
      ['void', voided ? `${told(voided)}: ${voidText(voided)}` : undefined],
    ]),
    table(
      ['rail', '>payments', '>pays', '>available', '>short by'],
      pays.map((one) => [
        ...[one.rail, one.count, moneyText(one)],
        one.available === null ? `unknown: ${words(one.unknown ?? '')}` : moneyText({ ...one, amount: one.available }),
        one.short === null ? '' : moneyText({ ...one, amount: one.short }),
      ]),
      'It pays nobody.',
    ),
    table(
      ['left out because', '>payments', '>amount'],
      leavesOut.map((one) => [words(one.reason), one.count, moneyText(one)]),
      'Nobody is left out.',
    ),
    ...(voided?.why === 'drift' ? [driftText(voided)] : []),
    ...nextOf(found, needsApproval),
  ].join('\n\n')
}

/** Why a plan is void. */
function voidText({ why, reason, count }: NonNullable<PlanJson['voided']>): string {
  switch (why) {
    case 'drift':
      return counted(count, 'difference')
    case 'altered':
      return 'its lines are not those of its hash'
    case 'expired':
      return 'nobody applied it in time'
    default:
      return [words(why), reason].filter(Boolean).join(': ')
  }
}

const driftText = ({ drift, count }: NonNullable<PlanJson['voided']>): string => {
  const rows = drift.map(({ kind, planned, now }) => [
    ...[kind, (now ?? planned)?.payableId ?? '', planned && moneyText(planned), planned?.destination ?? ''],
    ...[now && moneyText(now), now?.destination ?? ''],
  ])
  const more = count > drift.length ? `\n… and ${count - drift.length} more` : ''
  return table(['what drifted', 'payable', '>planned', 'to', '>now', 'to'], rows) + more
}

function nextOf({ id, hash, state }: PlanJson, needsApproval: boolean): readonly string[] {
  const deed = (verb: string) => `remesa ${verb} ${plain(id)} --hash ${plain(hash)} --reason "…"`
  if (needsApproval) return [`A second person must approve exactly this. They type:\n  ${deed('approve')}`]
  return state === 'planned' || state === 'approved' ? [`To release it:\n  ${deed('apply')}`] : []
}

/** @param plans - newest first. Every plan of payouts is of all that is due, whichever day it was planned on. */
export function newestOfEachRun<One extends PlanJson>(plans: readonly One[]): readonly One[] {
  const runOf = ({ kind, run }: PlanJson) => (kind === 'pay_day' ? run : kind)
  return plans.filter((one, index) => plans.findIndex((other) => runOf(other) === runOf(one)) === index)
}

export const words = (name: string): string => plain(name.replaceAll('_', ' '))
