import type { Alert } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Empty } from '../ui/states.tsx'
import { Moment, Status, SubjectLink } from '../ui/values.tsx'

/** What needs a person, each thing once, with all that it is about. */
export function TodaysAlerts({ alerts }: { alerts: readonly Alert[] }) {
  const { t, alertText } = useSpeech()
  if (alerts.length === 0) return <Empty>{t('today.alertsNone')}</Empty>
  const alike = Map.groupBy(alerts, (alert) => `${alert.severity} ${alertText(alert)}`)
  return (
    <ul className="alerts">
      {[...alike].map(([key, group]) => {
        const [first] = group
        return (
          first && (
            <li key={key} className={first.severity}>
              <p>
                <Status code={first.severity} /> {alertText(first)}
              </p>
              <p className="muted">
                {group.map(({ id, subject }) => (
                  <span key={id}>
                    <SubjectLink subject={subject} /> ·{' '}
                  </span>
                ))}
                <Moment at={newest(group)} />
              </p>
            </li>
          )
        )
      })}
    </ul>
  )
}

const newest = (alerts: readonly Alert[]) =>
  alerts.map(({ lastRaisedAt }) => lastRaisedAt).reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b))
