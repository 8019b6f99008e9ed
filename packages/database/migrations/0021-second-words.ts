import { type Kysely, sql } from 'kysely'

// Frozen once released: a later change is a later migration. Imports nothing of ours, so that it stays what it was.

const TABLES = `
-- To pay a payout that failed again takes two people above the limit, as to release or cancel one does.
alter table approvals drop constraint approvals_action_check;
alter table approvals add constraint approvals_action_check check (action in ('force_release', 'cancel', 'retry'));

-- Why a plan is void: it drifted, its lines are not those of its hash, it is too old, or somebody discarded it, and for what reason.
alter table payment_plans add column void_why text check (void_why in ('drift', 'altered', 'expired', 'discarded')),
  add column void_reason text check (void_reason <> '');
alter table payment_plans disable trigger keeps_what_was_planned;
update payment_plans set void_why = 'drift' where state = 'void';
alter table payment_plans enable trigger keeps_what_was_planned;
alter table payment_plans drop constraint payment_plans_check5,
  add constraint payment_plans_void_says_why check ((void_why is null) = (voided_at is null)),
  add constraint payment_plans_drift_is_told
    check ((void_why is not distinct from 'drift') = (drift is not null) and (drift is null) = (drift_count is null)),
  add constraint payment_plans_discarded_for_a_reason
    check ((void_why is not distinct from 'discarded') = (void_reason is not null));
-- What is open is looked through for what is too old.
create index payment_plans_open on payment_plans (planned_at) where state in ('planned', 'approved');

-- A settlement whose message was lost is looked for by a sweep, and people are told of it. '-infinity': it was not seen to be over
-- yet; null: there is nothing to look for, since it has its job, or people were told of it.
alter table settlements add column over_since timestamptz;
alter table settlements alter column over_since set default '-infinity';
update settlements s set over_since = '-infinity'
where rejected_rule is null and not exists (select from payout_jobs j where j.settlement_id = s.settlement_id);
create index settlements_to_sweep on settlements (over_since, settlement_id) where over_since is not null;

-- Whoever explains asks by these.
create index settlement_winners_by_user on settlement_winners (user_id);
create index payments_by_charge on payments (charge_id);
create index reconciliation_findings_by_payment on reconciliation_findings (payment_id);
create index finance_alerts_of_document_ids on finance_alerts ((details->>'erpId'))
  where kind in ('document_currency', 'documents_unreadable', 'document_in_other_balance');
create index finance_alerts_of_documents on finance_alerts ((details->>'document'))
  where kind in ('document_currency', 'documents_unreadable', 'document_in_other_balance');
`

export async function up(database: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLES).execute(database)
}
