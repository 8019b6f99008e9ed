import type { RemoteSandbox } from '@remesa/sandbox/control-client'
import { LOCAL_PEOPLE } from '@remesa/sandbox/oidc-people'

/** A working day. */
const TOKEN_SECONDS = 12 * 3_600

/** Where a browser opens the console as somebody, for the sandbox's issuer asks nobody for a password. */
export const consoleLink = (adminUrl: string, person: string): string => `${adminUrl}/auth/sign-in?login_hint=${person}`

/** A token of a person of each role, for a working day. */
export const tokensOf = ({
  sandbox,
}: {
  sandbox: Pick<RemoteSandbox, 'control'>
}): Promise<readonly { readonly role: string; readonly token: string }[]> =>
  Promise.all(
    LOCAL_PEOPLE.map(async ({ subject, roles }) => {
      const wish = { subject, roles, expiresInSeconds: TOKEN_SECONDS }
      const { token } = (await sandbox.control('oidc', 'mint', wish)) as { token: string }
      return { role: roles.join(), token }
    }),
  )

/** Where the console is and operators' requests go, and somebody's token for each role; they open nothing but this stack. */
export async function operatorsText({
  adminUrl,
  sandbox,
}: {
  adminUrl: string
  sandbox: Pick<RemoteSandbox, 'control'>
}): Promise<string> {
  const tokens = (await tokensOf({ sandbox })).map(({ role, token }) => `    ${role.padEnd(10)}${token}`)
  return [
    '  Console     signed in at once, as somebody who may look, act, or approve what another asked for:',
    ...LOCAL_PEOPLE.map(
      ({ subject, name, roles }) => `    ${`${name}, ${roles.join()}`.padEnd(20)}${consoleLink(adminUrl, subject)}`,
    ),
    `  Operators   ${adminUrl}/v1/payouts, to browse at ${adminUrl}/docs`,
    '  Their tokens, one per role, for “Authorization: Bearer …”:',
    ...tokens,
  ].join('\n')
}
