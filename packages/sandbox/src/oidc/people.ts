/** Somebody who can sign in here. */
export interface LocalPerson {
  readonly subject: string
  readonly name: string
  readonly roles: readonly string[]
}

/** One of each role, so that what takes two people can be tried by one. */
export const LOCAL_PEOPLE: readonly LocalPerson[] = [
  { subject: 'vera', name: 'Vera', roles: ['viewer'] },
  { subject: 'olga', name: 'Olga', roles: ['operator'] },
  { subject: 'adam', name: 'Adam', roles: ['approver'] },
]
