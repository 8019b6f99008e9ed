import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { Explanation } from '../api.ts'
import { read } from '../client.ts'
import { at } from '../http.ts'
import type { PlainKey } from '../i18n/messages.ts'
import { useSpeech } from '../language.tsx'
import { PageOf, Section } from '../ui/page.tsx'
import { Answer, Empty } from '../ui/states.tsx'
import { AmountLines } from '../ui/story.tsx'
import { Amount, addressOf, Id, Moment, Status, titleIn } from '../ui/values.tsx'

/** Why an amount is what it is, what happened to it, and whose move is next: for any id. */
export function Component() {
  const { t, tell } = useSpeech()
  const { id = '' } = useParams()
  const path = at`/v1/explain/${id}`
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => read<Explanation>(path, {}, signal) })
  const subject = query.data?.subject
  const title = subject ? `${t('explain.title')}: ${titleIn(tell, subject.type, subject.title)}` : t('explain.title')
  return (
    <PageOf title={title}>
      <Answer query={query}>{(explanation) => <Whole explanation={explanation} />}</Answer>
    </PageOf>
  )
}

const MOVES: Readonly<Record<string, PlainKey>> = {
  nobody: 'who.nobody',
  remesa: 'who.remesa',
  finance: 'who.finance',
  'on-call': 'who.on-call',
  payee: 'who.payee',
  provider: 'who.provider',
  marketplace: 'who.marketplace',
}

function Whole({ explanation: { subject, amount, story, next, links } }: { explanation: Explanation }) {
  const { t, label, tell, happened } = useSpeech()
  const who = MOVES[next.who]
  const page = addressOf(subject)
  return (
    <>
      <p className="subject">
        {label(subject.type)} <Id id={subject.id} /> <Status code={subject.status} /> <Amount money={subject.money} />{' '}
        {page && !page.startsWith('/explain') && <Link to={page}>{t('detail.timeline')}</Link>}
      </p>
      <Section title={t('explain.next')}>
        <p className="next">
          <strong>{who ? t(who) : label(next.who)}</strong>
        </p>
        <p>{tell('next', next.text)}</p>
      </Section>
      <div className="columns">
        <Section title={t('explain.amount')}>
          {amount.length === 0 ? (
            <Empty>{t('field.none')}</Empty>
          ) : (
            <AmountLines
              caption={t('explain.amount')}
              lines={amount.map((line) => ({ ...line, label: tell('amount', line.label) }))}
              total={subject.money}
            />
          )}
        </Section>
        <Section title={t('explain.story')}>
          {story.length === 0 ? (
            <Empty>{t('detail.timelineNone')}</Empty>
          ) : (
            <ol className="timeline">
              {story.map(({ at: moment, text }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the story is only ever added to at its end
                <li key={index}>
                  <Moment at={moment} />
                  <p className="title">{happened(text)}</p>
                </li>
              ))}
            </ol>
          )}
        </Section>
      </div>
      {links.length > 0 && (
        <Section title={t('explain.links')}>
          <ul className="plain">
            {links.map((link) => (
              <li key={`${link.type} ${link.id}`}>
                {label(link.type)}: <Link to={at`/explain/${link.id}`}>{titleIn(tell, link.type, link.label)}</Link>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}
