import type { RemoteSandbox } from '@remesa/sandbox/control-client'

/** A person for each role, so that one can ask and another approve. */
const PEOPLE = [
  { role: 'viewer', subject: 'vera' },
  { role: 'operator', subject: 'olga' },
  { role: 'approver', subject: 'adam' },
] as const
/** A working day. */
const TOKEN_SECONDS = 12 * 3_600

/** Where operators' requests go, and somebody's token for each role; they open nothing but this stack. */
export async function operatorsText({
  adminUrl,
  sandbox,
}: {
  adminUrl: string
  sandbox: Pick<RemoteSandbox, 'control'>
}): Promise<string> {
  const tokens = await Promise.all(
    PEOPLE.map(async ({ role, subject }) => {
      const wish = { subject, roles: [role], expiresInSeconds: TOKEN_SECONDS }
      const { token } = (await sandbox.control('oidc', 'mint', wish)) as { token: string }
      return `    ${role.padEnd(10)}${token}`
    }),
  )
  return [
    `  Operators   ${adminUrl}/v1/payouts, described at ${adminUrl}/openapi.json`,
    '  Their tokens, one per role, for “Authorization: Bearer …”:',
    ...tokens,
  ].join('\n')
}
