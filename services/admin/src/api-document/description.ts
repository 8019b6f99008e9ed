import { CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE } from '../sign-in/sessions.ts'

/** What the API's description says of all of it. */
export const DESCRIPTION = {
  openapi: '3.1.0',
  info: {
    title: 'Remesa, for operators',
    version: '1',
    description:
      'Amounts are whole minor units as decimal strings. Every POST, PUT and DELETE needs an `Idempotency-Key`. Errors are RFC 9457 problems.',
  },
  components: {
    securitySchemes: {
      bearer: { type: 'http' as const, scheme: 'bearer', bearerFormat: 'JWT' },
      session: {
        type: 'apiKey' as const,
        in: 'cookie' as const,
        name: SESSION_COOKIE,
        description: `The console’s. A POST by it has the value of the cookie \`${CSRF_COOKIE}\` in the header \`${CSRF_HEADER}\`.`,
      },
    },
  },
  security: [{ bearer: [] }, { session: [] }],
}
