import { titleOfAction } from '@remesa/domain/story-titles'
import { useQuery } from '@tanstack/react-query'
import type { AuditEntry, Seals } from '../api.ts'
import { read } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Moment, Raw, SubjectLink } from '../ui/values.tsx'
import { useList } from './use-list.ts'

export function Component() {
  const { t, tell } = useSpeech()
  const entries = useList<AuditEntry>('/v1/audit', useFilters(['subjectType', 'subjectId', 'actor', 'action']))
  const seals = useQuery({
    queryKey: ['/v1/audit/seals'],
    queryFn: ({ signal }) => read<Seals>('/v1/audit/seals', {}, signal),
  })
  return (
    <PageOf title={t('audit.title')}>
      <Section title={t('audit.seals')}>
        <Answer query={seals}>{(status) => <SealStatus seals={status} />}</Answer>
      </Section>
      <Filters
        fields={[
          { name: 'subjectType', label: t('audit.subjectType') },
          { name: 'subjectId', label: t('audit.subjectId') },
          { name: 'actor', label: t('field.actor') },
          { name: 'action', label: t('field.action') },
        ]}
      />
      <Answer query={entries}>
        {(page) => (
          <>
            <Table
              caption={t('audit.caption')}
              rows={page.items}
              rowKey={({ id }) => id}
              columns={[
                { header: t('field.at'), cell: ({ occurredAt }) => <Moment at={occurredAt} /> },
                { header: t('field.actor'), cell: ({ actor }) => actor },
                { header: t('field.action'), cell: ({ action }) => <Deed action={action} /> },
                { header: t('field.subject'), cell: ({ subject }) => <SubjectLink subject={subject} /> },
                {
                  header: t('field.reason'),
                  cell: ({ reason }) => (reason === null ? t('field.none') : tell('note', reason)),
                },
                { header: t('field.details'), cell: (entry) => <Change entry={entry} /> },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </PageOf>
  )
}

/** In words, and by the name that the list is filtered by. */
function Deed({ action }: Pick<AuditEntry, 'action'>) {
  const { tell } = useSpeech()
  return (
    <>
      {tell('story', titleOfAction(action))}
      <br />
      <code className="muted">{action}</code>
    </>
  )
}

function SealStatus({ seals: { sealedRows, unsealedRows, lastSeal } }: { seals: Seals }) {
  const { t, locale } = useSpeech()
  const number = new Intl.NumberFormat(locale)
  return (
    <Facts
      facts={[
        [t('audit.sealed'), number.format(sealedRows)],
        [t('audit.unsealed'), number.format(unsealedRows)],
        [t('audit.lastSeal'), lastSeal ? <Moment key="at" at={lastSeal.at} /> : t('audit.neverSealed')],
        [t('audit.digest'), lastSeal && <code className="digest">{lastSeal.digest}</code>],
      ]}
    />
  )
}

function Change({ entry: { before, after } }: { entry: AuditEntry }) {
  const { t } = useSpeech()
  if (!before && !after) return <>{t('field.none')}</>
  return (
    <details>
      <summary>{t('detail.lines')}</summary>
      {before && (
        <>
          <h3>{t('audit.before')}</h3>
          <Raw value={before} />
        </>
      )}
      {after && (
        <>
          <h3>{t('audit.after')}</h3>
          <Raw value={after} />
        </>
      )}
    </details>
  )
}
