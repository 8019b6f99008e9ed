import { type FormEvent, useId } from 'react'
import { useSearchParams } from 'react-router'
import { useSpeech } from '../language.tsx'

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'date'
  /** Codes to choose from. */
  readonly options?: readonly string[]
}

/**
 * What a list is narrowed by; it stands in the address.
 * @param kept - what else stands there and is no filter
 */
export function Filters({ fields, kept = [] }: { fields: readonly Field[]; kept?: readonly string[] }) {
  const { t, label } = useSpeech()
  const id = useId()
  const [search, setSearch] = useSearchParams()

  const bare = () =>
    new URLSearchParams(kept.flatMap((name) => (search.has(name) ? [[name, search.get(name) ?? '']] : [])))
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const wanted = bare()
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (typeof value === 'string' && value.trim() !== '') wanted.set(name, value.trim())
    }
    setSearch(wanted)
  }
  return (
    <form className="filters" onSubmit={apply} key={search.toString()}>
      {fields.map(({ name, label: text, type = 'text', options }) => (
        <div className="field" key={name}>
          <label htmlFor={`${id}-${name}`}>{text}</label>
          {options ? (
            <select id={`${id}-${name}`} name={name} defaultValue={search.get(name) ?? ''}>
              <option value="">{t('list.any')}</option>
              {options.map((option) => (
                <option key={option} value={option}>
                  {label(option)}
                </option>
              ))}
            </select>
          ) : (
            <input
              id={`${id}-${name}`}
              name={name}
              type={type}
              autoComplete="off"
              spellCheck={false}
              defaultValue={search.get(name) ?? ''}
            />
          )}
        </div>
      ))}
      <div className="buttons">
        <button type="submit" className="primary">
          {t('list.filter')}
        </button>
        <button type="button" onClick={() => setSearch(bare())}>
          {t('list.clear')}
        </button>
      </div>
    </form>
  )
}

/** What stands in the address, of these names alone: others are none of the API's business. */
export function useFilters(names: readonly string[]): Readonly<Record<string, string>> {
  const [search] = useSearchParams()
  return Object.fromEntries(
    [...names, 'cursor'].flatMap((name) => {
      const value = search.get(name)
      return value ? [[name, value]] : []
    }),
  )
}
