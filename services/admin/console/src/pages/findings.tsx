import { SYNCED_CATEGORIES } from '@remesa/domain/reconciliation-result'
import { useMutation } from '@tanstack/react-query'
import type { Finding, FindingSide } from '../api.ts'
import { readPage } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { findingsCsv } from '../reconciliation.ts'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { useAnnounce } from '../ui/announcements.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { Section } from '../ui/page.tsx'
import { Answer, Trouble } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Moment, Status } from '../ui/values.tsx'
import { useList } from './use-list.ts'

const CATEGORIES = [
  ...['missing_in_database', 'missing_in_stripe', 'amount_mismatch', 'refund_mismatch', 'currency_mismatch'],
  ...['paid_not_recorded', 'recorded_not_paid', 'amount', 'currency', 'duplicate', 'not_looked_up', 'timing'],
]

/** @param isCopied - whether payments of the report can be copied from Stripe */
export function Findings({ reportId, isCopied }: { reportId: string; isCopied: boolean }) {
  const { t, label, tell } = useSpeech()
  const path = at`/v1/reconciliations/${reportId}/findings`
  const filters = useFilters(['category', 'status'])
  const query = useList<Finding>(path, filters)
  const { cursor, ...which } = filters
  return (
    <Section title={t('reconciliation.findings')} aside={<Export path={path} which={which} reportId={reportId} />}>
      <Filters
        fields={[
          { name: 'category', label: t('reconciliation.category'), options: CATEGORIES },
          { name: 'status', label: t('field.status'), options: ['open', 'assigned', 'resolved'] },
        ]}
      />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('reconciliation.findingsCaption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                {
                  header: t('reconciliation.category'),
                  cell: ({ category, urgent }) => (
                    <>
                      {label(category)} {urgent && <span className="badge bad">{t('reconciliation.urgent')}</span>}
                    </>
                  ),
                },
                { header: t('reconciliation.payment'), cell: ({ about }) => <code>{about ?? t('field.none')}</code> },
                { header: t('reconciliation.theirs'), cell: ({ theirs }) => <Side side={theirs} />, isFigure: true },
                { header: t('reconciliation.ours'), cell: ({ ours }) => <Side side={ours} />, isFigure: true },
                { header: t('reconciliation.over'), cell: ({ over }) => <Amount money={over} />, isFigure: true },
                { header: t('reconciliation.under'), cell: ({ under }) => <Amount money={under} />, isFigure: true },
                {
                  header: t('field.status'),
                  cell: ({ status, assignee, note }) => (
                    <>
                      <Status code={status} /> {assignee}
                      {note && <p className="muted">{tell('note', note)}</p>}
                    </>
                  ),
                },
                { header: t('detail.actions'), cell: (finding) => <Actions finding={finding} isCopied={isCopied} /> },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </Section>
  )
}

const isMendedByCopy = (category: string) => SYNCED_CATEGORIES.some((one) => one === category)

function Side({ side }: { side: FindingSide | null }) {
  const { t } = useSpeech()
  if (!side) return <>{t('field.none')}</>
  const { amount, currency, at: moment } = side
  return (
    <>
      <Amount money={amount !== null && currency !== null ? { amount, currency } : null} />
      <br />
      <span className="muted">
        <Moment at={moment} />
      </span>
    </>
  )
}

function Actions({ finding, isCopied }: { finding: Finding; isCopied: boolean }) {
  const { id, reportId, category, about, status } = finding
  const { t, label } = useSpeech()
  const may = useMay('operator')
  if (!may || status === 'resolved') return <>{t('field.none')}</>
  const path = at`/v1/reconciliation-findings/${id}`
  const what = `${label(category)}: ${about ?? id}`
  return (
    <div className="buttons">
      {isCopied && about && isMendedByCopy(category) && (
        <Action
          deed={{
            name: t('reconciliation.copyOne'),
            text: t('reconciliation.copyOneText'),
            path: `${at`/v1/reconciliations/${reportId}`}/sync`,
            body: (reason) => ({ reason, paymentIds: [about] }),
            said: () => t('reconciliation.requested', { what: `${t('reconciliation.copyOne')}, ${about}` }),
          }}
        >
          {what}
        </Action>
      )}
      <Action
        deed={{
          name: t('reconciliation.assign'),
          text: t('reconciliation.assignText'),
          path: `${path}/assign`,
          fields: [{ name: 'assignee', label: t('reconciliation.assigneeAsk') }],
          body: (reason, { assignee = '' }) => ({ reason, ...(assignee.trim() && { assignee: assignee.trim() }) }),
        }}
      >
        {what}
      </Action>
      <Action
        deed={{
          name: t('reconciliation.resolve'),
          text: t('reconciliation.resolveText'),
          path: `${path}/resolve`,
          body: (reason) => ({ reason }),
        }}
      >
        {what}
      </Action>
    </div>
  )
}

const PAGE = 200

function Export({
  path,
  which,
  reportId,
}: {
  path: string
  which: Readonly<Record<string, string>>
  reportId: string
}) {
  const { t } = useSpeech()
  const announce = useAnnounce()
  const { mutate, isPending, error } = useMutation({
    async mutationFn() {
      const findings: Finding[] = []
      let cursor: string | undefined
      do {
        const page = await readPage<Finding>(path, { ...which, cursor, limit: PAGE })
        findings.push(...page.items)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      save(findingsCsv(findings), `findings-${reportId}.csv`)
      announce(t('reconciliation.exported', { count: findings.length }))
    },
  })
  return (
    <>
      <button type="button" disabled={isPending} onClick={() => mutate()}>
        {isPending ? t('action.working') : t('reconciliation.export')}
      </button>
      {error && <Trouble error={error} />}
    </>
  )
}

function save(text: string, name: string): void {
  // Excel takes a file for UTF-8 only when it begins with this mark.
  const address = URL.createObjectURL(new Blob(['\uFEFF', text], { type: 'text/csv;charset=utf-8' }))
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  URL.revokeObjectURL(address)
}
