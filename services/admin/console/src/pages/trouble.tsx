import { Link } from 'react-router'
import { useSpeech } from '../language.tsx'
import { PageOf } from '../ui/page.tsx'

/** For an address that names no page. */
export function Missing() {
  const { t } = useSpeech()
  return (
    <PageOf title={t('app.notFound')}>
      <p>{t('app.notFoundText')}</p>
      <p>
        <Link to="/">{t('app.toToday')}</Link>
      </p>
    </PageOf>
  )
}

/** For a page that threw, or whose file is gone because a newer console was deployed: loading it again mends the latter. */
export function Broken() {
  const { t } = useSpeech()
  return (
    <PageOf title={t('app.broken')}>
      <p role="alert">{t('app.brokenText')}</p>
      <button type="button" onClick={() => location.reload()}>
        {t('app.reload')}
      </button>
    </PageOf>
  )
}
