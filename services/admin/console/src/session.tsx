import { useQuery } from '@tanstack/react-query'
import { createContext, type ReactNode, use } from 'react'
import { holds, type Role } from '../../src/roles.ts'
import type { Me } from './api.ts'
import { read } from './client.ts'
import { ApiError } from './http.ts'
import { useSpeech } from './language.tsx'
import { ME } from './queries.ts'
import { Loading, Trouble } from './ui/states.tsx'

const SessionContext = createContext<Me | undefined>(undefined)

/** Shows what is within to somebody who is signed in and may at least look, and to nobody else. */
export function Session({ children }: { children: ReactNode }) {
  const { t } = useSpeech()
  const {
    data: me,
    error,
    refetch,
  } = useQuery({ queryKey: ME, queryFn: ({ signal }) => read<Me>('/v1/me', {}, signal) })
  if (error instanceof ApiError && error.status === 401) return <SignIn />
  if (error instanceof ApiError && error.status === 403) return <Gate title={t('app.name')} text={t('signIn.noRole')} />
  if (me) {
    return holds(me.roles, 'viewer') ? (
      <SessionContext value={me}>{children}</SessionContext>
    ) : (
      <Gate title={t('app.name')} text={t('signIn.noRole')} />
    )
  }
  return (
    <main className="gate">
      <h1>{t('app.name')}</h1>
      {error ? <Trouble error={error} onRetry={() => void refetch()} /> : <Loading />}
    </main>
  )
}

function SignIn() {
  const { t } = useSpeech()
  return (
    <Gate title={t('signIn.title')} text={t('signIn.text')}>
      <a className="button primary" href={`/auth/sign-in?${new URLSearchParams({ return_to: whereWeAre() })}`}>
        {t('signIn.do')}
      </a>
    </Gate>
  )
}

const whereWeAre = () => location.pathname + location.search

function Gate({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <main className="gate">
      <h1>{title}</h1>
      <p>{text}</p>
      {children}
    </main>
  )
}

export function useMe(): Me {
  const me = use(SessionContext)
  if (!me) throw new Error('useMe is used outside Session')
  return me
}

/** Whether the person may use what takes this role. The API decides; this only spares them a refusal. */
export const useMay = (role: Role): boolean => holds(useMe().roles, role)
