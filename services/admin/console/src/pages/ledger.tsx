import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import type { LedgerAccount, LedgerEntry, LedgerProof } from '../api.ts'
import { read } from '../client.ts'
import { useSpeech } from '../language.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Amount, Moment, SubjectLink } from '../ui/values.tsx'
import { useList } from './use-list.ts'

const VIEWS = ['accounts', 'entries', 'proof'] as const

export function Component() {
  const { t } = useSpeech()
  const [search] = useSearchParams()
  const view = VIEWS.find((one) => one === search.get('view')) ?? 'accounts'
  return (
    <PageOf title={t('ledger.title')}>
      <nav className="views" aria-label={t('ledger.title')}>
        {VIEWS.map((one) => (
          <Link key={one} to={`?view=${one}`} aria-current={one === view ? 'page' : undefined}>
            {t(`ledger.${one}`)}
          </Link>
        ))}
      </nav>
      {view === 'accounts' && <Accounts />}
      {view === 'entries' && <Entries />}
      {view === 'proof' && <Proof />}
    </PageOf>
  )
}

function Accounts() {
  const { t } = useSpeech()
  const query = useList<LedgerAccount>('/v1/ledger/accounts', useFilters(['q']))
  return (
    <>
      <Filters fields={[{ name: 'q', label: t('field.account') }]} kept={['view']} />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('ledger.accountsCaption')}
              rows={page.items}
              rowKey={({ account, money }) => `${account} ${money.currency}`}
              columns={[
                {
                  header: t('field.account'),
                  cell: ({ account }) => (
                    <Link to={`?view=entries&account=${encodeURIComponent(account)}`}>{account}</Link>
                  ),
                },
                { header: t('field.currency'), cell: ({ money }) => money.currency },
                { header: t('field.balance'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </>
  )
}

function Entries() {
  const { t, label } = useSpeech()
  const query = useList<LedgerEntry>('/v1/ledger/entries', useFilters(['account', 'payableId']))
  return (
    <>
      <Filters
        fields={[
          { name: 'account', label: t('field.account') },
          { name: 'payableId', label: t('field.payableId') },
        ]}
        kept={['view']}
      />
      <Answer query={query}>
        {(page) => (
          <>
            <Table
              caption={t('ledger.entriesCaption')}
              rows={page.items}
              rowKey={({ idempotencyKey }) => idempotencyKey}
              columns={[
                { header: t('field.at'), cell: ({ occurredAt }) => <Moment at={occurredAt} /> },
                { header: t('field.kind'), cell: ({ kind }) => label(kind) },
                {
                  header: t('field.subject'),
                  cell: ({ payable }) => (payable ? <SubjectLink subject={payable} /> : t('field.none')),
                },
                { header: t('ledger.entry'), cell: ({ idempotencyKey }) => <code>{idempotencyKey}</code> },
                { header: t('ledger.postings'), cell: ({ postings }) => <Postings postings={postings} /> },
              ]}
            />
            <Pager page={page} />
          </>
        )}
      </Answer>
    </>
  )
}

function Postings({ postings }: Pick<LedgerEntry, 'postings'>) {
  return (
    <ul className="postings">
      {postings.map((posting, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an entry never changes
        <li key={index}>
          <span>{posting.account}</span> <Amount money={posting} />
        </li>
      ))}
    </ul>
  )
}

function Proof() {
  const { t, locale } = useSpeech()
  const query = useQuery({
    queryKey: ['/v1/ledger/proof'],
    queryFn: ({ signal }) => read<LedgerProof>('/v1/ledger/proof', {}, signal),
  })
  return (
    <Answer query={query}>
      {({ isBalanced, currencies, disagreements }) => (
        <>
          <p className={`verdict ${isBalanced ? 'good' : 'bad'}`} role="status">
            {t(isBalanced ? 'ledger.balanced' : 'ledger.unbalanced')}
          </p>
          <Table
            caption={t('ledger.proofCaption')}
            rows={currencies}
            rowKey={({ currency }) => currency}
            columns={[
              { header: t('field.currency'), cell: ({ currency }) => currency },
              {
                header: t('ledger.entries'),
                cell: ({ entries }) => new Intl.NumberFormat(locale).format(entries),
                isFigure: true,
              },
              {
                header: t('ledger.sum'),
                cell: ({ sum, currency }) => <Amount money={{ amount: sum, currency }} />,
                isFigure: true,
              },
            ]}
          />
          {disagreements.length > 0 && (
            <Table
              caption={t('ledger.disagreements')}
              rows={disagreements}
              rowKey={({ account, currency }) => `${account} ${currency}`}
              columns={[
                { header: t('field.account'), cell: ({ account }) => account },
                {
                  header: t('ledger.posted'),
                  cell: ({ posted, currency }) => <Amount money={{ amount: posted, currency }} />,
                  isFigure: true,
                },
                {
                  header: t('ledger.kept'),
                  cell: ({ kept, currency }) => <Amount money={{ amount: kept, currency }} />,
                  isFigure: true,
                },
              ]}
            />
          )}
        </>
      )}
    </Answer>
  )
}
