import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { BalanceStory } from '../api.ts'
import { read } from '../client.ts'
import { documentLines } from '../documents.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { AmountLines, Timeline } from '../ui/story.tsx'
import { Amount, Day, Id, Moment, Raw, Status } from '../ui/values.tsx'

export function Component() {
  const { t } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/balances/${id}`
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<BalanceStory>(path, {}, signal) })
  const name = query.data?.seller.name
  return (
    <PageOf
      title={name ? t('balance.title', { name }) : t('balances.title')}
      aside={<Link to={`/explain/${id}`}>{t('detail.explain')}</Link>}
    >
      <Answer query={query}>{(balance) => <Story balance={balance} />}</Answer>
    </PageOf>
  )
}

function Story({ balance }: { balance: BalanceStory }) {
  const { t, label } = useSpeech()
  const { documents, closing, attempts } = balance
  return (
    <>
      <div className="columns">
        <Section title={t('detail.facts')} aside={<Status code={balance.status} />}>
          <Facts
            facts={[
              [t('field.amount'), <Amount key="amount" money={balance.money} />],
              [t('field.seller'), `${balance.seller.name} (${balance.seller.taxId ?? t('field.none')})`],
              [t('field.sellerId'), balance.seller.id],
              [t('field.country'), balance.country],
              [t('field.businessDate'), <Day key="date" date={balance.businessDate} />],
              [t('field.rail'), balance.rail],
              [t('field.reason'), balance.reason && label(balance.reason)],
              [t('field.updatedAt'), <Moment key="at" at={balance.updatedAt} />],
              [t('field.id'), <Id key="id" id={balance.id} />],
            ]}
          />
        </Section>
        <Section title={t('detail.amount')}>
          <AmountLines
            caption={t('detail.amount')}
            lines={documentLines(documents, balance.money?.currency ?? '', label)}
            total={balance.money}
          />
          {closing && (
            <details>
              <summary>{t('detail.closing')}</summary>
              <Raw value={closing} />
            </details>
          )}
          {attempts.length > 0 && (
            <details>
              <summary>
                {t('detail.attempts')} ({attempts.length})
              </summary>
              <Raw value={attempts} />
            </details>
          )}
        </Section>
      </div>
      <Section title={t('detail.timeline')}>
        <Timeline events={balance.timeline} />
      </Section>
    </>
  )
}
