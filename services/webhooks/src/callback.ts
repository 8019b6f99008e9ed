/** A request as it came: signatures are over bytes. */
export interface Callback {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly rawBody: Buffer
  readonly header: (name: string) => string | undefined
}

export type CallbackAnswer =
  | { readonly kind: 'taken' | 'known_before' | 'of_no_concern' }
  /** It is not proven to come from the provider. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It was signed by the provider, and is not what we know how to read. */
  | { readonly kind: 'unreadable'; readonly reason: 'body_unreadable' | 'thin_event' }

/** What is signed may still be an id that no topic and no table takes; sent again, it would be no better. */
export const isStorable = (data: object): boolean => !JSON.stringify(data).includes('\\u0000')
