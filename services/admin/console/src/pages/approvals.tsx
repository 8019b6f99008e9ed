import { Link } from 'react-router'
import type { Approval } from '../api.ts'
import type { ControlApproval } from '../api-controls.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Amounts, Id, Moment, Raw, Status } from '../ui/values.tsx'
import { ApprovalsTable } from './approvals-table.tsx'
import { Decision } from './decision.tsx'
import { ImportDetails, importWishOf } from './import-wish.tsx'
import { PlansToApprove } from './plans-to-approve.tsx'
import { useList } from './use-list.ts'

export function Component() {
  const { t } = useSpeech()
  const { payoutId, cursor, ...common } = useFilters(['status', 'payoutId'])
  const query = useList<Approval>('/v1/approvals', { ...common, payoutId, cursor })
  const isAboutOpen = !payoutId && common.status === 'open'
  return (
    <PageOf title={t('approvals.title')}>
      <Filters
        fields={[
          { name: 'status', label: t('field.status'), options: ['open', 'approved', 'refused', 'void'] },
          { name: 'payoutId', label: t('field.payoutId') },
        ]}
      />
      {!payoutId && !cursor && <Controls filters={common} />}
      {!payoutId && !cursor && (common.status ?? 'open') === 'open' && <PlansToApprove />}
      <Answer query={query}>
        {(page) => (
          <>
            <ApprovalsTable
              approvals={page.items}
              empty={t(isAboutOpen ? 'approvals.none' : 'approvals.nonePayouts')}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

/** Where what is asked for is read in full, where it has a page of its own. */
const PAGES: Readonly<Record<string, string>> = { balance_repayment: 'balances', transfer_repayment: 'transfers' }

function Subject({ approval: { kind, subjectId, wish } }: { approval: ControlApproval }) {
  const { label } = useSpeech()
  const page = PAGES[kind]
  const brought = importWishOf({ kind, wish })
  if (brought) return <Id id={brought.hash.slice(0, 12)} />
  // A cap or a rule is known by what it is of; its id says nothing to anybody.
  const of = [wish.scope, wish.kind, wish.rail].filter((one) => typeof one === 'string')
  if (page === undefined) return of.length > 0 ? of.map(label).join(', ') : label(subjectId)
  return (
    <Link to={`/${page}/${subjectId}`}>
      <Id id={subjectId} />
    </Link>
  )
}

/** What a wish is about in money: sums, or the limit that stands and the one to come. */
function WishedMoney({ approval }: { approval: ControlApproval }) {
  const { amount, from, to, currency } = approval.wish
  const brought = importWishOf(approval)
  if (brought) return <Amounts amounts={brought.totals} />
  if (typeof currency !== 'string') return null
  const sum = (value: unknown) => <Amount money={typeof value === 'string' ? { amount: value, currency } : null} />
  if (amount !== undefined) return sum(amount)
  if (from === undefined) return null
  return (
    <>
      {sum(from)} → {sum(to)}
    </>
  )
}

/** All that is agreed to. */
function Wish({ approval }: { approval: ControlApproval }) {
  const brought = importWishOf(approval)
  return brought ? <ImportDetails wish={brought} /> : <Raw value={approval.wish} />
}

const SHOWN = 200

/** Wishes about payments as a whole: few, and never behind a second page. */
function Controls({ filters }: { filters: Readonly<Record<string, string>> }) {
  const { t, label } = useSpeech()
  const query = useList<ControlApproval>('/v1/control-approvals', { ...filters, limit: SHOWN })
  return (
    <Answer query={query}>
      {({ items }) =>
        items.length === 0 ? null : (
          <Table
            caption={t('approvals.controlsCaption')}
            rows={items}
            rowKey={({ id }) => id}
            columns={[
              { header: t('field.action'), cell: ({ kind }) => label(kind) },
              { header: t('field.subject'), cell: (approval) => <Subject approval={approval} /> },
              { header: t('field.amount'), cell: (approval) => <WishedMoney approval={approval} />, isFigure: true },
              { header: t('field.reason'), cell: ({ reason }) => reason },
              {
                header: t('approvals.requestedBy'),
                cell: ({ requestedBy, requestedAt }) => (
                  <>
                    {requestedBy}
                    <br />
                    <Moment at={requestedAt} />
                  </>
                ),
              },
              {
                header: t('field.details'),
                cell: (approval) => (
                  <details>
                    <summary>{t('detail.lines')}</summary>
                    <Wish approval={approval} />
                  </details>
                ),
              },
              { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
              {
                header: t('approvals.decidedBy'),
                cell: (approval) => (
                  <Decision approval={approval} path={at`/v1/control-approvals/${approval.id}`}>
                    {label(approval.kind)}: <Subject approval={approval} /> <WishedMoney approval={approval} />
                    <Wish approval={approval} />
                  </Decision>
                ),
              },
            ]}
          />
        )
      }
    </Answer>
  )
}
