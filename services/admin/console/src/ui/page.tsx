import { type ReactNode, useEffect, useRef } from 'react'
import { useLocation } from 'react-router'
import { useSpeech } from '../language.tsx'

let isFirstPage = true

/** A page: its heading gets the focus when somebody comes to it by a link, so that screen readers say where they are. */
export function PageOf({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const { t } = useSpeech()
  const heading = useRef<HTMLHeadingElement>(null)
  const { pathname } = useLocation()
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`
  }, [title, t])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is what moves the focus
  useEffect(() => {
    if (!isFirstPage) heading.current?.focus()
    isFirstPage = false
  }, [pathname])
  return (
    <>
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside}
      </header>
      {children}
    </>
  )
}

export function Section({ title, children, aside }: { title: string; children: ReactNode; aside?: ReactNode }) {
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** Names and what they stand for; what is empty is left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
