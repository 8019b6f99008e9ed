import { Link } from 'react-router'
import type { PlanLine } from '../api-plans.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useFilters } from '../ui/filters.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Status, SubjectLink } from '../ui/values.tsx'
import { useList } from './use-list.ts'

/** Of {@link PlanLine.payableType}, where each has its page. */
const SUBJECTS: Readonly<Record<string, string>> = {
  seller_balance: 'balance',
  payout_transfer: 'transfer',
  booking_payout: 'payout',
}

/** Who gets how much by a plan, or who is left out and why. @param path - of the lines */
export function PlanLines({ path }: { path: string }) {
  const { t, label } = useSpeech()
  const { view, ...filters } = useFilters(['view'])
  const leftOut = view === 'left_out'
  const query = useList<PlanLine>(path, { ...filters, leftOut: String(leftOut) })
  return (
    <Section title={t('plan.lines')}>
      <nav className="views" aria-label={t('plan.lines')}>
        <Link to="?" aria-current={leftOut ? undefined : 'page'}>
          {t('plan.linesPaid')}
        </Link>
        <Link to="?view=left_out" aria-current={leftOut ? 'page' : undefined}>
          {t('plan.linesLeftOut')}
        </Link>
      </nav>
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('plan.linesCaption')}
              rows={page.items}
              rowKey={({ payableId }) => payableId}
              columns={[
                {
                  header: t('plan.payable'),
                  cell: ({ payableType, payableId: id }) => (
                    <SubjectLink subject={{ type: SUBJECTS[payableType] ?? payableType, id }} />
                  ),
                },
                { header: t('plan.payee'), cell: (line) => <Payee line={line} /> },
                {
                  header: t('field.amount'),
                  cell: ({ amount, currency }) => <Amount money={amount === null ? null : { amount, currency }} />,
                  isFigure: true,
                },
                { header: t('field.rail'), cell: ({ rail }) => (rail ? label(rail) : t('field.none')) },
                { header: t('plan.to'), cell: ({ destination }) => destination ?? t('field.none') },
                leftOut
                  ? { header: t('plan.why'), cell: ({ leftOut: why }) => label(why ?? '') }
                  : { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </Section>
  )
}

function Payee({ line: { payableType, payee } }: { line: PlanLine }) {
  if (payableType !== 'seller_balance') return <code>{payee.id}</code>
  return <Link to={at`/sellers/${payee.id}`}>{payee.name ?? payee.id}</Link>
}
