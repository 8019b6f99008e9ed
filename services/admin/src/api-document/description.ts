import { CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE } from '../sign-in/sessions.ts'

const TEXT = `
What people do by the console and by \`remesa\`, programs do by this: read what Remesa pays and why, and act on it. To generate a
client, take \`/openapi.json\` (OpenAPI 3.1), or \`/docs/json\` (3.0).

**Who asks.** Send \`Authorization: Bearer …\` with a token of your identity provider that names this service as its audience.
A browser that is signed in to the console is known by its session; whatever is not a GET then also sends the value of the
cookie \`${CSRF_COOKIE}\` in the header \`${CSRF_HEADER}\`. Every operation says which role it needs: a \`viewer\` reads, an
\`operator\` acts, an \`approver\` decides what another asked for, and each may do what those before it may. \`GET /v1/me\`
tells what you may do.

**Doing a thing once.** Every POST, PUT and DELETE needs an \`Idempotency-Key\`, a name that you give to the request, such as a
UUID. Sent again with the same key, after a time-out for instance, it gets the first answer again with the header
\`idempotent-replayed: true\`, and nothing is done twice. A key is yours alone and is known for 30 days. 200 means that it is
done; 202 that it waits, mostly for a second person, as \`approval\` in the answer then shows.

**Pages.** A list answers with at most \`limit\` rows, and with \`next\`: send it as \`cursor\`, with the same filters, for the
page after. It is null on the last page.

**Problems** are \`application/problem+json\` (RFC 9457). \`type\` says what is wrong, as \`urn:remesa:problem:\` and a kind: go
by it, for \`detail\` is a sentence for people and may change. A problem may have more members: \`lacks\`, the role that you
would need, \`current\`, the state that stood in the way, or \`approval\`, the one that is open already. After a 4xx nothing of
what you asked for was done; after a 5xx, or no answer at all, send the request again with its key.

**Values.** Amounts are whole minor units of their currency as decimal strings (CLP has none smaller: \`"125000"\` is 125,000
pesos, in USD 1,250 dollars). Times are ISO 8601 in UTC, business dates are the marketplace's. Tax ids and accounts are masked.
Answers may gain members: pass over those that you do not know.
`

/** What the API's description says of all of it. */
export const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Remesa, for operators', version: '1', description: TEXT.trim() },
  tags: [
    ['today', 'How far the run has come'],
    ['alerts', 'What only people can settle'],
    ['approvals', 'What one person asked for and another decides: of payouts, and of payments as a whole'],
    ['plans', 'What a run would pay, before it does'],
    ['balances', 'What sellers are owed, by country and business date'],
    ['sellers', 'Who is paid on pay-days'],
    ['payouts', 'What providers get of bookings'],
    ['transfers', 'What goes to winners and providers through Stripe'],
    ['settlements', 'Contests that were decided, brought by file'],
    ['debts', 'What providers owe us'],
    ['rails', 'The ways by which money goes out, and their switches'],
    ['caps', 'How much may go out at most'],
    ['cooling', 'Payees whose accounts were changed lately'],
    ['reconciliations', 'Everybody else’s books, held against ours'],
    ['search', 'By any id, and why an amount is what it is'],
    ['ledger', 'Our books'],
    ['audit', 'Who decided what'],
    ['dead letters', 'Messages that could not be handled'],
    ['jobs', 'What the clock starts'],
    ['system', 'How the services fare'],
    ['operators', 'Who asks'],
  ].map(([name = '', description = '']) => ({ name, description })),
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
