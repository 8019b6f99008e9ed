import type { Cap } from '../api-controls.ts'
import { useSpeech } from '../language.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Moment } from '../ui/values.tsx'
import { useList } from './use-list.ts'

/** How much may go out at most. They are set by the API; what of it takes a second person is among the approvals. */
export function Caps() {
  const { t, label } = useSpeech()
  const query = useList<Cap>('/v1/caps', {})
  return (
    <Section title={t('system.caps')}>
      <Answer query={query}>
        {({ items }) => (
          <Table
            caption={t('system.capsCaption')}
            empty={t('system.capsNone')}
            rows={items}
            rowKey={({ id }) => id}
            columns={[
              { header: t('system.capScope'), cell: ({ scope }) => label(scope) },
              { header: t('field.rail'), cell: ({ rail }) => (rail ? label(rail) : t('system.capAllRails')) },
              { header: t('field.amount'), cell: (cap) => <Amount money={cap} />, isFigure: true },
              { header: t('field.actor'), cell: ({ setBy }) => setBy },
              { header: t('field.updatedAt'), cell: ({ setAt }) => <Moment at={setAt} /> },
              { header: t('field.reason'), cell: ({ reason }) => reason },
            ]}
          />
        )}
      </Answer>
    </Section>
  )
}
