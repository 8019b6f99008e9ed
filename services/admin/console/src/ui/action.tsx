import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import { act } from '../client.ts'
import { createIntent } from '../http.ts'
import { useSpeech } from '../language.tsx'
import { useAnnounce } from './announcements.tsx'
import { Trouble } from './states.tsx'

interface Deed {
  /** What the button says, and the dialog's heading. */
  readonly name: string
  /** What follows from it, before it is confirmed. */
  readonly text: string
  readonly path: string
  /** The body, given what was written. @param other - what was written beside the reason; empty where nothing was */
  readonly body: (written: string, other: string) => object
  readonly isDangerous?: boolean
  /** A note may be left out; a reason never. */
  readonly isOptional?: boolean
  /** `note` where the API calls it so. */
  readonly asks?: 'reason' | 'note'
  /** The label of a second field, which may be left empty. */
  readonly other?: string
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
  const [other, setOther] = useState('')
  const [isMissing, setMissing] = useState(false)
  const mutation = useMutation({
    mutationFn: (body: object) => act(deed.path, body, intent.keyFor(body)),
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
    if (written.trim() === '' && !deed.isOptional) return setMissing(true)
    mutation.mutate(deed.body(written.trim(), other.trim()))
  }
  return (
    <dialog ref={dialog} aria-labelledby={`${id}-title`} aria-describedby={`${id}-text`} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <h2 id={`${id}-title`}>{deed.name}</h2>
        <div className="what">{children}</div>
        <p id={`${id}-text`}>{deed.text}</p>
        {deed.other && (
          <>
            <label htmlFor={`${id}-other`}>{deed.other}</label>
            <input
              id={`${id}-other`}
              value={other}
              maxLength={200}
              autoComplete="off"
              onChange={({ target }) => setOther(target.value)}
            />
          </>
        )}
        <label htmlFor={`${id}-reason`}>{t(deed.asks === 'note' ? 'action.note' : 'action.reason')}</label>
        <textarea
          id={`${id}-reason`}
          rows={3}
          maxLength={1_000}
          required={!deed.isOptional}
          value={written}
          aria-invalid={isMissing && written.trim() === ''}
          aria-describedby={isMissing ? `${id}-missing` : undefined}
          onChange={(event) => setWritten(event.target.value)}
        />
        {isMissing && written.trim() === '' && (
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
    ref.current?.querySelector('textarea')?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return ref
}
