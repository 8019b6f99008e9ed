import type { ReplayAnswer } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { Action } from '../ui/action.tsx'

/** Sends dead letters to their topics again. */
export function Replay({ ids, name, onDone }: { ids: readonly string[]; name: string; onDone?: () => void }) {
  const { t } = useSpeech()
  return (
    <Action
      disabled={ids.length === 0}
      deed={{
        name,
        text: t('deadLetters.replayText'),
        path: '/v1/dead-letters/replay',
        body: (reason) => ({ ids, reason }),
        said: (answer) => t('deadLetters.replayed', { count: (answer as ReplayAnswer).replayed, total: ids.length }),
      }}
      {...(onDone && { onDone })}
    >
      {ids.join(', ')}
    </Action>
  )
}
