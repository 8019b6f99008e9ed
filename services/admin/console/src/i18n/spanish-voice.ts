import { FINANCE_ALERT_KINDS } from '@remesa/domain/finance-alert'
import { es } from './es.ts'
import { esEntries } from './es-actions.ts'
import { esAlerts } from './es-alerts.ts'
import { esReasons } from './es-reasons.ts'
import { labels, translator, type Voice } from './messages.ts'
import { inSpanish, storyInSpanish } from './spanish.ts'

export const spanish: Voice = {
  language: 'es',
  t: translator(es),
  label: labels(es, { ...esEntries, ...esReasons }),
  alertText({ kind, sentence }) {
    const known = FINANCE_ALERT_KINDS.find((one) => one === kind)
    return known ? esAlerts[known] : sentence
  },
  tell: inSpanish,
  happened: storyInSpanish,
}
