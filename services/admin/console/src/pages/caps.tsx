import { CAP_SCOPES } from '@remesa/domain/payment-controls'
import { useQuery } from '@tanstack/react-query'
import type { Cap, Rail } from '../api-controls.ts'
import { readPage } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Moment } from '../ui/values.tsx'
import { amountOf, codeOf, LimitActions } from './limit-actions.tsx'
import { useList } from './use-list.ts'
import { useSaid } from './use-said.ts'

const REFRESH_MS = 5_000

/** How much may go out at most. One person sets and lowers caps; to raise or remove one takes two. */
export function Caps() {
  const { t, label } = useSpeech()
  const may = useMay('operator')
  const query = useList<Cap>('/v1/caps', {}, REFRESH_MS)
  return (
    <Section title={t('system.caps')} aside={may && <SetCap />}>
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
              ...(may ? [{ header: t('detail.actions'), cell: (cap: Cap) => <CapActions cap={cap} /> }] : []),
            ]}
          />
        )}
      </Answer>
    </Section>
  )
}

function SetCap() {
  const { t, label } = useSpeech()
  const said = useSaid()
  const { data } = useQuery({
    queryKey: ['/v1/rails'],
    queryFn: ({ signal }) => readPage<Rail>('/v1/rails', {}, signal),
  })
  const name = t('system.capSet')
  const rails = data?.items.map((rail) => [rail.name, label(rail.name)] as const) ?? []
  return (
    <Action
      deed={{
        ...{ name, text: t('system.capSetText'), path: '/v1/caps', method: 'PUT', said: said(name) },
        fields: [
          { name: 'scope', label: t('system.capScope'), options: CAP_SCOPES },
          {
            name: 'rail',
            label: t('field.rail'),
            options: { '': t('system.capAllRails'), ...Object.fromEntries(rails) },
          },
          { name: 'currency', label: t('field.currency'), initial: 'USD' },
          { name: 'amount', label: t('field.amount'), hint: t('system.capAmountHint') },
        ],
        wrong: (written) => (amountOf(written) === undefined ? t('field.minMaxNeedCurrency') : undefined),
        body: (reason, written) => ({
          ...{ scope: written.scope, rail: written.rail || null, currency: codeOf(written), reason },
          amount: amountOf(written),
        }),
      }}
    >
      {t('system.capsCaption')}
    </Action>
  )
}

function CapActions({ cap }: { cap: Cap }) {
  const { t, label } = useSpeech()
  const { scope, rail } = cap
  return (
    <LimitActions
      limit={cap}
      path="/v1/caps"
      holdsFor={{ scope, rail }}
      change={{ name: t('system.capChange'), text: t('system.capSetText') }}
      remove={{ name: t('system.capRemove'), text: t('system.capRemoveText') }}
    >
      {label(scope)} · {rail ? label(rail) : t('system.capAllRails')} · <Amount money={cap} />
    </LimitActions>
  )
}
