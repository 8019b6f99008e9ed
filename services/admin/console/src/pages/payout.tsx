import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { ActionAnswer, Payout, PayoutStory } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { timelineOf } from '../payout-timeline.ts'
import { useMay } from '../session.tsx'
import { Action } from '../ui/action.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { AmountLines, Timeline } from '../ui/story.tsx'
import { Amount, Id, Moment, Status } from '../ui/values.tsx'
import { ApprovalsTable } from './approvals-table.tsx'

export function Component() {
  const { t } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/payouts/${id}`
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<PayoutStory>(path, {}, signal) })
  const booking = query.data?.payout.bookingId
  return (
    <PageOf
      title={booking ? t('payout.title', { booking }) : t('payouts.title')}
      aside={<Link to={`/explain/${id}`}>{t('detail.explain')}</Link>}
    >
      <Answer query={query}>{(story) => <Story story={story} />}</Answer>
    </PageOf>
  )
}

function Story({ story }: { story: PayoutStory }) {
  const { t, tell } = useSpeech()
  const { payout, transfers, approvals } = story
  const amountOf = (amount: string) => ({ amount, currency: payout.currency })
  const less = (amount: string) => amountOf((-BigInt(amount)).toString())
  return (
    <>
      <div className="columns">
        <Section title={t('detail.facts')} aside={<Status code={payout.status} />}>
          <Facts
            facts={[
              [t('field.amount'), <Amount key="amount" money={amountOf(payout.amount)} />],
              [t('field.booking'), payout.bookingId],
              [t('field.provider'), payout.providerId],
              [t('field.dueAt'), <Moment key="due" at={payout.dueAt} />],
              [t('payout.holdReason'), payout.holdReason && tell('note', payout.holdReason)],
              [t('payout.failureReason'), payout.failureReason && tell('note', payout.failureReason)],
              [t('payout.openDisputes'), payout.overriddenDisputes.join(', ')],
              [t('transfers.title'), transfers.length > 0 && <TransferLinks ids={transfers.map(({ id }) => id)} />],
              [t('field.updatedAt'), <Moment key="at" at={payout.updatedAt} />],
              [t('field.id'), <Id key="id" id={payout.id} />],
            ]}
          />
          <Actions payout={payout} />
        </Section>
        <Section title={t('detail.amount')}>
          <AmountLines
            caption={t('detail.amount')}
            lines={[
              { label: t('field.amount'), money: amountOf(payout.amount) },
              ...(payout.setOff === '0' ? [] : [{ label: t('payout.setOff'), money: less(payout.setOff) }]),
              ...(payout.corrected === '0' ? [] : [{ label: t('payout.corrected'), money: less(payout.corrected) }]),
            ]}
          />
        </Section>
      </div>
      {approvals.length > 0 && (
        <Section title={t('approvals.title')}>
          <ApprovalsTable approvals={approvals} />
        </Section>
      )}
      <Section title={t('detail.timeline')}>
        <Timeline events={timelineOf(story)} />
      </Section>
    </>
  )
}

function TransferLinks({ ids }: { ids: readonly string[] }) {
  return (
    <ul className="plain">
      {ids.map((id) => (
        <li key={id}>
          <Link to={`/transfers/${id}`}>
            <Id id={id} />
          </Link>
        </li>
      ))}
    </ul>
  )
}

/** Which actions a status lets through; the API has the last word, under its locks. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  scheduled: ['force-release', 'hold', 'cancel'],
  on_hold: ['resume', 'force-release', 'cancel'],
  failed: ['retry', 'cancel'],
}

function Actions({ payout }: { payout: Payout }) {
  const { t } = useSpeech()
  const may = useMay('operator')
  const fitting = (FITTING[payout.status] ?? []).filter((path) => path !== 'resume' || payout.heldBy === 'operator')
  if (!may || fitting.length === 0) return null
  const deeds = [
    { path: 'force-release', name: t('action.forceRelease'), text: t('action.forceReleaseText') },
    { path: 'hold', name: t('action.hold'), text: t('action.holdText') },
    { path: 'resume', name: t('action.resumePayout'), text: t('action.resumePayoutText') },
    { path: 'retry', name: t('action.retry'), text: t('action.retryText') },
    { path: 'cancel', name: t('action.cancelPayout'), text: t('action.cancelPayoutText'), isDangerous: true },
  ].filter(({ path }) => fitting.includes(path))
  return (
    <section className="buttons" aria-label={t('detail.actions')}>
      {deeds.map(({ path, ...deed }) => (
        <Action
          key={path}
          deed={{
            ...deed,
            path: `${at`/v1/payouts/${payout.id}`}/${path}`,
            body: (reason) => ({ reason }),
            said: (answer) =>
              (answer as ActionAnswer).approval?.status === 'open'
                ? t('action.needsSecond', { what: deed.name })
                : t('action.done', { what: deed.name }),
          }}
        >
          <Amount money={payout} /> · {payout.bookingId}
        </Action>
      ))}
    </section>
  )
}
