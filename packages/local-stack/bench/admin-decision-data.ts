import type { Database } from '@remesa/database/connection'
import { sql } from 'kysely'

/** How much of what people decide about there is. */
export interface DecisionAmounts {
  /** Of pay-days, a line for every balance of a date each; and twenty times as many that are void, with no lines. */
  readonly plans: number
  readonly approvals: number
  /** Of settlements by file, with all of their winners. */
  readonly imports: number
  readonly debts: number
  /** Sellers for whom something waits because their account was changed. */
  readonly cooling: number
  /** Days on which the books of everybody were compared with ours. */
  readonly reconciledDays: number
  /** Of one reconciliation of billing, and as many of one of a rail. */
  readonly findings: number
}

/** Fills the tables of what people plan, ask each other for, and are asked to look into, beside what {@link fill} made. */
export async function fillDecisions(database: Database, amounts: DecisionAmounts): Promise<void> {
  await fillPlans(database, amounts.plans)
  await fillApprovals(database, amounts)
  await fillDebts(database, amounts.debts)
  await fillCooling(database, amounts.cooling)
  await fillReconciliations(database, amounts)
  await sql`vacuum analyze`.execute(database)
}

const VOID_FOR_EACH = 20

async function fillPlans(database: Database, plans: number): Promise<void> {
  const made = (from: number, to: number) => sql`
    insert into payment_plans (kind, run, hash, line_count, totals, funds, reason, planned_by, planned_at)
    select 'pay_day', r.business_date, repeat('ab', 32), 0,
      '{"pays": [{"rail": "fpay", "currency": "CLP", "count": 9000, "amount": "9000000"}], "leavesOut": []}',
      '[{"rail": "fpay", "amounts": [{"currency": "CLP", "amount": "99000000"}], "unknown": null}]',
      'a good reason', 'operator:olga', now() - n * interval '3 hours'
    from generate_series(${sql.lit(from)}::int, ${sql.lit(to)}::int) n
    join lateral (select business_date from pay_day_runs order by business_date desc offset n % ${sql.lit(plans)} limit 1) r
      on true`
  await made(plans, plans * (VOID_FOR_EACH + 1) - 1).execute(database)
  await sql`update payment_plans set state = 'void', voided_by = 'remesa', voided_at = now(), void_why = 'expired'`.execute(
    database,
  )
  await made(0, plans - 1).execute(database)
  await sql`
    insert into payment_plan_lines (plan_id, payable_type, payable_id, payee_id, amount, currency, rail, destination,
      status, left_out)
    select p.id, 'seller_balance', b.id, b.seller_id, b.amount_owed, b.currency,
      case when b.status = 'blocked' then null when s.operation_type = 'local' then 'fpay' else 'payoneer' end,
      case when b.status <> 'blocked' then 'account' end, b.status, case when b.status = 'blocked' then 'blocked' end
    from payment_plans p join seller_balances b on b.business_date = p.run join sellers s on s.id = b.seller_id
    where p.state = 'planned' and b.amount_owed > 0`.execute(database)
}

const WINNERS = 2_000

async function fillApprovals(
  database: Database,
  { approvals, imports }: Pick<DecisionAmounts, 'approvals' | 'imports'>,
): Promise<void> {
  await sql`
    insert into approvals (payout_id, action, reason, seen_status, seen_amount, currency, seen_disputes, seen_sums,
      requested_by, requested_at, status, decided_by, decided_at)
    select id, 'force_release', 'a good reason', status, amount, currency, '{}', '[{"amount": "5000", "currency": "USD"}]',
      'operator:olga', now() - n * interval '1 minute', case when n % 50 = 0 then 'open' else 'approved' end,
      case when n % 50 <> 0 then 'operator:adam' end, case when n % 50 <> 0 then now() end
    from (select *, row_number() over (order by id) as n from payouts) p where n <= ${sql.lit(approvals)}`.execute(
    database,
  )
  await sql`
    insert into control_approvals (kind, subject_id, wish, reason, requested_by, requested_at, status, decided_by, decided_at)
    select 'balance_repayment', id, '{"amount": "1000", "currency": "CLP", "status": "failed"}', 'a good reason',
      'operator:olga', now() - n * interval '1 minute', case when n % 50 = 0 then 'open' else 'approved' end,
      case when n % 50 <> 0 then 'operator:adam' end, case when n % 50 <> 0 then now() end
    from (select id, row_number() over (order by id) as n from seller_balances) b where n <= ${sql.lit(approvals)}`.execute(
    database,
  )
  // The newest of all, so that they stand on the first page.
  await sql`
    insert into control_approvals (kind, subject_id, wish, reason, requested_by, requested_at)
    select 'settlement_import', 'import-' || n, jsonb_build_object('hash', 'import-' || n, 'replace', false, 'replaces', '',
      'totals', '[]'::jsonb, 'settlements', 20, 'winners', ${sql.lit(WINNERS)}::int, 'list', '[]'::jsonb, 'content', (
        select jsonb_agg(jsonb_build_object('settlementId', 'SI-' || n || '-' || s, 'contestId', 'CT-' || s, 'currency', 'USD',
          'total', '100000', 'status', 'closed', 'winners', (
            select jsonb_agg(jsonb_build_object('userId', 'user-' || w, 'stripeAccountId', 'acct_' || md5(w::text),
              'amount', '1000', 'currency', 'USD'))
            from generate_series(1, ${sql.lit(WINNERS / 20)}) w)))::text
        from generate_series(1, 20) s)), 'a good reason', 'operator:olga', now()
    from generate_series(1, ${sql.lit(imports)}) n`.execute(database)
  await sql`
    insert into payment_caps (rail, currency, scope, amount, reason, set_by, set_at)
    select rail, currency, scope, 5000000, 'a good reason', 'operator:olga', now()
    from unnest(array['fpay', 'payoneer', 'stripe']) rail, unnest(array['CLP', 'PEN', 'COP', 'MXN', 'USD']) currency,
      unnest(array['payee_day', 'rail_hour']) scope`.execute(database)
  await sql`
    insert into payment_plan_rules (kind, currency, amount, reason, set_by, set_at)
    select kind, currency, 5000000, 'a good reason', 'operator:olga', now()
    from unnest(array['pay_day', 'payouts']) kind, unnest(array['CLP', 'PEN', 'COP', 'MXN', 'USD']) currency`.execute(
    database,
  )
}

const fillDebts = (database: Database, debts: number) =>
  sql`
    with entries as (
      insert into ledger_entries (idempotency_key, kind)
      select 'debt:' || n, 'reversal_refused' from generate_series(1, ${sql.lit(debts)}) n returning id, idempotency_key
    )
    insert into ledger_postings (entry_id, line, account, currency, amount)
    select id, line, case line when 1 then 'receivable:user:provider-' || substr(idempotency_key, 6) else 'owed_from:bookings' end,
      'USD', case line when 1 then -500 else 500 end
    from entries cross join generate_series(1, 2) line`.execute(database)

/** The database notes by itself when another account came in the place of an earlier one. */
async function fillCooling(database: Database, sellers: number): Promise<void> {
  await sql`
    update sellers set fpay_id = fpay_id || '-2' where id in (
      select s.id from sellers s where s.fpay_id is not null and exists (
        select from seller_balances b where b.seller_id = s.id and b.status = 'blocked')
      order by s.id limit ${sql.lit(sellers)})`.execute(database)
  await sql`
    update seller_balances b set blocked_reason = 'destination_changed', next_try_at = now() + interval '1 day'
    from sellers s where s.id = b.seller_id and s.destination_changed_at is not null and b.status = 'blocked'`.execute(
    database,
  )
  await sql`insert into user_stripe_accounts (user_id, stripe_account_id) values ('user-7', 'acct_7')`.execute(database)
  await sql`update user_stripe_accounts set stripe_account_id = 'acct_7b' where user_id = 'user-7'`.execute(database)
  await sql`
    update payout_transfers set held_reason = 'destination_changed', next_try_at = now() + interval '1 day'
    where user_id = 'user-7' and status = 'awaiting_destination'`.execute(database)
}

async function fillReconciliations(
  database: Database,
  { reconciledDays, findings }: Pick<DecisionAmounts, 'reconciledDays' | 'findings'>,
): Promise<void> {
  // A result has recommendations of some kilobytes beside its figures.
  await sql`
    insert into reconciliation_reports (kind, window_from, window_to, include_refunds, tolerance_percentage,
      reporting_currency, status, severity, result, started_at, finished_at, duration_ms)
    select kind, day, day + interval '1 day', true, 0.1, 'USD', 'discrepancy_found', 'warning', jsonb_build_object(
        'byCurrency', (select jsonb_agg(jsonb_build_object('currency', c, 'moneyAtRisk', '12.50', 'total', '99.00'))
          from unnest(array['CLP', 'PEN', 'COP', 'MXN', 'USD']) c),
        'recommendations', (select jsonb_agg(md5(n::text || day::text || kind)) from generate_series(1, 200) n)),
      day + interval '1 day 2 hours', day + interval '1 day 3 hours', 3600000
    from unnest(array['billing', 'fpay', 'payoneer', 'stripe-transfers', 'netsuite']) kind,
      generate_series(date '2026-11-20' - ${sql.lit(reconciledDays - 1)}::int, date '2026-11-20', interval '1 day') day`.execute(
    database,
  )
  const newest = (kind: string) =>
    sql`(select id from reconciliation_reports where kind = ${sql.lit(kind)} order by started_at desc limit 1)`
  await sql`
    insert into reconciliation_findings (report_id, category, payment_id, stripe_currency, stripe_amount, stripe_refunded,
      stripe_created, over_currency, over_amount)
    select ${newest('billing')}, case when n % 100 = 0 then 'duplicate' else 'missing_in_database' end, 'pi_' || n, 'USD',
      1000, 0, now(), 'USD', 1000
    from generate_series(1, ${sql.lit(findings)}) n`.execute(database)
  await sql`
    insert into rail_reconciliation_findings (report_id, category, urgent, provider_reference, provider_state,
      provider_currency, provider_amount, provider_taken_back, provider_at, over_currency, over_amount)
    select ${newest('fpay')}, case when n % 100 = 0 then 'duplicate' else 'paid_not_recorded' end, true, 'ref-' || n, 'paid',
      'CLP', 1000, 0, now(), 'CLP', 1000
    from generate_series(1, ${sql.lit(findings)}) n`.execute(database)
}
