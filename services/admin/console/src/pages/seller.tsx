import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { SellerStory } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Timeline } from '../ui/story.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Day, Id, Status } from '../ui/values.tsx'

export function Component() {
  const { t } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/sellers/${id}`
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<SellerStory>(path, {}, signal) })
  return (
    <PageOf
      title={query.data?.name ?? t('sellers.title')}
      aside={<Link to={`/explain/${id}`}>{t('detail.explain')}</Link>}
    >
      <Answer query={query}>{(seller) => <Story seller={seller} />}</Answer>
    </PageOf>
  )
}

function Story({ seller }: { seller: SellerStory }) {
  const { t, label } = useSpeech()
  const { owed, balances, countries, timeline } = seller
  return (
    <>
      <div className="columns">
        <Section title={t('detail.facts')} aside={<Status code={seller.status} />}>
          <Facts
            facts={[
              [t('field.taxId'), seller.taxId],
              [t('field.sellerId'), seller.gscSellerId],
              [t('sellers.operation'), `${label(seller.operationType)}, ${label(seller.type)}`],
              [t('field.rail'), seller.account && label(seller.account)],
              [
                t('sellers.countries'),
                countries
                  .map(({ country, enabled }) =>
                    enabled ? country.toUpperCase() : t('sellers.disabled', { country: country.toUpperCase() }),
                  )
                  .join(', '),
              ],
              ...owed.map(
                (money) =>
                  [`${t('sellers.owed')} (${money.currency})`, <Amount key={money.currency} money={money} />] as const,
              ),
              [t('field.id'), <Id key="id" id={seller.id} />],
            ]}
          />
        </Section>
        <Section
          title={t('balances.title')}
          aside={<Link to={`/balances?sellerId=${seller.id}`}>{t('explain.open')}</Link>}
        >
          <Table
            caption={t('balances.caption')}
            rows={balances}
            rowKey={({ id }) => id}
            columns={[
              {
                header: t('field.businessDate'),
                cell: ({ id, businessDate }) => (
                  <Link to={`/balances/${id}`}>
                    <Day date={businessDate} />
                  </Link>
                ),
              },
              { header: t('field.country'), cell: ({ country }) => country.toUpperCase() },
              { header: t('field.amount'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
              { header: t('field.status'), cell: ({ status }) => <Status code={status} /> },
            ]}
          />
        </Section>
      </div>
      <Section title={t('detail.timeline')}>
        <Timeline events={timeline} />
      </Section>
    </>
  )
}
