import type { ControlApproval } from '../api-controls.ts'
import { useSpeech } from '../language.tsx'

/** What the API made of a wish: it is done, or waits for a second person. */
export function useSaid() {
  const { t } = useSpeech()
  return (what: string) => (answer: unknown) =>
    (answer as { approval: ControlApproval | null }).approval
      ? t('action.needsSecond', { what })
      : t('action.done', { what })
}
