import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'
import { happenedInSpanish } from './i18n/es-story.ts'
import { alertSentence, type Language, labelOf, localeFor, type Translate, translator } from './i18n/messages.ts'
import { keepLanguage, storedLanguage } from './preferences.ts'

interface Speech {
  readonly language: Language
  readonly locale: string
  readonly t: Translate
  /** What a code of the API, e.g. a status, is called. */
  readonly label: (code: string) => string
  /** What an alert says. */
  readonly alertText: (alert: { kind: string; sentence: string }) => string
  /** What happened, by the API’s words for it. */
  readonly happened: (text: string) => string
  readonly speak: (language: Language) => void
}

const SpeechContext = createContext<Speech | undefined>(undefined)

/** Gives all within it the reader's language. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(storedLanguage)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  const speech = useMemo(
    (): Speech => ({
      language,
      locale: localeFor(language, navigator.languages),
      t: translator(language),
      label: (code) => labelOf(language, code),
      alertText: (alert) => alertSentence(language, alert),
      happened: (text) => (language === 'es' ? happenedInSpanish(text) : text),
      speak(chosen) {
        keepLanguage(chosen)
        setLanguage(chosen)
      },
    }),
    [language],
  )
  return <SpeechContext value={speech}>{children}</SpeechContext>
}

export function useSpeech(): Speech {
  const speech = use(SpeechContext)
  if (!speech) throw new Error('useSpeech is used outside LanguageProvider')
  return speech
}
