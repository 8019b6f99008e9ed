import { useId } from 'react'
import { useSpeech } from '../language.tsx'

/** Something that is asked for beside the reason. */
export interface DialogField {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'date'
  /** Codes to choose from, or to what each of them is called. */
  readonly options?: readonly string[] | Readonly<Record<string, string>>
  readonly initial?: string
  /** Says more than the label has room for. */
  readonly hint?: string
}

/** What was written into fields, by their names. */
export type Written = Readonly<Record<string, string>>

export const startOf = (fields: readonly DialogField[]): Written =>
  Object.fromEntries(fields.map(({ name, initial, options }) => [name, initial ?? choicesOf(options)[0]?.[0] ?? '']))

const choicesOf = (options: DialogField['options'] = []): readonly (readonly [code: string, name?: string])[] =>
  Array.isArray(options) ? options.map((code: string) => [code] as const) : Object.entries(options)

export function FieldOfDialog({
  field: { name, label: text, type = 'text', options, hint },
  value,
  onChange,
}: {
  field: DialogField
  value: string
  onChange: (value: string) => void
}) {
  const { label } = useSpeech()
  const id = useId()
  const common = { id, name, value, 'aria-describedby': hint ? `${id}-hint` : undefined }
  return (
    <div className="asked">
      <label htmlFor={id}>{text}</label>
      {options ? (
        <select {...common} onChange={({ target }) => onChange(target.value)}>
          {choicesOf(options).map(([code, called]) => (
            <option key={code} value={code}>
              {called ?? label(code)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          type={type}
          maxLength={300}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
      {hint && (
        <p className="muted" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}
