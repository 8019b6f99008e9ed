import type { Database } from '@remesa/database/connection'
import { sql } from 'kysely'

/** How much there is; what a year of a middling marketplace leaves, where balances are many. */
export interface Amounts {
  readonly sellers: number
  /** Balances: one per seller and date. */
  readonly dates: number
  readonly transfers: number
  readonly payouts: number
  readonly alerts: number
  readonly deadLetters: number
}

const FIRST_DATE = sql.lit('2026-11-20')

/**
 * Fills the tables as a run of months leaves them: sellers, balances with documents, closings, attempts, books and audit,
 * contests' winners and transfers, bookings' payouts, customers' payments, alerts, dead letters. Most is paid; a little of everything else is there.
 */
export async function fill(database: Database, amounts: Amounts): Promise<void> {
  const { sellers, dates, transfers, payouts, alerts, deadLetters } = amounts
  await fillSellers(database, sellers)
  await fillBalances(database, dates)
  await fillBooks(database)
  await fillPayouts(database, { transfers, payouts })
  await sql`
    insert into finance_alerts (kind, dedup_key, severity, subject_type, subject_id, business_date, details, status,
      raised_at)
    select case n % 3 when 0 then 'closing_missing' when 1 then 'bank_id_missing' else 'insufficient_funds' end,
      'bench:' || n, case n % 3 when 2 then 'critical' else 'warning' end, 'seller_balance', gen_random_uuid()::text,
      ${FIRST_DATE}::date - n % 20, '{"amount": "1000", "currency": "CLP"}',
      case when n % 20 = 0 then 'open' else 'resolved' end, now() - n * interval '1 minute'
    from generate_series(1, ${sql.lit(alerts)}) n`.execute(database)
  await sql`
    insert into dead_letters (topic, subscription, message_id, data, attributes, reason, received_at, replayed_at)
    select 'booking_payout_topic', 'booking_payout_subscription', 'bench-' || n, '{"bookingId": "b"}', '{}', 'for the bench',
      now() - n * interval '1 minute', case when n % 10 <> 0 then now() end
    from generate_series(1, ${sql.lit(deadLetters)}) n`.execute(database)
  await sql`vacuum analyze`.execute(database)
}

/** Names of several words, of which some are common and some are nobody else's. */
async function fillSellers(database: Database, sellers: number): Promise<void> {
  await sql`
    insert into sellers (gsc_seller_id, legal_name, tax_id, operation_type, type, status, fpay_id, payoneer_payee_id,
      erp_id, day_balance_generated)
    select 'SC-' || n,
      (array['Comercial', 'Importadora', 'Distribuidora', 'Textiles', 'Alimentos'])[1 + n % 5] || ' ' ||
      (array['Andina', 'del Sur', 'Pacífico', 'Austral', 'Norte', 'Central', 'Oriente'])[1 + n % 7] || ' ' || n || ' SpA',
      (10000000 + n) || '-' || n % 10, case when n % 10 = 0 then 'international' else 'local' end, '3P', 'active',
      case when n % 10 <> 0 then 'FP-' || n end, case when n % 10 = 0 then 'PY-' || n end, 'vendor-' || n, true
    from generate_series(1, ${sql.lit(sellers)}) n`.execute(database)
  await sql`
    insert into seller_countries (seller_id, country, position, currency, enabled)
    select s.id, c.id, 0, case s.operation_type when 'local' then c.currency else 'USD' end, true
    from sellers s join ${COUNTRIES} c(id, currency, rank) on c.rank = ${RANK}`.execute(database)
}

const COUNTRIES = sql`(values ('cl', 'CLP', 0), ('pe', 'PEN', 1), ('co', 'COP', 2), ('mx', 'MXN', 3))`
/** A seller's country, by its number: half of them are Chilean, few are Mexican. */
const RANK = sql`case when right(s.gsc_seller_id, 1) in ('1', '3', '5', '7', '9') then 0
  when right(s.gsc_seller_id, 1) in ('2', '4') then 1 when right(s.gsc_seller_id, 2) = '00' then 3 else 2 end`

async function fillBalances(database: Database, dates: number): Promise<void> {
  await sql`
    insert into pay_day_runs (business_date, opened_at, initialized_at)
    select ${FIRST_DATE}::date - n, now() - n * interval '1 day', now() - n * interval '1 day'
    from generate_series(0, ${sql.lit(dates - 1)}) n`.execute(database)
  // One in fifty is not paid; 137 and 997 share no divisor with anything here.
  await sql`
    insert into seller_balances (run_id, seller_id, country, business_date, currency, status, amount_owed, blocked_reason,
      closing_match, erp_told_at, gsc_told_at, jobs, updated_at)
    select r.id, s.id, c.country, r.business_date, c.currency,
      case when k.n % 50 <> 0 then 'paid' else (array['payable', 'blocked', 'payment_pending', 'awaiting_funds', 'failed',
        'no_payment_due', 'returned'])[1 + (k.n / 50 % 7)::int] end,
      case when k.n % 50 = 0 and k.n / 50 % 7 = 5 then 0 else 1000 + k.n * 137 % 5000000 end,
      case when k.n % 50 = 0 and k.n / 50 % 7 = 1 then 'bank_id_missing' end, 'matched', now(), now(),
      '{"retrieval": {"messageId": "m", "finished": true, "successful": true, "lastExecution": "2026-11-21T10:00:00Z", "error": null}}',
      now() - k.n % 100000 * interval '1 second'
    from pay_day_runs r cross join sellers s join seller_countries c on c.seller_id = s.id
    cross join lateral (select (substr(s.gsc_seller_id, 4)::bigint * 997 + (r.business_date - date '2026-01-01')) as n) k
    `.execute(database)
  await sql`
    insert into seller_balance_documents (erp_id, seller_balance_id, type, tran_id, currency, amount)
    select 'doc-' || part || '-' || row_number() over (), id, case part when 1 then 'vendorBill' else 'invoice' end,
      'N-' || part || '-' || row_number() over (), currency, case part when 1 then amount_owed + 100 else 100 end
    from seller_balances cross join generate_series(1, 2) part`.execute(database)
  await sql`
    insert into seller_closings (settlement_id, gsc_seller_id, country, business_date, currency, amount)
    select 'gsc-' || b.id, s.gsc_seller_id, b.country, b.business_date, b.currency, b.amount_owed
    from seller_balances b join sellers s on s.id = b.seller_id`.execute(database)
  await sql`
    insert into payment_attempts (payable_type, payable_id, rail, generation, idempotency_key, amount, currency,
      destination, instruction, state, provider_reference, refusal_reason, accepted_at, first_called_at)
    select 'seller_balance', b.id, case s.operation_type when 'local' then 'fpay' else 'payoneer' end, 1,
      'seller-balance:' || b.id, b.amount_owed, b.currency, 'account', '{}',
      case b.status when 'paid' then 'paid' when 'payment_pending' then 'accepted' else 'declined' end,
      'ref-' || b.id, case when b.status in ('failed', 'returned') then 'account_closed' end, b.updated_at, b.updated_at
    from seller_balances b join sellers s on s.id = b.seller_id
    where b.status in ('paid', 'payment_pending', 'failed', 'returned', 'awaiting_funds')`.execute(database)
}

/** What is owed and what went, and four rows of audit for each balance. */
async function fillBooks(database: Database): Promise<void> {
  const owed = sql`from seller_balances where amount_owed > 0`
  const went = sql`from seller_balances b join payment_attempts a on a.payable_id = b.id and a.state = 'paid'`
  await sql`
    with entries as (
      insert into ledger_entries (idempotency_key, kind, payable_type, payable_id)
      select 'owed:' || id, 'owed', 'seller_balance', id ${owed} returning id, payable_id
    )
    insert into ledger_postings (entry_id, line, account, currency, amount)
    select e.id, line, case line when 1 then 'owed_from:' || b.country else 'payee:' || b.seller_id end, b.currency,
      case line when 1 then -b.amount_owed else b.amount_owed end
    from entries e join seller_balances b on b.id = e.payable_id cross join generate_series(1, 2) line`.execute(
    database,
  )
  await sql`
    with entries as (
      insert into ledger_entries (idempotency_key, kind, payable_type, payable_id)
      select 'ledger:' || a.idempotency_key || ':paid', 'payment_paid', 'seller_balance', b.id ${went}
      returning id, payable_id
    )
    insert into ledger_postings (entry_id, line, account, currency, amount)
    select e.id, line, case line when 1 then 'payee:' || b.seller_id else 'paid_from:' || a.rail end, b.currency,
      case line when 1 then -b.amount_owed else b.amount_owed end
    from entries e join seller_balances b on b.id = e.payable_id
    join payment_attempts a on a.payable_type = 'seller_balance' and a.payable_id = b.id
    cross join generate_series(1, 2) line`.execute(database)
  await sql`
    insert into audit_log (actor, action, subject_type, subject_id, before, after, occurred_at)
    select case when right(id::text, 3) = '000' and step = 4 then 'operator:olga' else 'pay-seller-balance' end,
      (array['seller_balance.initialized', 'seller_balance.retrieved', 'payment.claimed', 'payment.accepted'])[step],
      'seller_balance', id::text, '{"status": "payable"}', '{"status": "paying"}', updated_at
    from seller_balances cross join generate_series(1, 4) step`.execute(database)
}

const WINNERS = 100
/** Customers pay for more than what a provider is paid for. */
const PAYMENTS_FOR_EACH = 10

async function fillPayouts(
  database: Database,
  { transfers, payouts }: Pick<Amounts, 'transfers' | 'payouts'>,
): Promise<void> {
  const contests = sql.lit(Math.ceil(transfers / WINNERS))
  await sql`
    insert into settlements (settlement_id, contest_id, currency, total, status)
    select 'ST-' || n, 'CT-' || n, 'USD', ${sql.lit(WINNERS * 1_000)}, 'closed'
    from generate_series(1, ${contests}) n`.execute(database)
  await sql`
    insert into settlement_winners (settlement_id, user_id, stripe_account_id, amount, currency)
    select settlement_id, 'user-' || n, 'acct_' || n, 1000, 'USD'
    from settlements cross join generate_series(1, ${sql.lit(WINNERS)}) n`.execute(database)
  await sql`
    insert into payout_jobs (settlement_id, status, transfers_total, transfers_completed, completed_at)
    select settlement_id, 'complete', ${sql.lit(WINNERS)}, ${sql.lit(WINNERS)}, now() from settlements`.execute(
    database,
  )
  await sql`
    insert into payout_transfers (job_id, contest_id, user_id, amount, currency, destination, status, attempts,
      provider_reference, held_reason, created_at, completed_at)
    select j.id, 'CT-' || substr(j.settlement_id, 4), 'user-' || n, 1000, 'USD', 'acct_' || n,
      case when n = 7 then 'awaiting_destination' else 'completed' end, case when n = 7 then 0 else 1 end,
      case when n <> 7 then 'tr_' || j.settlement_id || '_' || n end, case when n = 7 then 'no_account' end,
      now() - substr(j.settlement_id, 4)::int * interval '10 minutes', case when n <> 7 then now() end
    from payout_jobs j cross join generate_series(1, ${sql.lit(WINNERS)}) n`.execute(database)
  await sql`
    insert into payments (payment_id, charge_id, currency, amount, created, source)
    select 'pi_' || n, 'ch_' || n, 'USD', 5000, now() - n * interval '1 minute', 'manual'
    from generate_series(1, ${sql.lit(payouts * PAYMENTS_FOR_EACH)}) n`.execute(database)
  const bookings = sql.lit(payouts)
  await sql`
    insert into bookings (booking_id, provider_id, stripe_account_id, currency, provider_share, completed_at)
    select 'BK-' || n, 'provider-' || n % 500, 'acct_p' || n % 500, 'USD', 5000, now() - n * interval '1 minute'
    from generate_series(1, ${bookings}) n`.execute(database)
  await sql`
    insert into payouts (booking_id, sequence, provider_id, currency, status, amount, due_at, hold_reason, held_by,
      cancelled_by, created_at)
    select 'BK-' || n, 1, 'provider-' || n % 500, 'USD',
      case n % 10 when 0 then 'on_hold' when 1 then 'cancelled' else 'scheduled' end, 5000, now(),
      case n % 10 when 0 then 'Dispute Open' end, case n % 10 when 0 then 'disputes' end,
      case n % 10 when 1 then 'rules' end, now() - n * interval '1 minute'
    from generate_series(1, ${bookings}) n`.execute(database)
}
