import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { TransferStory } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { AmountLines, Timeline } from '../ui/story.tsx'
import { Amount, Id, Moment, Status } from '../ui/values.tsx'
import { TransferActions } from './retry-actions.tsx'

export function Component() {
  const { t } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/transfers/${id}`
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<TransferStory>(path, {}, signal) })
  return (
    <PageOf
      title={t('transfer.title', { id: id.slice(0, 8) })}
      aside={<Link to={`/explain/${id}`}>{t('detail.explain')}</Link>}
    >
      <Answer query={query}>{(story) => <Story story={story} />}</Answer>
    </PageOf>
  )
}

function Story({ story: { transfer, account, timeline } }: { story: TransferStory }) {
  const { t, label } = useSpeech()
  return (
    <>
      <div className="columns">
        <Section title={t('detail.facts')} aside={<Status code={transfer.status} />}>
          <Facts
            facts={[
              [t('field.amount'), <Amount key="amount" money={transfer.money} />],
              [t('field.userId'), transfer.userId],
              [t('field.jobId'), transfer.jobId],
              [
                t('field.payoutId'),
                transfer.payoutId && (
                  <Link to={`/payouts/${transfer.payoutId}`}>
                    <Id id={transfer.payoutId} />
                  </Link>
                ),
              ],
              [t('field.attempts'), transfer.attempts],
              [t('field.nextTryAt'), transfer.nextTryAt && <Moment at={transfer.nextTryAt} />],
              [t('field.reason'), transfer.reason && label(transfer.reason)],
              [t('field.booking'), transfer.bookingId],
              [label('settlement'), transfer.settlementId],
              [t('field.destination'), transfer.destination],
              [t('transfer.account'), account && (account.disabledReason ?? t('transfer.accountReady'))],
              [t('transfer.reference'), transfer.providerReference],
              [t('field.updatedAt'), <Moment key="at" at={transfer.updatedAt} />],
              [t('field.id'), <Id key="id" id={transfer.id} />],
            ]}
          />
          <TransferActions transfer={transfer} />
        </Section>
        <Section title={t('detail.amount')}>
          <AmountLines
            caption={t('detail.amount')}
            lines={[{ label: t('field.amount'), money: transfer.money }]}
            total={transfer.money}
          />
        </Section>
      </div>
      <Section title={t('detail.timeline')}>
        <Timeline events={timeline} />
      </Section>
    </>
  )
}
