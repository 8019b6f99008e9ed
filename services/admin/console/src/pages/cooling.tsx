import { Link } from 'react-router'
import type { Cooling as CoolingPayee } from '../api-controls.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Moment } from '../ui/values.tsx'
import { useList } from './use-list.ts'

const REFRESH_MS = 5_000

/** Payees whose accounts were changed lately, for whom something waits: by itself for a while, or until two people release it. */
export function Cooling() {
  const { t, locale } = useSpeech()
  const query = useList<CoolingPayee>('/v1/cooling', {}, REFRESH_MS)
  return (
    <Section title={t('system.cooling')}>
      <Answer query={query}>
        {({ items }) => (
          <Table
            caption={t('system.coolingCaption')}
            empty={t('system.coolingNone')}
            rows={items}
            rowKey={({ payee: { type, id } }) => `${type}:${id}`}
            columns={[
              { header: t('system.coolingPayee'), cell: ({ payee }) => <Payee payee={payee} /> },
              { header: t('system.coolingChanged'), cell: ({ changedAt }) => <Moment at={changedAt} /> },
              { header: t('system.coolingUntil'), cell: ({ until }) => <Moment at={until} /> },
              {
                header: t('system.coolingPayments'),
                cell: ({ payments }) => new Intl.NumberFormat(locale).format(payments),
                isFigure: true,
              },
              { header: t('detail.actions'), cell: (payee) => <Release cooling={payee} /> },
            ]}
          />
        )}
      </Answer>
    </Section>
  )
}

function Payee({ payee: { type, id, name } }: Pick<CoolingPayee, 'payee'>) {
  return type === 'seller' ? <Link to={at`/sellers/${id}`}>{name ?? id}</Link> : <code>{id}</code>
}

function Release({ cooling: { payee, release } }: { cooling: CoolingPayee }) {
  const { t } = useSpeech()
  const may = useMay('operator')
  if (release) return <Link to="/approvals?status=open">{t('system.coolingWaits')}</Link>
  if (!may) return t('field.none')
  const name = t('system.coolingRelease')
  return (
    <Action
      deed={{
        ...{ name, text: t('system.coolingText'), body: (reason) => ({ reason }), isDangerous: true },
        path: at`/v1/cooling/${payee.type}/${payee.id}/release`,
        said: () => t('action.needsSecond', { what: name }),
      }}
    >
      <Payee payee={payee} />
    </Action>
  )
}
