/** Something only the finance team can settle. */
export type FinanceAlertKind = keyof typeof FINANCE_ALERTS

/** `critical` wants a person now, `warning` today. */
export type FinanceAlertSeverity = 'info' | 'warning' | 'critical'

/** What happened, and what people can do; ids and amounts are told beside it. */
const FINANCE_ALERTS = {
  closing_missing: alert('warning', 'GSC has sent no closing for this balance. NetSuite’s figure stands.'),
  closing_different: alert(
    'warning',
    'GSC’s closing differs from NetSuite, or from what GSC said before. NetSuite’s figure stands; find out why.',
  ),
  bank_id_missing: alert('warning', 'The seller has no account to be paid to. It is paid once GSC sends one.'),
  rail_currency: alert(
    'warning',
    'Payoneer pays USD only, and this balance is in another currency. Have GSC correct the operation type of a seller that is local; settle any other by hand.',
  ),
  seller_closed: alert('warning', 'A closed seller is owed money. Decide how it is paid.'),
  document_currency: alert('warning', 'A NetSuite document is in another currency than the balance. Correct it there.'),
  documents_unreadable: alert('warning', 'A NetSuite document of this balance cannot be read. Correct it there.'),
  document_in_other_balance: alert('warning', 'A NetSuite document already counts in another balance. Check its date.'),
  late_document: alert(
    'warning',
    'A NetSuite document came, was approved or was changed after its day’s balance was read. The difference is never paid by itself: settle it as the runbook says.',
  ),
  tax_id_changed: alert('warning', 'GSC changed a seller’s tax id. The change was refused; tax ids never change.'),
  tax_id_invalid: alert('warning', 'A seller’s tax id is not valid for its country. Have GSC correct it.'),
  unknown_seller: alert('warning', 'GSC speaks of a seller that neither it nor we can find.'),
  vendor_refused: alert('warning', 'NetSuite refused to create or update a seller’s vendor.'),
  insufficient_funds: alert(
    'critical',
    'The rail lacks funds, or its limit is used up. Top it up; payment is tried again.',
  ),
  payment_rejected: alert('warning', 'A payment was refused for good. The payee’s details must be mended first.'),
  payment_tries_used_up: alert(
    'warning',
    'The rail refused a payment as often as we try, for reasons that pass. Release it once they have passed.',
  ),
  payment_request_refused: alert('critical', 'The rail refused what we asked, not the payee: this is a fault of ours.'),
  payment_compliance: alert(
    'critical',
    'The rail’s compliance rules stopped a payment. Tell legal; never pay it again as it is.',
  ),
  payment_reversed: alert(
    'critical',
    'A payment came back after it was paid. The debt is open again; decide what follows.',
  ),
  payment_pending_too_long: alert('warning', 'A payment has been pending for too long. Ask the rail.'),
  payment_handed_over: alert('critical', 'A payment has been pending for days. Settle it with the rail by hand.'),
  payment_mismatch: alert(
    'critical',
    'The rail’s books contradict ours about a payment. Compare them before anything is paid.',
  ),
  payment_unknown: alert(
    'critical',
    'The rail does not say whether a payment was made. We keep asking; look at its portal.',
  ),
  rail_unavailable: alert(
    'critical',
    'The rail answers with errors of its own each time. What was to be paid is tried again by itself; ask the rail.',
  ),
  rail_paused: alert('critical', 'The rail refuses our credentials. Nothing is paid through it until they are mended.'),
  rail_stopped: alert(
    'critical',
    'A person stopped this rail: nothing new is paid through it. Once the cause is settled, two people restart it.',
  ),
  cap_reached: alert(
    'critical',
    'A cap on payments is reached. What would go beyond it waits until the cap’s hour or day is over, or two people raise it.',
  ),
  plan_required: alert(
    'warning',
    'A run has sent out as much as it may without an approved plan, and the rest waits. Plan it, have a second person approve the plan, and apply it.',
  ),
  destination_changed: alert(
    'warning',
    'Where a payee’s money goes was changed lately, and what is due waits. Ask the payee by a way known from before: it is paid by itself at the time given, or as soon as two people release it; stop the rail if it was not the payee.',
  ),
  provider_credentials: alert(
    'critical',
    'NetSuite or GSC refuses our credentials. No pay-day goes on without them: have them mended.',
  ),
  pay_day_stalled: alert('critical', 'A pay-day does not come to its end. Find out what its balances wait for.'),
  vendor_payment_refused: alert(
    'warning',
    'The seller is paid, but NetSuite refused the vendor payment. Enter it by hand.',
  ),
  settlement_rejected: alert(
    'critical',
    'A contest’s settlement breaks a rule, and none of its winners is paid. Correct it and send it again.',
  ),
  settlement_untold: alert(
    'warning',
    'A contest’s settlement is closed, and nobody told us to pay it. It is never paid by itself: have it told of if its winners are owed, or close this alert if not, as the runbook says.',
  ),
  settlements_untold: alert(
    'warning',
    'Many settlements of contests are closed, and nobody told us to pay them: history that was loaded, or a marketplace whose messages are lost. They are never paid by themselves: decide as the runbook says.',
  ),
  destination_disabled: alert(
    'warning',
    'The Stripe account of a winner or provider cannot receive money. It is paid once Stripe says that the account can.',
  ),
  destination_differs: alert(
    'critical',
    'A settlement or booking names another Stripe account than its payee has, or one that is another user’s. Nothing is sent: find out which is right, link it, and release the transfer.',
  ),
  reversal_refused: alert(
    'warning',
    'Money could not be taken back from a provider’s Stripe account. The provider owes it to us: it is kept back from the next payouts.',
  ),
  booking_payout_failed: alert(
    'critical',
    'Stripe did not take a booking’s payout as often as we try. Mend the cause, then retry the payout, or cancel it.',
  ),
  alert_refused: alert(
    'critical',
    'Slack or PagerDuty refuses an alert as it is, so nobody was told by it: a routing key that is wrong, or a fault of ours. Mend it, then send the alert again.',
  ),
  rail_books_differ: alert(
    'critical',
    'A rail’s books, or NetSuite’s, contradict ours about money that moved or did not. Look at the report’s urgent findings before the next pay-day.',
  ),
  rail_books_unclear: alert(
    'warning',
    'A rail’s books, or NetSuite’s, differ from ours in what does not press, or could not be read to the end. Look at the report.',
  ),
  settlement_notification_refused: alert(
    'warning',
    'GSC refused to be told how the payment of a settlement ended. Compare the settlement with GSC.',
  ),
} as const

function alert(severity: FinanceAlertSeverity, text: string): { severity: FinanceAlertSeverity; text: string } {
  return { severity, text }
}

export const FINANCE_ALERT_KINDS = Object.keys(FINANCE_ALERTS) as readonly FinanceAlertKind[]

export const severityOf = (kind: FinanceAlertKind): FinanceAlertSeverity => FINANCE_ALERTS[kind].severity

/** One or two sentences for people. */
export const sentenceOf = (kind: FinanceAlertKind): string => FINANCE_ALERTS[kind].text
