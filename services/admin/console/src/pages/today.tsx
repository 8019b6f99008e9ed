import { useEffect, useRef, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { STAGES, type Stage, type Today } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { type Liveness, useToday } from '../live.ts'
import { formatAge, formatDay } from '../time.ts'
import { PageOf, Section } from '../ui/page.tsx'
import { Answer, Empty } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Amount, Moment, Status } from '../ui/values.tsx'
import { TodaysAlerts } from './todays-alerts.tsx'

export function Component() {
  const { t } = useSpeech()
  const [search, setSearch] = useSearchParams()
  const date = search.get('date') ?? undefined
  const { query, liveness } = useToday(date)
  return (
    <PageOf
      title={t('today.title')}
      aside={
        <div className="page-aside">
          <Live liveness={liveness} />
          <label>
            {t('today.pickDate')}{' '}
            <input
              type="date"
              value={date ?? query.data?.businessDate ?? ''}
              onChange={({ target }) => setSearch(target.value ? { date: target.value } : {})}
            />
          </label>
        </div>
      }
    >
      <Answer query={query}>{(today) => <Day today={today} />}</Answer>
    </PageOf>
  )
}

function Live({ liveness }: { liveness: Liveness }) {
  const { t } = useSpeech()
  return <span className={`live is-${liveness}`}>{t(`today.${liveness}`)}</span>
}

function Day({ today }: { today: Today }) {
  const { t } = useSpeech()
  return (
    <>
      <Flow today={today} />
      <div className="columns wide-first">
        <div className="stack">
          <Section
            title={t('today.alerts')}
            aside={<Link to="/alerts">{t('today.alertsAll', { count: today.alertsWaiting })}</Link>}
          >
            <TodaysAlerts alerts={today.alerts} />
          </Section>
          <div className="columns thirds">
            <Section title={t('today.balances')}>
              <Counts
                counts={today.balances}
                to={(status) => `/balances?status=${status}&date=${today.businessDate}`}
              />
            </Section>
            <Section title={t('today.settlements')}>
              <Counts
                counts={{
                  [t('today.settlementJobs')]: today.settlements.jobs,
                  [t('today.settlementComplete')]: today.settlements.complete,
                  [t('today.settlementRejected')]: today.settlements.rejected,
                }}
              />
              {hasSome(today.settlements.transfers) && (
                <Counts counts={today.settlements.transfers} to={(status) => `/transfers?status=${status}`} />
              )}
            </Section>
            <Section title={t('today.bookings')}>
              <Counts counts={today.bookings} to={(status) => `/payouts?status=${status}`} />
            </Section>
          </div>
        </div>
        <div className="stack">
          <Section title={t('today.paid')}>
            <Paid paid={today.paid} />
          </Section>
        </div>
      </div>
    </>
  )
}

function Flow({ today }: { today: Today }) {
  const { t, label, locale } = useSpeech()
  const { run } = today
  const state = run?.state ?? 'none'
  const said = t('today.runNow', { date: formatDay(today.businessDate, locale), state: label(state) })
  return (
    <Section title={t('today.flow')} aside={<Status code={state} />}>
      <p className="run">
        {run ? said : t('today.noRun')}
        {run && (
          <>
            {' · '}
            <Opened at={run.openedAt} />
          </>
        )}
      </p>
      <ol className="flow">
        {STAGES.map((name) => {
          const stage = today.stages.find((one) => one.name === name)
          return stage && <StageCard key={name} stage={stage} />
        })}
      </ol>
      <p className="muted">
        <AsOf at={today.at} />
      </p>
      <Spoken today={today} />
    </Section>
  )
}

function Opened({ at }: { at: string }) {
  return <Phrase message="today.openedAt" at={at} />
}
function AsOf({ at }: { at: string }) {
  return <Phrase message="today.asOf" at={at} />
}
/** A message with a moment in it. */
function Phrase({ message, at }: { message: 'today.openedAt' | 'today.asOf'; at: string }) {
  const { t } = useSpeech()
  const [before, after] = t(message, { time: '\n' }).split('\n')
  return (
    <>
      {before}
      <Moment at={at} />
      {after}
    </>
  )
}

function stateOf({ waiting, done, failed }: Stage): 'failing' | 'working' | 'through' | 'idle' {
  if (failed > 0) return 'failing'
  if (waiting > 0) return 'working'
  return done > 0 ? 'through' : 'idle'
}

function StageCard({ stage }: { stage: Stage }) {
  const { t, label, locale } = useSpeech()
  const { name, waiting, done, failed, perMinute, oldestSeconds } = stage
  const total = waiting + done + failed
  const number = new Intl.NumberFormat(locale)
  return (
    <li className={stateOf(stage)}>
      <h3>{label(`stage_${name}`)}</h3>
      <progress
        max={Math.max(total, 1)}
        value={done}
        aria-label={t('today.progress', { done: number.format(done), total: number.format(total) })}
      />
      <dl>
        <div>
          <dt>{t('today.waiting')}</dt>
          <dd>{number.format(waiting)}</dd>
        </div>
        <div>
          <dt>{t('today.done')}</dt>
          <dd>{number.format(done)}</dd>
        </div>
        <div className={failed > 0 ? 'bad' : undefined}>
          <dt>{t('today.failed')}</dt>
          <dd>{number.format(failed)}</dd>
        </div>
      </dl>
      {waiting > 0 && (
        <p className="muted">
          {t('today.perMinute', { count: number.format(Math.round(perMinute)) })}
          {oldestSeconds !== null && (
            <>
              <br />
              {t('today.oldest', { age: formatAge(oldestSeconds, locale) })}
            </>
          )}
        </p>
      )}
    </li>
  )
}

const SPOKEN_MS = 15_000

/** For screen readers: how far the run is, a few times a minute. Each change of each figure would be noise. */
function Spoken({ today }: { today: Today }) {
  const { t, label, locale } = useSpeech()
  const payment = today.stages.find(({ name }) => name === 'payment')
  const total = payment ? payment.waiting + payment.done + payment.failed : 0
  const sentence = [
    t('today.runNow', { date: formatDay(today.businessDate, locale), state: label(today.run?.state ?? 'none') }),
    payment && `${label('stage_payment')}: ${t('today.progress', { done: payment.done, total })}`,
  ]
    .filter(Boolean)
    .join('. ')
  const latest = useRef(sentence)
  latest.current = sentence
  const [spoken, setSpoken] = useState('')
  useEffect(() => {
    const timer = setInterval(() => setSpoken(latest.current), SPOKEN_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <p className="visually-hidden" aria-live="polite">
      {spoken}
    </p>
  )
}

function Paid({ paid }: { paid: Today['paid'] }) {
  const { t, label, locale } = useSpeech()
  return (
    <Table
      caption={t('today.paid')}
      empty={t('today.paidNone')}
      rows={paid}
      rowKey={({ rail, money }) => `${rail} ${money.currency}`}
      columns={[
        { header: t('field.rail'), cell: ({ rail }) => label(rail) },
        { header: t('field.amount'), cell: ({ money }) => <Amount money={money} />, isFigure: true },
        { header: t('field.count'), cell: ({ count }) => new Intl.NumberFormat(locale).format(count), isFigure: true },
      ]}
    />
  )
}

const hasSome = (counts: Readonly<Record<string, number>>) => Object.values(counts).some((count) => count > 0)

function Counts({ counts, to }: { counts: Readonly<Record<string, number>>; to?: (code: string) => string }) {
  const { t, label, locale } = useSpeech()
  const some = Object.entries(counts).filter(([, count]) => count > 0)
  if (some.length === 0) return <Empty>{t('today.none')}</Empty>
  return (
    <ul className="counts">
      {some.map(([code, count]) => (
        <li key={code}>
          {to ? <Link to={to(code)}>{label(code)}</Link> : code}
          <strong>{new Intl.NumberFormat(locale).format(count)}</strong>
        </li>
      ))}
    </ul>
  )
}
