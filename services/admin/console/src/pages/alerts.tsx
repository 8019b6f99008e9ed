import { FINANCE_ALERT_KINDS } from '@remesa/domain/finance-alert'
import type { Alert } from '../api.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Day, Moment, Raw, Status, SubjectLink } from '../ui/values.tsx'
import { useList } from './use-list.ts'

export function Component() {
  const { t } = useSpeech()
  const query = useList<Alert>('/v1/alerts', useFilters(['status', 'severity', 'kind']))
  return (
    <PageOf title={t('alerts.title')}>
      <Filters
        fields={[
          { name: 'status', label: t('field.status'), options: ['open', 'acknowledged', 'resolved'] },
          { name: 'severity', label: t('field.severity'), options: ['critical', 'warning', 'info'] },
          { name: 'kind', label: t('field.kind'), options: FINANCE_ALERT_KINDS },
        ]}
      />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('alerts.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                { header: t('alerts.what'), cell: (alert) => <What alert={alert} /> },
                { header: t('field.subject'), cell: ({ subject }) => <SubjectLink subject={subject} /> },
                { header: t('field.businessDate'), cell: ({ businessDate }) => <Day date={businessDate} /> },
                { header: t('alerts.times'), cell: ({ times }) => times, isFigure: true },
                { header: t('alerts.lastRaised'), cell: ({ lastRaisedAt }) => <Moment at={lastRaisedAt} /> },
                { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
                { header: t('detail.actions'), cell: (alert) => <Actions alert={alert} /> },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

function What({ alert }: { alert: Alert }) {
  const { t, label, tell, alertText } = useSpeech()
  const { severity, note, kind, details } = alert
  return (
    <>
      <Status code={severity} /> {alertText(alert)}
      {note && <p className="muted">{`${t('field.note')}: ${tell('note', note)}`}</p>}
      <details>
        <summary>{label(kind)}</summary>
        <Raw value={details} />
      </details>
    </>
  )
}

function Actions({ alert }: { alert: Alert }) {
  const { t, alertText } = useSpeech()
  const { id, status } = alert
  const may = useMay('operator')
  if (!may || status === 'resolved') return <>{t('field.none')}</>
  const path = at`/v1/alerts/${id}`
  return (
    <div className="buttons">
      {status === 'open' && (
        <Action
          deed={{
            name: t('alerts.acknowledge'),
            text: t('alerts.acknowledgeText'),
            path: `${path}/acknowledge`,
            body: (note) => (note === '' ? {} : { note }),
            asks: 'note',
            isOptional: true,
          }}
        >
          {alertText(alert)}
        </Action>
      )}
      <Action
        deed={{
          name: t('alerts.resolve'),
          text: t('alerts.resolveText'),
          path: `${path}/resolve`,
          body: (note) => ({ note }),
          asks: 'note',
        }}
      >
        {alertText(alert)}
      </Action>
    </div>
  )
}
