import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Link, NavLink, Outlet, useLocation, useNavigate, useNavigation } from 'react-router'
import { act } from './client.ts'
import { newKey } from './http.ts'
import type { PlainKey } from './i18n/messages.ts'
import { useSpeech } from './language.tsx'
import { LANGUAGES, showTheme, storedTheme, THEMES } from './preferences.ts'
import { queryClient } from './queries.ts'
import { useMe } from './session.tsx'
import { Trouble } from './ui/states.tsx'

/** Pages by what people come for. */
const GROUPS: readonly (readonly [name: PlainKey, pages: readonly (readonly [path: string, name: PlainKey])[]])[] = [
  [
    'app.menuNow',
    [
      ['/', 'today.title'],
      ['/alerts', 'alerts.title'],
      ['/approvals?status=open', 'approvals.title'],
    ],
  ],
  [
    'app.menuMoney',
    [
      ['/sellers', 'sellers.title'],
      ['/balances', 'balances.title'],
      ['/payouts', 'payouts.title'],
      ['/transfers', 'transfers.title'],
      ['/plans', 'plans.title'],
    ],
  ],
  [
    'app.menuBooks',
    [
      ['/reconciliation', 'reconciliation.title'],
      ['/ledger', 'ledger.title'],
      ['/debts', 'debts.title'],
      ['/audit', 'audit.title'],
    ],
  ],
  [
    'app.menuMachine',
    [
      ['/dead-letters', 'deadLetters.title'],
      ['/jobs', 'jobs.title'],
      ['/system', 'system.title'],
    ],
  ],
]

/** What stands around every page. */
export function Shell() {
  const { t } = useSpeech()
  const isTurning = useNavigation().state !== 'idle'
  const menu = useMenuInSight()
  return (
    <>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <header className="top">
        <Link className="brand" to="/">
          {t('app.name')}
        </Link>
        <Environment />
        <Search />
        <Settings />
      </header>
      <div className="body">
        <nav className="side" aria-label={t('app.menu')} ref={menu}>
          {GROUPS.map(([group, pages]) => (
            <div key={group} className="group">
              <p id={group}>{t(group)}</p>
              <ul aria-labelledby={group}>
                {pages.map(([path, name]) => (
                  <li key={path}>
                    <NavLink to={path} end={path === '/'}>
                      {t(name)}
                    </NavLink>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <main id="content" tabIndex={-1} aria-busy={isTurning}>
          <Outlet />
        </main>
      </div>
    </>
  )
}

/** Where the menu is a row that slides sideways, the page that one is on is slid into sight. */
function useMenuInSight() {
  const menu = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is what moves it
  useEffect(() => {
    const row = menu.current
    const current = row?.querySelector<HTMLElement>('[aria-current]')
    if (row && current && row.scrollWidth > row.clientWidth) {
      row.scrollLeft = current.offsetLeft - (row.clientWidth - current.offsetWidth) / 2
    }
  }, [pathname])
  return menu
}

function Environment() {
  const { environment } = useMe()
  return <span className={`badge environment ${environment === 'production' ? 'bad' : ''}`}>{environment}</span>
}

function Search() {
  const { t } = useSpeech()
  const navigate = useNavigate()
  const [q, setQ] = useState('')
  const find = (event: FormEvent) => {
    event.preventDefault()
    if (q.trim() !== '') void navigate(`/search?${new URLSearchParams({ q: q.trim() })}`)
  }
  return (
    <search>
      <form onSubmit={find}>
        <input
          type="search"
          aria-label={t('app.search')}
          placeholder={t('app.search')}
          value={q}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => setQ(target.value)}
        />
        <button type="submit">{t('app.searchDo')}</button>
      </form>
    </search>
  )
}

/** Who is signed in; behind their name, what they may choose, and the way out. */
function Settings() {
  const { t, language, speak, label } = useSpeech()
  const me = useMe()
  const [theme, setTheme] = useState(storedTheme)
  const signOut = useMutation({
    mutationFn: () => act('/auth/sign-out', {}, newKey()) as Promise<{ next: string }>,
    onSuccess({ next }) {
      queryClient.clear()
      location.assign(next)
    },
  })
  return (
    <div className="who">
      <button type="button" popoverTarget="settings">
        {me.name ?? me.subject}
      </button>
      <div id="settings" className="settings" popover="auto">
        <p className="muted">{t('app.roles', { roles: me.roles.map(label).join(', ') })}</p>
        <label>
          {t('app.language')}
          <select value={language} onChange={({ target }) => speak(chosen(LANGUAGES, target))}>
            <option value="en" lang="en">
              English
            </option>
            <option value="es" lang="es">
              Español
            </option>
          </select>
        </label>
        <label>
          {t('app.theme')}
          <select
            value={theme}
            onChange={({ target }) => {
              const next = chosen(THEMES, target)
              showTheme(next)
              setTheme(next)
            }}
          >
            {THEMES.map((one) => (
              <option key={one} value={one}>
                {t(`app.theme.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" disabled={signOut.isPending} onClick={() => signOut.mutate()}>
          {t('app.signOut')}
        </button>
        {signOut.error && <Trouble error={signOut.error} />}
      </div>
    </div>
  )
}

function chosen<Value extends string>(values: readonly Value[], { value }: { value: string }): Value {
  const found = values.find((one) => one === value)
  if (found === undefined) throw new Error(`${value} is none of ${values.join(', ')}`)
  return found
}
