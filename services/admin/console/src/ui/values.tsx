import { Link } from 'react-router'
import type { Subject } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { formatMoney, type Money } from '../money.ts'
import { formatDay, formatMoment, inUtc, utcDays } from '../time.ts'

export function Amount({ money }: { money: Money | null }) {
  const { locale, t } = useSpeech()
  return <span className="amount">{money ? formatMoney(money, locale) : t('field.none')}</span>
}

/** An amount per currency. */
export function Amounts({ amounts }: { amounts: readonly Money[] }) {
  const { t } = useSpeech()
  if (amounts.length === 0) return t('field.none')
  return (
    <ul className="plain">
      {amounts.map((money) => (
        <li key={money.currency}>
          <Amount money={money} />
        </li>
      ))}
    </ul>
  )
}

/** A moment in the reader's zone, in UTC on hover. */
export function Moment({ at }: { at: string | null }) {
  const { locale, t } = useSpeech()
  if (!at) return <>{t('field.none')}</>
  return (
    <time dateTime={at} title={inUtc(at)}>
      {formatMoment(at, locale)}
    </time>
  )
}

export function Day({ date }: { date: string | null }) {
  const { locale, t } = useSpeech()
  return date ? <time dateTime={date}>{formatDay(date, locale)}</time> : t('field.none')
}

/** From one moment to another; as UTC days where it is whole ones. */
export function Window({ from, to }: { from: string; to: string }) {
  const { locale, t } = useSpeech()
  const day = utcDays(from, to, locale)
  if (day !== undefined)
    return <span title={`${inUtc(from)} – ${inUtc(to)}`}>{t('reconciliation.utcDay', { day })}</span>
  return (
    <>
      <Moment at={from} /> – <Moment at={to} />
    </>
  )
}

const TONES: Readonly<Record<string, string>> = {
  ...tone(
    'good',
    'succeeded paid transferred completed complete success approved finished resolved accepted none matched active applied',
  ),
  ...tone('bad', 'failed failed_terminal returned critical error void declined rejected'),
  ...tone(
    'warn',
    'missing different suspended blocked awaiting_funds on_hold awaiting_destination retryable warning discrepancy_found open unknown',
  ),
  ...tone(
    'busy',
    'paying processing payment_pending running retrieved payable pending planned claimed assigned acknowledged',
  ),
}

function tone(name: string, codes: string): Record<string, string> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, name]))
}

/** A status in words; its colour only repeats them. */
export function Status({ code }: { code: string | null }) {
  const { label, t } = useSpeech()
  if (!code) return <>{t('field.none')}</>
  return <span className={`badge ${TONES[code] ?? ''}`}>{label(code)}</span>
}

const PAGES: Readonly<Record<string, string>> = {
  balance: '/balances',
  seller_balance: '/balances',
  seller: '/sellers',
  payout: '/payouts',
  transfer: '/transfers',
  payout_transfer: '/transfers',
  reconciliation_report: '/reconciliation',
  payment_plan: '/plans',
  dead_letter: '/dead-letters',
  booking: '/explain',
  payee: '/explain',
  user: '/explain',
  settlement: '/explain',
  document: '/explain',
  payment: '/explain',
}

/** Where something is shown: a page of its own, or the one that explains it. @returns undefined where it is shown nowhere */
export function addressOf({ type, id }: Subject): string | undefined {
  const page = PAGES[type]
  return page && `${page}/${encodeURIComponent(id)}`
}

/** What something is and its id, as a link where there is a page about it. */
export function SubjectLink({ subject }: { subject: Subject }) {
  const { label } = useSpeech()
  const address = addressOf(subject)
  const name = (
    <>
      {label(subject.type)} <Id id={subject.id} />
    </>
  )
  return address ? <Link to={address}>{name}</Link> : name
}

/** What payouts and the like are called is ours to put into a language; what sellers and documents are called is not. */
export const titleIn = (tell: ReturnType<typeof useSpeech>['tell'], type: string, title: string): string =>
  ['payout', 'transfer', 'booking', 'settlement', 'payment'].includes(type) ? tell('title', title) : title

/** An id, short where it is a UUID; whole on hover and for whoever copies it. */
export const Id = ({ id }: { id: string }) => (
  <code className="id" title={id}>
    {/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? id.slice(0, 8) : id}
  </code>
)

/** What has no shape that the console knows, as it is. */
export function Raw({ value }: { value: unknown }) {
  return <pre className="raw">{JSON.stringify(value, null, 2)}</pre>
}
