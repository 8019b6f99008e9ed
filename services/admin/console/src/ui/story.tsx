import type { Event } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { type Money, sumByCurrency } from '../money.ts'
import { Empty } from './states.tsx'
import { Amount, Moment, Raw } from './values.tsx'

/** Everything that happened, oldest first. */
export function Timeline({ events }: { events: readonly Event[] }) {
  const { t, label, tell } = useSpeech()
  if (events.length === 0) return <Empty>{t('detail.timelineNone')}</Empty>
  return (
    <ol className="timeline">
      {events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events have no id, and are only ever added at the end
        <li key={index} className={event.kind}>
          <p className="when">
            <Moment at={event.at} /> <span className="kind">{label(event.kind)}</span>
          </p>
          {Object.keys(event.details).length > 0 ? (
            <details>
              <summary className="title">
                <Happened event={event} />
              </summary>
              <Raw value={event.details} />
            </details>
          ) : (
            <p className="title">
              <Happened event={event} />
            </p>
          )}
          {event.reason && <p className="reason">{t('detail.because', { reason: tell('note', event.reason) })}</p>}
        </li>
      ))}
    </ol>
  )
}

function Happened({ event: { title, actor } }: { event: Event }) {
  const { t, tell } = useSpeech()
  return (
    <>
      <span className="what-happened">{tell('story', title)}</span>{' '}
      {actor && <span className="actor">{t('detail.by', { actor })}</span>}
    </>
  )
}

/** What an amount is made of. @param total - what the lines come to; their sum where it is left out */
export function AmountLines({
  caption,
  lines,
  total,
}: {
  caption: string
  lines: readonly { readonly label: string; readonly money: Money }[]
  total?: Money | null
}) {
  const { t } = useSpeech()
  const totals = total ? [total] : sumByCurrency(lines.map(({ money }) => money))
  return (
    <table className="lines">
      <caption className="visually-hidden">{caption}</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">{t('detail.line')}</th>
          <th scope="col">{t('field.amount')}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ label, money }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two lines may well say the same
          <tr key={index}>
            <th scope="row">{label}</th>
            <td className="figure">
              <Amount money={money} />
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        {totals.map((money) => (
          <tr key={money.currency}>
            <th scope="row">{t('detail.total')}</th>
            <td className="figure">
              <Amount money={money} />
            </td>
          </tr>
        ))}
      </tfoot>
    </table>
  )
}
