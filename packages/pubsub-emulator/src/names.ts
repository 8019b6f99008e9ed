import { invalidArgument } from './rpc-error.ts'

/** The `topic` of a subscription whose topic was deleted. */
export const DELETED_TOPIC = '_deleted-topic_'

const NAME = /^projects\/([^/]+)\/(topics|subscriptions)\/([^/]+)$/
const ID = /^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/

/**
 * Checks the full name of a topic or subscription: 3–255 characters after the prefix, a letter first, then letters,
 * digits and `-_.~+%`, not starting with `goog`.
 * @throws RpcError INVALID_ARGUMENT
 */
export function checkName(name: string, kind: 'topics' | 'subscriptions'): void {
  const [, , collection, id] = NAME.exec(name) ?? []
  if (collection !== kind || !id || !ID.test(id) || id.startsWith('goog')) {
    throw invalidArgument(`Invalid resource name given (name=${name}). Expected projects/{project}/${kind}/{id}.`)
  }
}

/** @returns the project of a full name that has been checked */
export const projectOf = (name: string): string => name.split('/')[1] ?? ''

/** @returns the last part of a full name that has been checked */
export const idOf = (name: string): string => name.split('/')[3] ?? ''

/**
 * Checks `projects/{project}` as the list requests carry it.
 * @throws RpcError INVALID_ARGUMENT
 */
export function checkProject(project: string): void {
  if (!/^projects\/[^/]+$/.test(project)) {
    throw invalidArgument(`Invalid project given (name=${project}). Expected projects/{project}.`)
  }
}
