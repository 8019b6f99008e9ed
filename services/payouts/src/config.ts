import { BOOKING_RULES } from '@remesa/domain/booking-payout'
import { COOLING_MS } from '@remesa/domain/cooling'
import { PATIENCE } from '@remesa/domain/payment-steps'
import { workerEnvironment } from '@remesa/messaging/worker-service'
import { parseEnvironment, wholeNumber } from '@remesa/service-kit/environment'
import { longestPaymentMs, stripeEnvironment } from '@remesa/stripe-client/environment'
import { z } from 'zod'

const DAY_MS = 86_400_000

export const readConfig = (env: NodeJS.ProcessEnv) =>
  parseEnvironment(
    env,
    z
      .object({
        ...workerEnvironment,
        ...stripeEnvironment,
        /**
         * Until then no other worker calls with the same key. Longer than a call and its look-up: another worker that calls,
         * too, pays nothing twice with that key, but wastes calls within Stripe's limits.
         */
        PAYMENT_LEASE_MS: wholeNumber({ from: 1_000, to: 3_600_000 }).default(60_000),
        /** First wait for a settlement that is not there yet, or not whole: it doubles, and the seventh look decides. */
        PAYOUT_LOOK_AGAIN_MS: wholeNumber({ from: 1, to: 60_000 }).default(2_000),
        /** People are told each time that Stripe's own errors have refused one transfer so often. */
        PAYOUT_REFUSALS_BEFORE_ALERT: wholeNumber({ from: 1, to: 100 }).default(5),
        /** The first wait after no answer, or a refusal that may change; it doubles from there. */
        PAYOUT_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 3_600_000 }).default(PATIENCE.retry.firstMs),
        /** The longest wait, however often nobody answers. */
        PAYOUT_RETRY_MAX_MS: wholeNumber({ from: 1, to: 86_400_000 }).default(PATIENCE.retry.maxMs),
        PAYOUT_FUNDS_RETRY_FIRST_MS: wholeNumber({ from: 1, to: 86_400_000 }).default(PATIENCE.funds.firstMs),
        /** How long Stripe rests after it refused our own credentials. */
        PAYOUT_RAIL_PAUSE_MS: wholeNumber({ from: 100, to: 3_600_000 }).default(PATIENCE.railPauseMs),
        /** `false`: also transfer to accounts whose own bank payouts Stripe has switched off. */
        PAYOUT_HOLD_WITHOUT_BANK: z.stringbool().default(true).describe('expected true or false'),
        /** How long a payee whose account, or the bank account behind it, was changed is held; 0 holds nothing. */
        PAYEE_COOLING_MS: wholeNumber({ from: 0, to: 30 * DAY_MS }).default(COOLING_MS),
        /** How long a transfer's own message has to bring it to a worker before the scheduler picks it up. */
        PAYOUT_SCHEDULER_GRACE_MS: wholeNumber({ from: 0, to: 3_600_000 }).default(120_000),
        /** From a booking's completion to its payout. */
        BOOKING_PAYOUT_DELAY_MS: wholeNumber({ from: 0, to: 90 * DAY_MS }).default(BOOKING_RULES.delayMs),
        /**
         * How long after its completion a tip still belongs to a booking. It reaches back: where it is shortened, tips that were
         * paid under the longer one are taken back as their bookings are next looked at.
         */
        BOOKING_TIP_WINDOW_MS: wholeNumber({ from: 0, to: 90 * DAY_MS }).default(BOOKING_RULES.tipWindowMs),
        /** Of each payout at most so much is kept back against what its provider owes us. */
        BOOKING_SET_OFF_PERCENT: wholeNumber({ from: 0, to: 100 }).default(50),
        /** For development: how far the clock of the booking rules is ahead, so that two days need not be waited for. */
        BOOKING_CLOCK_OFFSET_MS: wholeNumber({ from: -3_650 * DAY_MS, to: 3_650 * DAY_MS }).default(0),
      })
      .refine((config) => config.PAYMENT_LEASE_MS >= longestPaymentMs(config), {
        message:
          'PAYMENT_LEASE_MS is too short: expected at least twice what STRIPE_TIMEOUT_MS and STRIPE_MAX_WAIT_MS are together',
      }),
  )
