import type { Language } from './i18n/messages.ts'

// What a person chose for this browser. Nothing else is stored: no data of the API outlives its page.

export type Theme = 'system' | 'light' | 'dark'
export const THEMES: readonly Theme[] = ['system', 'light', 'dark']
export const LANGUAGES: readonly Language[] = ['en', 'es']

/** @returns what was chosen, or what the browser asks for */
export function storedLanguage(): Language {
  const chosen = LANGUAGES.find((language) => language === recall('remesa.language'))
  return chosen ?? (navigator.language.startsWith('es') ? 'es' : 'en')
}
export const keepLanguage = (language: Language): void => keep('remesa.language', language)

export const storedTheme = (): Theme => THEMES.find((theme) => theme === recall('remesa.theme')) ?? 'system'
export function showTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  keep('remesa.theme', theme)
}

// A browser that forbids storage throws on each use of it; the choice then lasts as long as the page.
function recall(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    return
  }
}
