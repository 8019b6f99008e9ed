import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { DeadLetterStory } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Facts, PageOf, Section } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Moment, Raw } from '../ui/values.tsx'
import { Replay } from './replay.tsx'

export function Component() {
  const { t, tell } = useSpeech()
  const may = useMay('operator')
  const { id = '' } = useParams()
  const path = at`/v1/dead-letters/${id}`
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<DeadLetterStory>(path, {}, signal) })
  return (
    <PageOf
      title={t('deadLetters.one', { id: id.slice(0, 8) })}
      aside={may && <Replay ids={[id]} name={t('deadLetters.replay')} />}
    >
      <Answer query={query}>
        {({ topic, subscription, reason, receivedAt, replayedAt, payload, attributes }) => (
          <>
            <Section title={t('deadLetters.why')}>
              <p>{tell('trouble', reason)}</p>
              <Facts
                facts={[
                  [t('field.topic'), <code key="topic">{topic}</code>],
                  [t('system.subscription'), <code key="subscription">{subscription}</code>],
                  [t('field.at'), <Moment key="at" at={receivedAt} />],
                  [t('deadLetters.replayedAt'), replayedAt && <Moment at={replayedAt} />],
                ]}
              />
            </Section>
            <Section title={t('deadLetters.payload')}>
              <Raw value={payload} />
            </Section>
            <Section title={t('deadLetters.attributes')}>
              <Raw value={attributes} />
            </Section>
          </>
        )}
      </Answer>
    </PageOf>
  )
}
