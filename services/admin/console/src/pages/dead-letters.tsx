import { useState } from 'react'
import { Link } from 'react-router'
import type { DeadLetter } from '../api.ts'
import { useSpeech } from '../language.tsx'
import { useMay } from '../session.tsx'
import { Filters, useFilters } from '../ui/filters.tsx'
import { PageOf } from '../ui/page.tsx'
import { Answer } from '../ui/states.tsx'
import { Pager, Table } from '../ui/table.tsx'
import { Id, Moment } from '../ui/values.tsx'
import { Replay } from './replay.tsx'
import { useList } from './use-list.ts'

export function Component() {
  const { t, tell } = useSpeech()
  const may = useMay('operator')
  const filters = useFilters(['topic', 'waiting'])
  const query = useList<DeadLetter>('/v1/dead-letters', filters)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const choose = (ids: readonly string[], isChosen: boolean) =>
    setChosen((before) => {
      const after = new Set(before)
      for (const id of ids) isChosen ? after.add(id) : after.delete(id)
      return after
    })
  return (
    <PageOf title={t('deadLetters.title')}>
      <Filters
        fields={[
          { name: 'topic', label: t('field.topic') },
          { name: 'waiting', label: t('deadLetters.waiting'), options: ['true'] },
        ]}
      />
      <Answer query={query}>
        {(page) => {
          const ids = page.items.map(({ id }) => id)
          const shown = ids.filter((id) => chosen.has(id)) // what is out of sight is not replayed
          return (
            <>
              {may && ids.length > 0 && (
                <div className="buttons bar">
                  <label>
                    <input
                      type="checkbox"
                      checked={shown.length === ids.length}
                      onChange={({ target }) => choose(ids, target.checked)}
                    />{' '}
                    {t('deadLetters.chooseAll')}
                  </label>
                  <Replay
                    ids={shown}
                    name={t('deadLetters.replaySelected', { count: shown.length })}
                    onDone={() => setChosen(new Set())}
                  />
                </div>
              )}
              <Table
                caption={t('deadLetters.caption')}
                {...(Object.keys(filters).length === 0 && { empty: t('deadLetters.none') })}
                rows={page.items}
                rowKey={({ id }) => id}
                columns={[
                  {
                    header: t('field.id'),
                    cell: ({ id }) => (
                      <>
                        {may && (
                          <input
                            type="checkbox"
                            aria-label={t('deadLetters.choose', { id })}
                            checked={chosen.has(id)}
                            onChange={({ target }) => choose([id], target.checked)}
                          />
                        )}{' '}
                        <Link to={`/dead-letters/${encodeURIComponent(id)}`}>
                          <Id id={id} />
                        </Link>
                      </>
                    ),
                  },
                  { header: t('field.topic'), cell: ({ topic }) => <code>{topic}</code> },
                  { header: t('system.subscription'), cell: ({ subscription }) => <code>{subscription}</code> },
                  { header: t('deadLetters.why'), cell: ({ reason }) => tell('trouble', reason) },
                  { header: t('field.at'), cell: ({ receivedAt }) => <Moment at={receivedAt} /> },
                  { header: t('deadLetters.replayedAt'), cell: ({ replayedAt }) => <Moment at={replayedAt} /> },
                ]}
              />
              <Pager page={page} />
            </>
          )
        }}
      </Answer>
    </PageOf>
  )
}
