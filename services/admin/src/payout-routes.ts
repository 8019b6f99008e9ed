import { listPayouts } from '@remesa/database/payout-reads'
import { findPayoutStory, type PayoutStory } from '@remesa/database/payout-story'
import type { BookingOverride } from '@remesa/domain/booking-payout'
import { actOnPayout } from './act-on-payout.ts'
import { type ApiParts, actorOf, doOnce, PROBLEMS, PROBLEMS_OF_DEEDS, PROBLEMS_OF_ONE, type ZodServer } from './api.ts'
import { maskEnd, maskedFacts } from './masks.ts'
import { ProblemError, problem } from './problem.ts'
import { actionAnswer, byId, payoutPage, payoutQuery, payoutStory, withReason, withRequestKey } from './schemas.ts'
import { payoutJson, toWire } from './wire.ts'

/** What may be done to a payout: the path's last part, the action, and what it is for. */
const ACTIONS: readonly (readonly [path: string, action: BookingOverride, summary: string])[] = [
  [
    'force-release',
    'force_release',
    'Pay it now, whatever its delay, an operator’s hold and the disputes open now; above the limit, with approval',
  ],
  ['hold', 'hold', 'Keep it from being paid until it is resumed, force-released or cancelled'],
  ['resume', 'resume', 'Undo an operator’s hold: it is due when it was, and the disputes that are open hold it again'],
  [
    'cancel',
    'cancel',
    'Close its booking: it and all that is open of the booking ends unpaid; above the limit, with approval',
  ],
  ['retry', 'retry', 'Pay one that failed again; above the limit, with approval'],
]

export function payoutRoutes(server: ZodServer, parts: ApiParts): void {
  server.get(
    '/v1/payouts',
    {
      schema: {
        tags: ['payouts'],
        summary: 'Payouts of bookings, newest first',
        querystring: payoutQuery,
        response: { ...PROBLEMS, 200: payoutPage },
      },
    },
    async ({ query: { cursor, limit, status, providerId, bookingId } }) => {
      const payouts = await listPayouts(parts.database, {
        limit: limit + 1, // one more tells whether there is a next page
        ...(status && { status }),
        ...(providerId && { providerId }),
        ...(bookingId && { bookingId }),
        ...(cursor && { after: cursor }),
      })
      return {
        payouts: payouts.slice(0, limit).map(payoutJson),
        next: payouts.length > limit ? (payouts[limit - 1]?.payoutId ?? null) : null,
      }
    },
  )

  server.get(
    '/v1/payouts/:id',
    {
      schema: {
        tags: ['payouts'],
        summary: 'A payout with its whole history',
        params: byId,
        response: { ...PROBLEMS_OF_ONE, 200: payoutStory },
      },
    },
    async ({ params: { id } }) => {
      const story = await findPayoutStory(parts.database, id)
      if (!story) throw new ProblemError(problem('not-found', `There is no payout ${id}.`))
      return { ...toWire(maskedStory(story)), payout: payoutJson(story.payout) }
    },
  )

  for (const [path, action, summary] of ACTIONS) {
    server.post(
      `/v1/payouts/:id/${path}`,
      {
        schema: {
          tags: ['payouts'],
          summary,
          params: byId,
          headers: withRequestKey,
          body: withReason,
          response: { ...PROBLEMS_OF_DEEDS, 200: actionAnswer, 202: actionAnswer },
        },
      },
      async (request, reply) => {
        const { reason } = request.body
        const wish = { payoutId: request.params.id, action, actor: actorOf(request), reason, clock: parts.clock() }
        const { status, answer } = await doOnce(
          parts,
          { request, reply, body: { reason }, answers: actionAnswer },
          (tx) => actOnPayout(tx, wish, parts.limits),
        )
        return reply.code(status).send(answer)
      },
    )
  }
}

/** A payout's story without what is a provider's own: where its money goes, and personal data in answers and audit rows. */
const maskedStory = (story: PayoutStory) => ({
  ...story,
  booking: {
    ...story.booking,
    stripeAccountId: story.booking.stripeAccountId && maskEnd(story.booking.stripeAccountId),
  },
  transfers: story.transfers.map((one) => ({ ...one, destination: one.destination && maskEnd(one.destination) })),
  attempts: story.attempts.map((one) => ({ ...one, lastFacts: one.lastFacts && maskedFacts(one.lastFacts) })),
  audit: story.audit.map((one) => ({
    ...one,
    before: one.before && maskedFacts(one.before),
    after: one.after && maskedFacts(one.after),
  })),
})
