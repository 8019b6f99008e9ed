import { createContext, type ReactNode, use, useCallback, useEffect, useState } from 'react'
import { useSpeech } from '../language.tsx'

const AnnounceContext = createContext<((text: string) => void) | undefined>(undefined)
const SHOWN_MS = 10_000

/** Says what was done, to eyes and to screen readers, and takes it away after a while. */
export function Announcements({ children }: { children: ReactNode }) {
  const { t } = useSpeech()
  const [said, setSaid] = useState<{ text: string; times: number }>({ text: '', times: 0 })
  const announce = useCallback((text: string) => setSaid(({ times }) => ({ text, times: times + 1 })), [])
  useEffect(() => {
    if (said.text === '') return
    const timer = setTimeout(() => setSaid({ text: '', times: said.times }), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [said])
  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="announcement" role="status">
        {said.text && (
          <p key={said.times}>
            {said.text}{' '}
            <button type="button" onClick={() => announce('')}>
              {t('app.dismiss')}
            </button>
          </p>
        )}
      </div>
    </AnnounceContext>
  )
}

export function useAnnounce(): (text: string) => void {
  const announce = use(AnnounceContext)
  if (!announce) throw new Error('useAnnounce is used outside Announcements')
  return announce
}
