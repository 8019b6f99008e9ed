import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'
import { type Language, localeFor, type Voice } from './i18n/messages.ts'
import { voiceOf } from './i18n/voices.ts'
import { keepLanguage } from './preferences.ts'

interface Speech extends Voice {
  readonly locale: string
  readonly speak: (language: Language) => void
}

const SpeechContext = createContext<Speech | undefined>(undefined)

/** Gives all within it the reader's language. @param first - the one that they begin with */
export function LanguageProvider({ first, children }: { first: Voice; children: ReactNode }) {
  const [voice, setVoice] = useState(first)
  useEffect(() => {
    document.documentElement.lang = voice.language
  }, [voice])
  const speech = useMemo(
    (): Speech => ({
      ...voice,
      locale: localeFor(voice.language, navigator.languages),
      speak(chosen) {
        keepLanguage(chosen)
        // A file that is gone was a former console's: the page is loaded again, in the language that was chosen.
        void voiceOf(chosen).then(setVoice, () => location.reload())
      },
    }),
    [voice],
  )
  return <SpeechContext value={speech}>{children}</SpeechContext>
}

export function useSpeech(): Speech {
  const speech = use(SpeechContext)
  if (!speech) throw new Error('useSpeech is used outside LanguageProvider')
  return speech
}
