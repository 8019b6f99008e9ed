import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { BalanceStory } from '../api.ts'
import { read } from '../client.ts'
import { documentLines } from '../documents.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer, Empty } from '../ui/states.tsx'
import { AmountLines, Timeline } from '../ui/story.tsx'
import { Amount, Day, Id, Moment, Status } from '../ui/values.tsx'
import { BalanceActions } from './retry-actions.tsx'

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
  const { documents, closing } = balance
  return (
    <>
      <div className="columns">
        <Section title={t('detail.facts')} aside={<Status code={balance.status} />}>
          <Facts
            facts={[
              [t('field.amount'), <Amount key="amount" money={balance.money} />],
              [
                t('field.seller'),
                <Link key="seller" to={`/sellers/${balance.seller.id}`}>
                  {balance.seller.name}
                </Link>,
              ],
              [t('field.taxId'), balance.seller.taxId],
              [t('field.sellerId'), balance.seller.gscSellerId],
              [t('field.country'), balance.country.toUpperCase()],
              [t('field.businessDate'), <Day key="date" date={balance.businessDate} />],
              [t('field.rail'), balance.rail && label(balance.rail)],
              [t('field.reason'), balance.reason && label(balance.reason)],
              [t('field.nextTryAt'), balance.nextTryAt && <Moment at={balance.nextTryAt} />],
              [t('balance.erpToldAt'), balance.erp.toldAt && <Moment at={balance.erp.toldAt} />],
              [t('balance.gscToldAt'), balance.gscToldAt && <Moment at={balance.gscToldAt} />],
              [t('field.updatedAt'), <Moment key="at" at={balance.updatedAt} />],
              [t('field.id'), <Id key="id" id={balance.id} />],
            ]}
          />
          <BalanceActions balance={balance} />
        </Section>
        <Section title={t('detail.amount')}>
          {documents.length === 0 ? (
            <Empty>{t('balance.noDocuments')}</Empty>
          ) : (
            <AmountLines caption={t('detail.amount')} lines={documentLines(documents, label)} total={balance.money} />
          )}
          <h3>{t('detail.closing')}</h3>
          <p>
            <Amount money={closing.money} /> <Status code={closing.match} /> {closing.settlementId}
          </p>
        </Section>
      </div>
      <Section title={t('detail.timeline')}>
        <Timeline events={balance.timeline} />
      </Section>
    </>
  )
}
