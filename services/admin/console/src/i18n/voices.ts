import { english, type Language, type Voice } from './messages.ts'

/** Spanish is fetched only for those who read it. */
export const voiceOf = async (language: Language): Promise<Voice> =>
  language === 'es' ? (await import('./spanish-voice.ts')).spanish : english
