import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import { act } from '../client.ts'
import { createIntent, type WriteMethod } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useAnnounce } from './announcements.tsx'
import { type DialogField, FieldOfDialog, startOf, type Written } from './dialog-field.tsx'
import { Trouble } from './states.tsx'

export interface Deed {
  /** What the button says, and the dialog's heading. */
  readonly name: string
  /** What follows from it, before it is confirmed. */
  readonly text: string
  readonly path: string
  /** Default POST. */
  readonly method?: WriteMethod
  /** The body, given what was written: the reason, and what the fields beside it ask for. */
  readonly body: (reason: string, written: Written) => object
  readonly fields?: readonly DialogField[]
  /** @returns what is wrong with what was written; nothing is sent then */
  readonly wrong?: (written: Written) => string | undefined
  readonly isDangerous?: boolean
  /** A note may be left out; a reason never. */
  readonly isOptional?: boolean
  /** `note` where the API calls it so. */
  readonly asks?: 'reason' | 'note'
  /** @returns what to say once it is done; the default names the deed */
  readonly said?: (answer: unknown) => string
}

/** A button, the dialog behind it that asks for a reason, and the request. Nothing is done without both. */
export function Action({
  deed,
  children,
  disabled = false,
  onDone,
}: {
  deed: Deed
  /** What it is done to, shown in the dialog. */
  children: ReactNode
  disabled?: boolean
  onDone?: () => void
}) {
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  // Once it is done the button often goes away, and the focus that it got back would be lost with it.
  useLayoutEffect(() => {
    const own = button.current
    return () => {
      if (own === document.activeElement) document.getElementById('content')?.focus()
    }
  }, [])
  return (
    <>
      <button
        ref={button}
        type="button"
        className={deed.isDangerous ? 'danger' : undefined}
        disabled={disabled}
        onClick={() => setOpen(true)}
      >
        {deed.name}
      </button>
      {isOpen && (
        <Confirmation deed={deed} onClose={() => setOpen(false)} {...(onDone && { onDone })}>
          {children}
        </Confirmation>
      )}
    </>
  )
}

function Confirmation({
  deed,
  children,
  onClose,
  onDone,
}: {
  deed: Deed
  children: ReactNode
  onClose: () => void
  onDone?: () => void
}) {
  const { t } = useSpeech()
  const id = useId()
  const dialog = useModal()
  const announce = useAnnounce()
  const queries = useQueryClient()
  const [intent] = useState(createIntent)
  const [written, setWritten] = useState('')
  const { fields = [] } = deed
  const [values, setValues] = useState(() => startOf(fields))
  const [isTried, setTried] = useState(false)
  const isMissing = isTried && written.trim() === '' && !deed.isOptional
  const wrong = isTried ? deed.wrong?.(values) : undefined
  const mutation = useMutation({
    mutationFn: (body: object) => act(deed.path, body, intent.keyFor(body), deed.method),
    async onSuccess(answer) {
      announce(deed.said?.(answer) ?? t('action.done', { what: deed.name }))
      onClose()
      onDone?.()
      await queries.invalidateQueries()
    },
    onError(error) {
      if ('kind' in error && error.kind === 'refused') intent.answered()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (deed.wrong?.(values) !== undefined || (written.trim() === '' && !deed.isOptional)) return
    mutation.mutate(deed.body(written.trim(), values))
  }
  return (
    <dialog ref={dialog} aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <h2 id={`${id}-title`}>{deed.name}</h2>
        <div className="what">{children}</div>
        <p id={`${id}-text`}>{deed.text}</p>
        {fields.map((field) => (
          <FieldOfDialog
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            onChange={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          />
        ))}
        {wrong !== undefined && (
          <p className="invalid" role="alert">
            {wrong}
          </p>
        )}
        <label htmlFor={`${id}-reason`}>{t(deed.asks === 'note' ? 'action.note' : 'action.reason')}</label>
        <textarea
          id={`${id}-reason`}
          rows={3}
          maxLength={1_000}
          required={!deed.isOptional}
          value={written}
          aria-invalid={isMissing}
          aria-describedby={isMissing ? `${id}-missing` : undefined}
          onChange={(event) => setWritten(event.target.value)}
        />
        {isMissing && (
          <p className="invalid" id={`${id}-missing`} role="alert">
            {t('action.reasonMissing')}
          </p>
        )}
        {mutation.error && <Trouble error={mutation.error} />}
        <div className="buttons">
          <button type="submit" className={deed.isDangerous ? 'danger solid' : 'primary'} disabled={mutation.isPending}>
            {mutation.isPending ? t('action.working') : deed.name}
          </button>
          <button type="button" onClick={onClose} disabled={mutation.isPending}>
            {t('action.cancel')}
          </button>
        </div>
      </form>
    </dialog>
  )
}

/** A dialog that keeps the focus within it and, when it goes, gives it back to whatever had it. */
function useModal() {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    ref.current?.showModal()
    ref.current?.querySelector<HTMLElement>('input, select, textarea')?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return ref
}
