-- What the migrations make. Written by `pnpm --filter @remesa/database schema`; a test fails when it is stale.

CREATE TABLE admin_jobs (
  name text not null,
  schedule text not null,
  time_zone text not null,
  enabled boolean default true not null,
  next_run_at timestamp with time zone,
  last_run_at timestamp with time zone,
  last_duration_ms integer,
  last_outcome text,
  last_error text,
  constraint admin_jobs_pkey PRIMARY KEY (name),
  constraint admin_jobs_last_outcome_check CHECK ((last_outcome = ANY (ARRAY['succeeded'::text, 'failed'::text])))
);

CREATE TABLE admin_requests (
  actor text not null,
  key text not null,
  digest text not null,
  status integer not null,
  answer jsonb not null,
  answered_at timestamp with time zone not null,
  constraint admin_requests_pkey PRIMARY KEY (actor, key),
  constraint admin_requests_actor_check CHECK ((actor <> ''::text)),
  constraint admin_requests_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text)),
  constraint admin_requests_key_check CHECK ((key <> ''::text)),
  constraint admin_requests_status_check CHECK (((status >= 200) AND (status <= 499)))
);

CREATE TABLE alert_deliveries (
  id uuid default gen_random_uuid() not null,
  "position" bigint generated always as identity not null,
  kind text not null,
  dedup_key text not null,
  report text not null,
  channel text not null,
  action text not null,
  payload jsonb not null,
  status text default 'pending'::text not null,
  attempts integer default 0 not null,
  lease_token uuid,
  lease_expires_at timestamp with time zone,
  last_problem text,
  created_at timestamp with time zone default now() not null,
  ended_at timestamp with time zone,
  constraint alert_deliveries_pkey PRIMARY KEY (id),
  constraint alert_deliveries_kind_report_channel_action_key UNIQUE (kind, report, channel, action),
  constraint alert_deliveries_position_key UNIQUE ("position"),
  constraint alert_deliveries_action_check CHECK ((action = ANY (ARRAY['post'::text, 'trigger'::text, 'resolve'::text]))),
  constraint alert_deliveries_attempts_check CHECK ((attempts >= 0)),
  constraint alert_deliveries_channel_check CHECK ((channel = ANY (ARRAY['slack'::text, 'pagerduty'::text]))),
  constraint alert_deliveries_check CHECK (((channel = 'slack'::text) = (action = 'post'::text))),
  constraint alert_deliveries_check1 CHECK (((status = 'pending'::text) = (ended_at IS NULL))),
  constraint alert_deliveries_check2 CHECK (((lease_token IS NULL) = (lease_expires_at IS NULL))),
  constraint alert_deliveries_check3 CHECK (((status = 'pending'::text) OR (lease_token IS NULL))),
  constraint alert_deliveries_dedup_key_check CHECK ((dedup_key <> ''::text)),
  constraint alert_deliveries_report_check CHECK ((report <> ''::text)),
  constraint alert_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'sent'::text, 'refused'::text, 'disabled'::text])))
);
CREATE INDEX alert_deliveries_pending ON public.alert_deliveries USING btree (kind, dedup_key, channel, "position") WHERE (status = 'pending'::text);

CREATE TABLE alert_incidents (
  kind text not null,
  dedup_key text not null,
  is_open boolean not null,
  times integer default 1 not null,
  opened_at timestamp with time zone default now() not null,
  resolved_at timestamp with time zone,
  constraint alert_incidents_pkey PRIMARY KEY (kind, dedup_key),
  constraint alert_incidents_check CHECK ((is_open = (resolved_at IS NULL))),
  constraint alert_incidents_dedup_key_check CHECK ((dedup_key <> ''::text)),
  constraint alert_incidents_times_check CHECK ((times > 0))
);

CREATE TABLE approvals (
  id uuid default gen_random_uuid() not null,
  payout_id uuid not null,
  action text not null,
  reason text not null,
  seen_status text not null,
  seen_amount bigint not null,
  currency text not null,
  seen_disputes text[] not null,
  seen_sums jsonb not null,
  requested_by text not null,
  requested_at timestamp with time zone not null,
  status text default 'open'::text not null,
  decided_by text,
  decision_reason text,
  decided_at timestamp with time zone,
  constraint approvals_pkey PRIMARY KEY (id),
  constraint approvals_action_check CHECK ((action = ANY (ARRAY['force_release'::text, 'cancel'::text, 'retry'::text]))),
  constraint approvals_are_anothers CHECK ((decided_by <> requested_by)),
  constraint approvals_check CHECK (((status = 'open'::text) = (decided_at IS NULL))),
  constraint approvals_check1 CHECK (((status = ANY (ARRAY['approved'::text, 'refused'::text])) = (decided_by IS NOT NULL))),
  constraint approvals_check2 CHECK (((status = ANY (ARRAY['open'::text, 'approved'::text])) OR (decision_reason IS NOT NULL))),
  constraint approvals_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint approvals_decided_by_check CHECK ((decided_by <> ''::text)),
  constraint approvals_decision_reason_check CHECK ((decision_reason <> ''::text)),
  constraint approvals_reason_check CHECK ((reason <> ''::text)),
  constraint approvals_requested_by_check CHECK ((requested_by <> ''::text)),
  constraint approvals_seen_amount_check CHECK ((seen_amount >= 0)),
  constraint approvals_status_check CHECK ((status = ANY (ARRAY['open'::text, 'approved'::text, 'refused'::text, 'void'::text]))),
  constraint approvals_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES payouts(id)
);
CREATE INDEX approvals_by_payout ON public.approvals USING btree (payout_id);
CREATE INDEX approvals_newest ON public.approvals USING btree (requested_at DESC, id DESC);
CREATE INDEX approvals_newest_by_status ON public.approvals USING btree (status, requested_at DESC, id DESC);
CREATE UNIQUE INDEX approvals_one_open ON public.approvals USING btree (payout_id) WHERE (status = 'open'::text);
CREATE TRIGGER keeps_what_was_asked_for BEFORE UPDATE ON public.approvals FOR EACH ROW WHEN (((old.status <> 'open'::text) OR ((((((((((old.payout_id IS DISTINCT FROM new.payout_id) OR (old.action IS DISTINCT FROM new.action)) OR (old.reason IS DISTINCT FROM new.reason)) OR (old.seen_status IS DISTINCT FROM new.seen_status)) OR (old.seen_amount IS DISTINCT FROM new.seen_amount)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.seen_disputes IS DISTINCT FROM new.seen_disputes)) OR (old.seen_sums IS DISTINCT FROM new.seen_sums)) OR (old.requested_by IS DISTINCT FROM new.requested_by)) OR (old.requested_at IS DISTINCT FROM new.requested_at)))) EXECUTE FUNCTION refuse_approval_change();

CREATE TABLE audit_log (
  id bigint generated always as identity not null,
  occurred_at timestamp with time zone default now() not null,
  actor text not null,
  action text not null,
  subject_type text not null,
  subject_id text not null,
  reason text,
  before jsonb,
  after jsonb,
  transaction_id xid8 default pg_current_xact_id() not null,
  constraint audit_log_pkey PRIMARY KEY (id)
);
CREATE INDEX audit_log_by_action ON public.audit_log USING btree (action, id);
CREATE INDEX audit_log_by_operator ON public.audit_log USING btree (actor, id) WHERE (actor ~~ 'operator:%'::text);
CREATE INDEX audit_log_by_subject ON public.audit_log USING btree (subject_type, subject_id, id);
CREATE INDEX audit_log_by_transaction ON public.audit_log USING btree (transaction_id, id);
CREATE INDEX audit_log_of_imports ON public.audit_log USING btree (actor, occurred_at) WHERE (action = ANY (ARRAY['settlement.imported'::text, 'settlement.replaced'::text]));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE audit_seals (
  id bigint generated always as identity not null,
  row_ids bigint[] not null,
  row_digests bytea not null,
  last_transaction_id xid8 not null,
  last_row_id bigint not null,
  previous_digest text not null,
  digest text not null,
  sealed_at timestamp with time zone default now() not null,
  constraint audit_seals_pkey PRIMARY KEY (id),
  constraint audit_seals_digest_key UNIQUE (digest),
  constraint audit_seals_previous_digest_key UNIQUE (previous_digest),
  constraint audit_seals_check CHECK ((length(row_digests) = (32 * cardinality(row_ids)))),
  constraint audit_seals_row_ids_check CHECK ((cardinality(row_ids) > 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bookings (
  booking_id text not null,
  provider_id text,
  stripe_account_id text,
  currency text,
  provider_share bigint,
  completed_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint bookings_pkey PRIMARY KEY (booking_id),
  constraint bookings_booking_id_check CHECK ((booking_id <> ''::text)),
  constraint bookings_check CHECK ((num_nulls(provider_id, currency, provider_share, completed_at) = ANY (ARRAY[0, 4]))),
  constraint bookings_check1 CHECK (((stripe_account_id IS NULL) OR (completed_at IS NOT NULL))),
  constraint bookings_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint bookings_provider_id_check CHECK ((provider_id <> ''::text)),
  constraint bookings_provider_share_check CHECK ((provider_share >= 0)),
  constraint bookings_stripe_account_id_check CHECK ((stripe_account_id <> ''::text))
);
CREATE TRIGGER keeps_its_completion BEFORE UPDATE ON public.bookings FOR EACH ROW WHEN (((old.completed_at IS NOT NULL) AND (((((old.provider_id IS DISTINCT FROM new.provider_id) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.provider_share IS DISTINCT FROM new.provider_share)) OR (old.completed_at IS DISTINCT FROM new.completed_at)) OR ((old.stripe_account_id IS NOT NULL) AND (old.stripe_account_id IS DISTINCT FROM new.stripe_account_id))))) EXECUTE FUNCTION refuse_booking_change();

CREATE TABLE control_approvals (
  id uuid default gen_random_uuid() not null,
  kind text not null,
  subject_id text not null,
  wish jsonb not null,
  reason text not null,
  requested_by text not null,
  requested_at timestamp with time zone not null,
  status text default 'open'::text not null,
  decided_by text,
  decision_reason text,
  decided_at timestamp with time zone,
  constraint control_approvals_pkey PRIMARY KEY (id),
  constraint control_approvals_are_anothers CHECK ((decided_by <> requested_by)),
  constraint control_approvals_check CHECK (((status = 'open'::text) = (decided_at IS NULL))),
  constraint control_approvals_check1 CHECK (((status = ANY (ARRAY['approved'::text, 'refused'::text])) = (decided_by IS NOT NULL))),
  constraint control_approvals_check2 CHECK (((status = ANY (ARRAY['open'::text, 'approved'::text])) OR (decision_reason IS NOT NULL))),
  constraint control_approvals_decided_by_check CHECK ((decided_by <> ''::text)),
  constraint control_approvals_decision_reason_check CHECK ((decision_reason <> ''::text)),
  constraint control_approvals_kind_check CHECK ((kind = ANY (ARRAY['rail_restart'::text, 'cap_change'::text, 'plan_rule_change'::text, 'seller_cooling_release'::text, 'user_cooling_release'::text, 'balance_repayment'::text, 'transfer_repayment'::text, 'debt_settlement'::text, 'settlement_import'::text]))),
  constraint control_approvals_reason_check CHECK ((reason <> ''::text)),
  constraint control_approvals_requested_by_check CHECK ((requested_by <> ''::text)),
  constraint control_approvals_status_check CHECK ((status = ANY (ARRAY['open'::text, 'approved'::text, 'refused'::text, 'void'::text]))),
  constraint control_approvals_subject_id_check CHECK ((subject_id <> ''::text))
);
CREATE INDEX control_approvals_newest ON public.control_approvals USING btree (requested_at, id);
CREATE UNIQUE INDEX control_approvals_one_open ON public.control_approvals USING btree (kind, subject_id) WHERE (status = 'open'::text);
CREATE TRIGGER keeps_what_was_asked_for BEFORE UPDATE ON public.control_approvals FOR EACH ROW WHEN (((old.status <> 'open'::text) OR ((((((old.kind IS DISTINCT FROM new.kind) OR (old.subject_id IS DISTINCT FROM new.subject_id)) OR (old.wish IS DISTINCT FROM new.wish)) OR (old.reason IS DISTINCT FROM new.reason)) OR (old.requested_by IS DISTINCT FROM new.requested_by)) OR (old.requested_at IS DISTINCT FROM new.requested_at)))) EXECUTE FUNCTION refuse_control_approval_change();
CREATE TRIGGER keeps_what_was_asked_for_whole BEFORE DELETE ON public.control_approvals FOR EACH ROW EXECUTE FUNCTION refuse_control_approval_change();

CREATE TABLE countries (
  id text not null,
  name text not null,
  currency text not null,
  enabled boolean not null,
  erp_subsidiary_id text,
  erp_bank_account_id text,
  erp_payables_account_id text,
  constraint countries_pkey PRIMARY KEY (id),
  constraint countries_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint countries_id_check CHECK ((id ~ '^[a-z]{2}$'::text))
);

CREATE TABLE dead_letters (
  id uuid default gen_random_uuid() not null,
  topic text not null,
  subscription text not null,
  message_id text not null,
  ordering_key text,
  data bytea not null,
  attributes jsonb not null,
  reason text not null,
  received_at timestamp with time zone default now() not null,
  replayed_at timestamp with time zone,
  constraint dead_letters_pkey PRIMARY KEY (id),
  constraint dead_letters_subscription_message_id_key UNIQUE (subscription, message_id)
);
CREATE INDEX dead_letters_newest ON public.dead_letters USING btree (received_at, id);
CREATE INDEX dead_letters_waiting ON public.dead_letters USING btree (received_at, id) WHERE (replayed_at IS NULL);

CREATE TABLE disputes (
  dispute_id text not null,
  booking_id text not null,
  opened_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  refund_amount bigint,
  currency text,
  resolution_at timestamp with time zone,
  constraint disputes_pkey PRIMARY KEY (dispute_id),
  constraint disputes_check CHECK ((num_nulls(resolved_at, refund_amount, currency, resolution_at) = ANY (ARRAY[0, 4]))),
  constraint disputes_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint disputes_dispute_id_check CHECK ((dispute_id <> ''::text)),
  constraint disputes_refund_amount_check CHECK ((refund_amount >= 0)),
  constraint disputes_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(booking_id)
);
CREATE INDEX disputes_by_booking ON public.disputes USING btree (booking_id);

CREATE TABLE erp_currencies (
  currency text not null,
  erp_id text not null,
  constraint erp_currencies_pkey PRIMARY KEY (currency),
  constraint erp_currencies_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

CREATE TABLE finance_alerts (
  id uuid default gen_random_uuid() not null,
  kind text not null,
  dedup_key text not null,
  severity text not null,
  subject_type text not null,
  subject_id text not null,
  business_date date,
  details jsonb default '{}'::jsonb not null,
  status text default 'open'::text not null,
  note text,
  times integer default 1 not null,
  raised_at timestamp with time zone default now() not null,
  last_raised_at timestamp with time zone default now() not null,
  send_lease_expires_at timestamp with time zone,
  sent_at timestamp with time zone,
  constraint finance_alerts_pkey PRIMARY KEY (id),
  constraint finance_alerts_dedup_key_key UNIQUE (dedup_key),
  constraint finance_alerts_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  constraint finance_alerts_status_check CHECK ((status = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text]))),
  constraint finance_alerts_times_check CHECK ((times > 0))
);
CREATE INDEX finance_alerts_by_subject ON public.finance_alerts USING btree (subject_type, subject_id);
CREATE INDEX finance_alerts_newest ON public.finance_alerts USING btree (raised_at, id);
CREATE INDEX finance_alerts_newest_by_status ON public.finance_alerts USING btree (status, raised_at, id);
CREATE INDEX finance_alerts_of_document_ids ON public.finance_alerts USING btree (((details ->> 'erpId'::text))) WHERE (kind = ANY (ARRAY['document_currency'::text, 'documents_unreadable'::text, 'document_in_other_balance'::text]));
CREATE INDEX finance_alerts_of_documents ON public.finance_alerts USING btree (((details ->> 'document'::text))) WHERE (kind = ANY (ARRAY['document_currency'::text, 'documents_unreadable'::text, 'document_in_other_balance'::text]));
CREATE INDEX finance_alerts_open ON public.finance_alerts USING btree (raised_at) WHERE (status = 'open'::text);
CREATE INDEX finance_alerts_unsent ON public.finance_alerts USING btree (raised_at) WHERE (sent_at IS NULL);

CREATE TABLE late_document_sweep (
  id boolean default true not null,
  swept_until timestamp with time zone,
  lease_token uuid,
  lease_expires_at timestamp with time zone,
  constraint late_document_sweep_pkey PRIMARY KEY (id),
  constraint late_document_sweep_check CHECK (((lease_token IS NULL) = (lease_expires_at IS NULL))),
  constraint late_document_sweep_id_check CHECK (id)
);

CREATE TABLE late_documents (
  erp_id text not null,
  business_date date not null,
  change text not null,
  told_at timestamp with time zone not null,
  constraint late_documents_pkey PRIMARY KEY (erp_id)
);

CREATE TABLE ledger_entries (
  id bigint generated always as identity not null,
  idempotency_key text not null,
  kind text not null,
  payable_type text,
  payable_id uuid,
  occurred_at timestamp with time zone default now() not null,
  transaction_id xid8 default pg_current_xact_id() not null,
  constraint ledger_entries_pkey PRIMARY KEY (id),
  constraint ledger_entries_idempotency_key_key UNIQUE (idempotency_key)
);
CREATE INDEX ledger_entries_by_payable ON public.ledger_entries USING btree (payable_type, payable_id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER sums_to_zero AFTER INSERT ON public.ledger_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION entry_sums_to_zero();

CREATE TABLE ledger_payee_balances (
  account text not null,
  currency text not null,
  balance bigint not null,
  constraint ledger_payee_balances_pkey PRIMARY KEY (account, currency),
  constraint payee_is_never_below_zero CHECK ((balance >= 0))
);

CREATE TABLE ledger_postings (
  entry_id bigint not null,
  line smallint not null,
  account text not null,
  currency text not null,
  amount bigint not null,
  constraint ledger_postings_pkey PRIMARY KEY (entry_id, line),
  constraint ledger_postings_account_check CHECK ((account ~ '^[a-z_]+(:[A-Za-z0-9_-]+)*$'::text)),
  constraint ledger_postings_amount_check CHECK ((amount <> 0)),
  constraint ledger_postings_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint ledger_postings_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES ledger_entries(id)
);
CREATE INDEX ledger_postings_by_account ON public.ledger_postings USING btree (account, currency);
CREATE INDEX ledger_postings_of_ours ON public.ledger_postings USING btree (account, currency) INCLUDE (amount) WHERE ((account !~~ 'payee:%'::text) AND (account !~~ 'receivable:%'::text));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_postings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keeps_payee_balances AFTER INSERT ON public.ledger_postings REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_payee_balances();
CREATE TRIGGER keeps_receivable_balances AFTER INSERT ON public.ledger_postings REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_receivable_balances();
CREATE TRIGGER takes_two_to_forgive AFTER INSERT ON public.ledger_postings FOR EACH ROW WHEN ((new.account = 'receivable_settled:forgiven'::text)) EXECUTE FUNCTION refuse_lone_forgiveness();

CREATE TABLE ledger_receivable_balances (
  account text not null,
  currency text not null,
  balance bigint not null,
  constraint ledger_receivable_balances_pkey PRIMARY KEY (account, currency),
  constraint receivable_is_never_above_zero CHECK ((balance <= 0))
);

CREATE TABLE outbox (
  id bigint generated always as identity not null,
  topic text not null,
  ordering_key text,
  data jsonb not null,
  attributes jsonb default '{}'::jsonb not null,
  deliver_at timestamp with time zone default now() not null,
  constraint outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX outbox_due ON public.outbox USING btree (deliver_at, id) WHERE (ordering_key IS NULL);
CREATE INDEX outbox_due_by_key ON public.outbox USING btree (topic, ordering_key, id) WHERE (ordering_key IS NOT NULL);
CREATE INDEX outbox_keys_due ON public.outbox USING btree (deliver_at, id) WHERE (ordering_key IS NOT NULL);

CREATE TABLE pay_day_runs (
  id uuid default gen_random_uuid() not null,
  business_date date not null,
  resets integer default 1 not null,
  opened_at timestamp with time zone default now() not null,
  initialized_at timestamp with time zone,
  constraint pay_day_runs_pkey PRIMARY KEY (id),
  constraint pay_day_runs_business_date_key UNIQUE (business_date),
  constraint pay_day_runs_resets_check CHECK ((resets > 0))
);
CREATE UNIQUE INDEX pay_day_runs_one_initializing ON public.pay_day_runs USING btree ((true)) WHERE (initialized_at IS NULL);

CREATE TABLE payment_attempts (
  id uuid default gen_random_uuid() not null,
  payable_type text not null,
  payable_id uuid not null,
  rail text not null,
  generation integer not null,
  idempotency_key text not null,
  amount bigint not null,
  currency text not null,
  destination text not null,
  instruction jsonb not null,
  state text not null,
  calls integer default 1 not null,
  lease_token uuid,
  lease_expires_at timestamp with time zone,
  provider_reference text,
  last_facts jsonb,
  refusal_reason text,
  created_at timestamp with time zone default now() not null,
  first_called_at timestamp with time zone default now() not null,
  accepted_at timestamp with time zone,
  settled_at timestamp with time zone,
  updated_at timestamp with time zone default now() not null,
  begun_at timestamp with time zone default now() not null,
  constraint payment_attempts_pkey PRIMARY KEY (id),
  constraint payment_attempts_idempotency_key_key UNIQUE (idempotency_key),
  constraint payment_attempts_payable_type_payable_id_generation_key UNIQUE (payable_type, payable_id, generation),
  constraint payment_attempts_amount_check CHECK ((amount > 0)),
  constraint payment_attempts_calls_check CHECK ((calls >= 0)),
  constraint payment_attempts_check CHECK (((state = 'claimed'::text) = ((lease_token IS NOT NULL) AND (lease_expires_at IS NOT NULL)))),
  constraint payment_attempts_check1 CHECK (((state <> ALL (ARRAY['accepted'::text, 'paid'::text, 'reversed'::text])) OR (provider_reference IS NOT NULL))),
  constraint payment_attempts_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payment_attempts_generation_check CHECK ((generation > 0)),
  constraint payment_attempts_payable_type_check CHECK ((payable_type = ANY (ARRAY['seller_balance'::text, 'payout_transfer'::text, 'payout_reversal'::text]))),
  constraint payment_attempts_state_check CHECK ((state = ANY (ARRAY['claimed'::text, 'postponed'::text, 'accepted'::text, 'paid'::text, 'declined'::text, 'reversed'::text]))),
  constraint payment_attempts_rail_fkey FOREIGN KEY (rail) REFERENCES rails(name)
);
CREATE INDEX payment_attempts_abandoned ON public.payment_attempts USING btree (lease_expires_at) WHERE (state = 'claimed'::text);
CREATE INDEX payment_attempts_by_time ON public.payment_attempts USING btree (rail, COALESCE(accepted_at, first_called_at), id);
CREATE UNIQUE INDEX payment_attempts_one_live ON public.payment_attempts USING btree (payable_type, payable_id) WHERE (state = ANY (ARRAY['claimed'::text, 'postponed'::text, 'accepted'::text, 'paid'::text]));
CREATE UNIQUE INDEX payment_attempts_one_reference ON public.payment_attempts USING btree (rail, provider_reference) WHERE (provider_reference IS NOT NULL);
CREATE INDEX payment_attempts_paid ON public.payment_attempts USING btree (payable_id) INCLUDE (rail, currency, amount) WHERE ((payable_type = 'seller_balance'::text) AND (state = 'paid'::text));

CREATE TABLE payment_caps (
  id uuid default gen_random_uuid() not null,
  rail text,
  currency text not null,
  scope text not null,
  amount bigint not null,
  reason text not null,
  set_by text not null,
  set_at timestamp with time zone not null,
  approval_id uuid,
  constraint payment_caps_pkey PRIMARY KEY (id),
  constraint payment_caps_one_each UNIQUE NULLS NOT DISTINCT (rail, currency, scope),
  constraint payment_caps_amount_check CHECK ((amount >= 0)),
  constraint payment_caps_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payment_caps_reason_check CHECK ((reason <> ''::text)),
  constraint payment_caps_scope_check CHECK ((scope = ANY (ARRAY['payee_day'::text, 'rail_hour'::text, 'run'::text]))),
  constraint payment_caps_set_by_check CHECK ((set_by <> ''::text)),
  constraint payment_caps_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES control_approvals(id),
  constraint payment_caps_rail_fkey FOREIGN KEY (rail) REFERENCES rails(name)
);
CREATE TRIGGER takes_two_to_raise BEFORE DELETE OR UPDATE ON public.payment_caps FOR EACH ROW EXECUTE FUNCTION refuse_lone_raise();

CREATE TABLE payment_disputes (
  dispute_id text not null,
  payment_id text not null,
  status text not null,
  created timestamp with time zone not null,
  last_event_at timestamp with time zone not null,
  recorded_at timestamp with time zone default now() not null,
  constraint payment_disputes_pkey PRIMARY KEY (dispute_id),
  constraint payment_disputes_dispute_id_check CHECK ((dispute_id <> ''::text)),
  constraint payment_disputes_payment_id_check CHECK ((payment_id <> ''::text)),
  constraint payment_disputes_status_check CHECK ((status <> ''::text))
);
CREATE INDEX payment_disputes_by_payment ON public.payment_disputes USING btree (payment_id);

CREATE TABLE payment_plan_lines (
  plan_id uuid not null,
  payable_type text not null,
  payable_id uuid not null,
  payee_id text not null,
  amount bigint,
  currency text not null,
  rail text,
  destination text,
  status text not null,
  left_out text,
  constraint payment_plan_lines_pkey PRIMARY KEY (plan_id, payable_id),
  constraint payment_plan_lines_check CHECK (((left_out IS NOT NULL) OR ((amount > 0) AND (rail IS NOT NULL) AND (destination IS NOT NULL) AND (payable_type <> 'booking_payout'::text)))),
  constraint payment_plan_lines_check1 CHECK (((left_out IS NULL) OR (destination IS NULL))),
  constraint payment_plan_lines_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payment_plan_lines_left_out_check CHECK ((left_out <> ''::text)),
  constraint payment_plan_lines_payable_type_check CHECK ((payable_type = ANY (ARRAY['seller_balance'::text, 'payout_transfer'::text, 'booking_payout'::text]))),
  constraint payment_plan_lines_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES payment_plans(id),
  constraint payment_plan_lines_rail_fkey FOREIGN KEY (rail) REFERENCES rails(name)
);
CREATE INDEX payment_plan_lines_left_out ON public.payment_plan_lines USING btree (plan_id, left_out, payable_id);
CREATE INDEX payment_plan_lines_payable ON public.payment_plan_lines USING btree (payable_id) WHERE (left_out IS NULL);
CREATE TRIGGER keeps_its_lines BEFORE INSERT OR DELETE OR UPDATE ON public.payment_plan_lines FOR EACH ROW EXECUTE FUNCTION refuse_line_change();

CREATE TABLE payment_plan_rules (
  id uuid default gen_random_uuid() not null,
  kind text not null,
  currency text not null,
  amount bigint not null,
  reason text not null,
  set_by text not null,
  set_at timestamp with time zone not null,
  approval_id uuid,
  constraint payment_plan_rules_pkey PRIMARY KEY (id),
  constraint payment_plan_rules_one_each UNIQUE (kind, currency),
  constraint payment_plan_rules_amount_check CHECK ((amount >= 0)),
  constraint payment_plan_rules_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payment_plan_rules_kind_check CHECK ((kind = ANY (ARRAY['pay_day'::text, 'payouts'::text]))),
  constraint payment_plan_rules_reason_check CHECK ((reason <> ''::text)),
  constraint payment_plan_rules_set_by_check CHECK ((set_by <> ''::text)),
  constraint payment_plan_rules_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES control_approvals(id)
);
CREATE TRIGGER takes_two_to_raise BEFORE DELETE OR UPDATE ON public.payment_plan_rules FOR EACH ROW EXECUTE FUNCTION refuse_lone_rule_raise();

CREATE TABLE payment_plans (
  id uuid default gen_random_uuid() not null,
  kind text not null,
  run date not null,
  hash text not null,
  line_count integer not null,
  totals jsonb not null,
  funds jsonb not null,
  reason text not null,
  state text default 'planned'::text not null,
  planned_by text not null,
  planned_at timestamp with time zone not null,
  approved_by text,
  approved_at timestamp with time zone,
  applied_by text,
  applied_at timestamp with time zone,
  voided_by text,
  voided_at timestamp with time zone,
  drift jsonb,
  drift_count integer,
  void_why text,
  void_reason text,
  constraint payment_plans_pkey PRIMARY KEY (id),
  constraint payment_plans_applied_by_check CHECK ((applied_by <> ''::text)),
  constraint payment_plans_approved_by_check CHECK ((approved_by <> ''::text)),
  constraint payment_plans_are_approved_by_another CHECK ((approved_by <> planned_by)),
  constraint payment_plans_check CHECK (((approved_by IS NULL) = (approved_at IS NULL))),
  constraint payment_plans_check1 CHECK (((state <> 'approved'::text) OR (approved_by IS NOT NULL))),
  constraint payment_plans_check2 CHECK (((state <> 'planned'::text) OR (approved_by IS NULL))),
  constraint payment_plans_check3 CHECK ((((state = 'applied'::text) = (applied_at IS NOT NULL)) AND ((applied_by IS NULL) = (applied_at IS NULL)))),
  constraint payment_plans_check4 CHECK ((((state = 'void'::text) = (voided_at IS NOT NULL)) AND ((voided_by IS NULL) = (voided_at IS NULL)))),
  constraint payment_plans_discarded_for_a_reason CHECK (((NOT (void_why IS DISTINCT FROM 'discarded'::text)) = (void_reason IS NOT NULL))),
  constraint payment_plans_drift_count_check CHECK ((drift_count > 0)),
  constraint payment_plans_drift_is_told CHECK ((((NOT (void_why IS DISTINCT FROM 'drift'::text)) = (drift IS NOT NULL)) AND ((drift IS NULL) = (drift_count IS NULL)))),
  constraint payment_plans_hash_check CHECK ((hash ~ '^[0-9a-f]{64}$'::text)),
  constraint payment_plans_kind_check CHECK ((kind = ANY (ARRAY['pay_day'::text, 'payouts'::text]))),
  constraint payment_plans_line_count_check CHECK ((line_count >= 0)),
  constraint payment_plans_planned_by_check CHECK ((planned_by <> ''::text)),
  constraint payment_plans_reason_check CHECK ((reason <> ''::text)),
  constraint payment_plans_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'approved'::text, 'applied'::text, 'void'::text]))),
  constraint payment_plans_void_reason_check CHECK ((void_reason <> ''::text)),
  constraint payment_plans_void_says_why CHECK (((void_why IS NULL) = (voided_at IS NULL))),
  constraint payment_plans_void_why_check CHECK ((void_why = ANY (ARRAY['drift'::text, 'altered'::text, 'expired'::text, 'discarded'::text]))),
  constraint payment_plans_voided_by_check CHECK ((voided_by <> ''::text))
);
CREATE INDEX payment_plans_newest ON public.payment_plans USING btree (planned_at, id);
CREATE INDEX payment_plans_open ON public.payment_plans USING btree (planned_at) WHERE (state = ANY (ARRAY['planned'::text, 'approved'::text]));
CREATE TRIGGER begins_as_planned BEFORE INSERT ON public.payment_plans FOR EACH ROW WHEN ((new.state <> 'planned'::text)) EXECUTE FUNCTION refuse_born_approved();
CREATE TRIGGER keeps_what_was_planned BEFORE DELETE OR UPDATE ON public.payment_plans FOR EACH ROW EXECUTE FUNCTION refuse_plan_change();

CREATE TABLE payment_refunds (
  refund_id text not null,
  payment_id text not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  created timestamp with time zone not null,
  last_event_at timestamp with time zone not null,
  recorded_at timestamp with time zone default now() not null,
  constraint payment_refunds_pkey PRIMARY KEY (refund_id),
  constraint payment_refunds_amount_check CHECK ((amount >= 0)),
  constraint payment_refunds_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payment_refunds_payment_id_check CHECK ((payment_id <> ''::text)),
  constraint payment_refunds_refund_id_check CHECK ((refund_id <> ''::text)),
  constraint payment_refunds_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'requires_action'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
);
CREATE INDEX payment_refunds_by_created ON public.payment_refunds USING btree (created, refund_id);
CREATE INDEX payment_refunds_by_payment ON public.payment_refunds USING btree (payment_id);

CREATE TABLE payments (
  payment_id text not null,
  charge_id text not null,
  currency text not null,
  amount bigint not null,
  refunded bigint default 0 not null,
  created timestamp with time zone not null,
  description text,
  disputed boolean default false not null,
  source text not null,
  charge_refunded bigint default 0 not null,
  charge_disputed boolean default false not null,
  last_event_at timestamp with time zone,
  recorded_at timestamp with time zone default now() not null,
  constraint payments_pkey PRIMARY KEY (payment_id),
  constraint payments_amount_check CHECK ((amount >= 0)),
  constraint payments_charge_id_check CHECK ((charge_id <> ''::text)),
  constraint payments_charge_refunded_check CHECK ((charge_refunded >= 0)),
  constraint payments_check CHECK (((source = 'manual'::text) OR (last_event_at IS NOT NULL))),
  constraint payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payments_payment_id_check CHECK ((payment_id <> ''::text)),
  constraint payments_refunded_check CHECK ((refunded >= 0)),
  constraint payments_source_check CHECK ((source = ANY (ARRAY['webhook'::text, 'sync'::text, 'manual'::text])))
);
CREATE INDEX payments_by_charge ON public.payments USING btree (charge_id);
CREATE INDEX payments_by_created ON public.payments USING btree (created, payment_id);

CREATE TABLE payout_jobs (
  id uuid default gen_random_uuid() not null,
  settlement_id text not null,
  status text default 'pending'::text not null,
  transfers_total integer not null,
  transfers_completed integer default 0 not null,
  transfers_failed integer default 0 not null,
  created_at timestamp with time zone default now() not null,
  completed_at timestamp with time zone,
  updated_at timestamp with time zone default now() not null,
  constraint payout_jobs_pkey PRIMARY KEY (id),
  constraint payout_jobs_settlement_id_key UNIQUE (settlement_id),
  constraint payout_jobs_check CHECK (((transfers_completed + transfers_failed) <= transfers_total)),
  constraint payout_jobs_check1 CHECK (((status <> 'complete'::text) OR ((transfers_completed + transfers_failed) = transfers_total))),
  constraint payout_jobs_check2 CHECK (((status <> 'pending'::text) OR ((transfers_completed + transfers_failed) = 0))),
  constraint payout_jobs_check3 CHECK (((status = 'complete'::text) = (completed_at IS NOT NULL))),
  constraint payout_jobs_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'complete'::text]))),
  constraint payout_jobs_transfers_completed_check CHECK ((transfers_completed >= 0)),
  constraint payout_jobs_transfers_failed_check CHECK ((transfers_failed >= 0)),
  constraint payout_jobs_transfers_total_check CHECK ((transfers_total > 0)),
  constraint payout_jobs_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES settlements(settlement_id)
);
CREATE INDEX payout_jobs_open ON public.payout_jobs USING btree (created_at) WHERE (status <> 'complete'::text);

CREATE TABLE payout_reversals (
  id uuid default gen_random_uuid() not null,
  payout_id uuid not null,
  transfer_id uuid,
  provider_id text not null,
  amount bigint not null,
  currency text not null,
  status text default 'pending'::text not null,
  attempts integer default 0 not null,
  refusals integer default 0 not null,
  next_try_at timestamp with time zone,
  due_at timestamp with time zone,
  failure_reason text,
  provider_reference text,
  created_at timestamp with time zone default now() not null,
  ended_at timestamp with time zone,
  updated_at timestamp with time zone default now() not null,
  constraint payout_reversals_pkey PRIMARY KEY (id),
  constraint payout_reversals_amount_check CHECK ((amount > 0)),
  constraint payout_reversals_attempts_check CHECK ((attempts >= 0)),
  constraint payout_reversals_check CHECK (((refusals >= 0) AND (refusals <= attempts))),
  constraint payout_reversals_check1 CHECK (((transfer_id IS NOT NULL) OR (status = 'refused'::text))),
  constraint payout_reversals_check2 CHECK (((status = ANY (ARRAY['pending'::text, 'processing'::text, 'retryable'::text])) = (due_at IS NOT NULL))),
  constraint payout_reversals_check3 CHECK (((status = 'retryable'::text) = (next_try_at IS NOT NULL))),
  constraint payout_reversals_check4 CHECK (((status = ANY (ARRAY['reversed'::text, 'refused'::text])) = (ended_at IS NOT NULL))),
  constraint payout_reversals_check5 CHECK (((status = 'reversed'::text) = (provider_reference IS NOT NULL))),
  constraint payout_reversals_check7 CHECK (((status <> 'refused'::text) OR (failure_reason IS NOT NULL))),
  constraint payout_reversals_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payout_reversals_provider_id_check CHECK ((provider_id <> ''::text)),
  constraint payout_reversals_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'retryable'::text, 'reversed'::text, 'refused'::text]))),
  constraint payout_reversals_tried_while_in_hand CHECK (((status <> ALL (ARRAY['processing'::text, 'reversed'::text])) OR (attempts > 0))),
  constraint payout_reversals_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES payouts(id),
  constraint payout_reversals_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES payout_transfers(id)
);
CREATE INDEX payout_reversals_by_payout ON public.payout_reversals USING btree (payout_id);
CREATE INDEX payout_reversals_by_transfer ON public.payout_reversals USING btree (transfer_id) WHERE (transfer_id IS NOT NULL);
CREATE INDEX payout_reversals_due ON public.payout_reversals USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE TRIGGER is_never_removed BEFORE DELETE ON public.payout_reversals FOR EACH ROW EXECUTE FUNCTION refuse_reversal_change();
CREATE TRIGGER keeps_its_amount_and_its_end BEFORE UPDATE ON public.payout_reversals FOR EACH ROW WHEN (((old.status = ANY (ARRAY['reversed'::text, 'refused'::text])) OR (((((old.payout_id IS DISTINCT FROM new.payout_id) OR (old.transfer_id IS DISTINCT FROM new.transfer_id)) OR (old.provider_id IS DISTINCT FROM new.provider_id)) OR (old.amount IS DISTINCT FROM new.amount)) OR (old.currency IS DISTINCT FROM new.currency)))) EXECUTE FUNCTION refuse_reversal_change();
CREATE TRIGGER reverses_what_was_transferred BEFORE INSERT ON public.payout_reversals FOR EACH ROW EXECUTE FUNCTION reverses_what_was_transferred();

CREATE TABLE payout_transfers (
  id uuid default gen_random_uuid() not null,
  job_id uuid,
  contest_id text,
  user_id text not null,
  amount bigint not null,
  currency text not null,
  destination text,
  status text default 'pending'::text not null,
  held_reason text,
  attempts integer default 0 not null,
  refusals integer default 0 not null,
  funds_refusals integer default 0 not null,
  next_try_at timestamp with time zone,
  due_at timestamp with time zone,
  failure_reason text,
  provider_reference text,
  created_at timestamp with time zone default now() not null,
  completed_at timestamp with time zone,
  updated_at timestamp with time zone default now() not null,
  payout_id uuid,
  withdraw_requested boolean default false not null,
  repayments integer default 0 not null,
  turned_away integer default 0 not null,
  constraint payout_transfers_pkey PRIMARY KEY (id),
  constraint payout_transfers_contest_id_user_id_key UNIQUE (contest_id, user_id),
  constraint payout_transfers_amount_check CHECK ((amount > 0)),
  constraint payout_transfers_attempts_check CHECK ((attempts >= 0)),
  constraint payout_transfers_check CHECK (((status = 'awaiting_destination'::text) = (held_reason IS NOT NULL))),
  constraint payout_transfers_check1 CHECK (((status = ANY (ARRAY['pending'::text, 'processing'::text, 'retryable'::text])) = (due_at IS NOT NULL))),
  constraint payout_transfers_check2 CHECK ((((status = 'retryable'::text) OR ((held_reason IS NOT NULL) AND (held_reason = 'destination_changed'::text))) = (next_try_at IS NOT NULL))),
  constraint payout_transfers_check3 CHECK (((status = 'completed'::text) = (completed_at IS NOT NULL))),
  constraint payout_transfers_check4 CHECK (((status <> ALL (ARRAY['processing'::text, 'completed'::text])) OR ((destination IS NOT NULL) AND (attempts > 0)))),
  constraint payout_transfers_check5 CHECK (((status <> 'completed'::text) OR (provider_reference IS NOT NULL))),
  constraint payout_transfers_check6 CHECK (((status <> 'failed_terminal'::text) OR (failure_reason IS NOT NULL))),
  constraint payout_transfers_check7 CHECK (((refusals + funds_refusals) <= attempts)),
  constraint payout_transfers_contest_id_check CHECK ((contest_id <> ''::text)),
  constraint payout_transfers_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payout_transfers_funds_refusals_check CHECK ((funds_refusals >= 0)),
  constraint payout_transfers_one_owner CHECK (((num_nulls(job_id, contest_id) = ANY (ARRAY[0, 2])) AND ((payout_id IS NULL) = (job_id IS NOT NULL)))),
  constraint payout_transfers_refusals_check CHECK ((refusals >= 0)),
  constraint payout_transfers_repayments_check CHECK ((repayments >= 0)),
  constraint payout_transfers_status_check CHECK ((status = ANY (ARRAY['awaiting_destination'::text, 'pending'::text, 'processing'::text, 'completed'::text, 'retryable'::text, 'failed_terminal'::text, 'withdrawn'::text]))),
  constraint payout_transfers_turned_away_check CHECK ((turned_away >= 0)),
  constraint payout_transfers_user_id_check CHECK ((user_id <> ''::text)),
  constraint payout_transfers_withdrawn_of_bookings CHECK (((payout_id IS NOT NULL) OR ((status <> 'withdrawn'::text) AND (NOT withdraw_requested)))),
  constraint payout_transfers_job_id_fkey FOREIGN KEY (job_id) REFERENCES payout_jobs(id),
  constraint payout_transfers_payout_id_fkey FOREIGN KEY (payout_id) REFERENCES payouts(id)
);
CREATE INDEX payout_transfers_awaiting ON public.payout_transfers USING btree (user_id) WHERE (status = 'awaiting_destination'::text);
CREATE INDEX payout_transfers_by_job ON public.payout_transfers USING btree (job_id);
CREATE INDEX payout_transfers_by_payout ON public.payout_transfers USING btree (payout_id) WHERE (payout_id IS NOT NULL);
CREATE INDEX payout_transfers_by_user ON public.payout_transfers USING btree (user_id, created_at, id);
CREATE INDEX payout_transfers_cooling ON public.payout_transfers USING btree (next_try_at) WHERE (held_reason = 'destination_changed'::text);
CREATE INDEX payout_transfers_due ON public.payout_transfers USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX payout_transfers_newest ON public.payout_transfers USING btree (created_at, id);
CREATE INDEX payout_transfers_newest_by_status ON public.payout_transfers USING btree (status, created_at, id);
CREATE UNIQUE INDEX payout_transfers_one_per_payout ON public.payout_transfers USING btree (payout_id) WHERE (status <> ALL (ARRAY['failed_terminal'::text, 'withdrawn'::text]));
CREATE TRIGGER keeps_its_debt_and_its_end BEFORE UPDATE ON public.payout_transfers FOR EACH ROW WHEN (((old.status = ANY (ARRAY['completed'::text, 'withdrawn'::text])) OR ((old.status = 'failed_terminal'::text) AND ((old.job_id IS NULL) OR (new.status <> 'pending'::text) OR (new.repayments <> (old.repayments + 1)))) OR (old.job_id IS DISTINCT FROM new.job_id) OR (old.contest_id IS DISTINCT FROM new.contest_id) OR (old.payout_id IS DISTINCT FROM new.payout_id) OR (old.user_id IS DISTINCT FROM new.user_id) OR (old.amount IS DISTINCT FROM new.amount) OR (old.currency IS DISTINCT FROM new.currency))) EXECUTE FUNCTION refuse_transfer_change();
CREATE TRIGGER pays_its_payout BEFORE INSERT ON public.payout_transfers FOR EACH ROW WHEN ((new.payout_id IS NOT NULL)) EXECUTE FUNCTION transfer_pays_its_payout();
CREATE TRIGGER takes_two_to_pay_again BEFORE UPDATE ON public.payout_transfers FOR EACH ROW WHEN ((old.repayments <> new.repayments)) EXECUTE FUNCTION refuse_lone_repayment('transfer_repayment');

CREATE TABLE payouts (
  id uuid default gen_random_uuid() not null,
  booking_id text not null,
  sequence integer not null,
  provider_id text not null,
  currency text not null,
  status text default 'scheduled'::text not null,
  amount bigint not null,
  set_off bigint default 0 not null,
  corrected bigint default 0 not null,
  due_at timestamp with time zone not null,
  hold_reason text,
  held_by text,
  overridden_disputes text[] default '{}'::text[] not null,
  cancelled_by text,
  released_at timestamp with time zone,
  failure_reason text,
  transferred_at timestamp with time zone,
  look_wanted boolean default false not null,
  swept_until timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint payouts_pkey PRIMARY KEY (id),
  constraint payouts_booking_id_sequence_key UNIQUE (booking_id, sequence),
  constraint payouts_amount_check CHECK ((amount >= 0)),
  constraint payouts_cancelled_by_check CHECK ((cancelled_by = ANY (ARRAY['rules'::text, 'operator'::text]))),
  constraint payouts_check CHECK (((set_off <= amount) AND (corrected <= amount))),
  constraint payouts_check1 CHECK (((status = 'on_hold'::text) = (hold_reason IS NOT NULL))),
  constraint payouts_check2 CHECK (((status = 'on_hold'::text) = (held_by IS NOT NULL))),
  constraint payouts_check3 CHECK (((status = 'cancelled'::text) = (cancelled_by IS NOT NULL))),
  constraint payouts_check4 CHECK (((status = 'transferred'::text) = (transferred_at IS NOT NULL))),
  constraint payouts_check5 CHECK (((status = ANY (ARRAY['processing'::text, 'transferred'::text])) = (released_at IS NOT NULL))),
  constraint payouts_check6 CHECK (((status = ANY (ARRAY['processing'::text, 'transferred'::text])) OR (set_off = 0))),
  constraint payouts_check7 CHECK (((status = 'transferred'::text) OR (corrected = 0))),
  constraint payouts_check8 CHECK (((status = 'failed'::text) = (failure_reason IS NOT NULL))),
  constraint payouts_check9 CHECK (((status <> ALL (ARRAY['processing'::text, 'transferred'::text])) OR (amount > 0))),
  constraint payouts_corrected_check CHECK ((corrected >= 0)),
  constraint payouts_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payouts_held_by_check CHECK ((held_by = ANY (ARRAY['disputes'::text, 'operator'::text]))),
  constraint payouts_hold_reason_check CHECK ((hold_reason <> ''::text)),
  constraint payouts_provider_id_check CHECK ((provider_id <> ''::text)),
  constraint payouts_sequence_check CHECK ((sequence > 0)),
  constraint payouts_set_off_check CHECK ((set_off >= 0)),
  constraint payouts_status_check CHECK ((status = ANY (ARRAY['scheduled'::text, 'on_hold'::text, 'processing'::text, 'transferred'::text, 'failed'::text, 'cancelled'::text]))),
  constraint payouts_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(booking_id)
);
CREATE INDEX payouts_by_provider ON public.payouts USING btree (provider_id, created_at);
CREATE INDEX payouts_by_status ON public.payouts USING btree (status, updated_at);
CREATE INDEX payouts_due ON public.payouts USING btree (due_at) WHERE (status = 'scheduled'::text);
CREATE INDEX payouts_look_wanted ON public.payouts USING btree (updated_at) WHERE look_wanted;
CREATE INDEX payouts_newest ON public.payouts USING btree (created_at DESC, id DESC);
CREATE INDEX payouts_newest_by_status ON public.payouts USING btree (status, created_at DESC, id DESC);
CREATE TRIGGER keeps_what_was_released BEFORE UPDATE ON public.payouts FOR EACH ROW WHEN ((((((old.booking_id IS DISTINCT FROM new.booking_id) OR (old.sequence IS DISTINCT FROM new.sequence)) OR (old.provider_id IS DISTINCT FROM new.provider_id)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.status = 'cancelled'::text) OR ((old.status = 'transferred'::text) AND ((new.status <> 'transferred'::text) OR (new.corrected < old.corrected))) OR ((old.status = ANY (ARRAY['processing'::text, 'transferred'::text])) AND (new.status = ANY (ARRAY['processing'::text, 'transferred'::text])) AND ((old.amount IS DISTINCT FROM new.amount) OR (old.set_off IS DISTINCT FROM new.set_off))))) EXECUTE FUNCTION refuse_payout_change();
CREATE TRIGGER stays_within_its_booking BEFORE UPDATE ON public.payouts FOR EACH ROW WHEN (((new.status = ANY (ARRAY['processing'::text, 'transferred'::text])) AND (old.status <> ALL (ARRAY['processing'::text, 'transferred'::text])))) EXECUTE FUNCTION payout_within_its_booking();

CREATE TABLE rail_reconciliation_findings (
  id bigint generated always as identity not null,
  report_id uuid not null,
  category text not null,
  urgent boolean not null,
  payable_type text,
  payable_id uuid,
  provider_reference text,
  provider_key text,
  provider_state text,
  provider_currency text,
  provider_amount bigint,
  provider_taken_back bigint,
  provider_at timestamp with time zone,
  recorded_id uuid,
  recorded_reference text,
  recorded_state text,
  recorded_currency text,
  recorded_amount bigint,
  recorded_taken_back bigint,
  recorded_at timestamp with time zone,
  over_currency text,
  over_amount bigint,
  under_currency text,
  under_amount bigint,
  status text default 'open'::text not null,
  assignee text,
  note text,
  decided_at timestamp with time zone,
  constraint rail_reconciliation_findings_pkey PRIMARY KEY (id),
  constraint rail_reconciliation_findings_category_check CHECK ((category = ANY (ARRAY['paid_not_recorded'::text, 'recorded_not_paid'::text, 'amount'::text, 'currency'::text, 'duplicate'::text, 'timing'::text]))),
  constraint rail_reconciliation_findings_check CHECK (((provider_reference IS NULL) = (provider_state IS NULL))),
  constraint rail_reconciliation_findings_check1 CHECK (((recorded_id IS NULL) = (recorded_state IS NULL))),
  constraint rail_reconciliation_findings_check2 CHECK (((provider_reference IS NOT NULL) OR (recorded_id IS NOT NULL))),
  constraint rail_reconciliation_findings_check3 CHECK (((over_currency IS NULL) = (over_amount IS NULL))),
  constraint rail_reconciliation_findings_check4 CHECK (((under_currency IS NULL) = (under_amount IS NULL))),
  constraint rail_reconciliation_findings_check5 CHECK (((category <> 'timing'::text) OR (NOT urgent))),
  constraint rail_reconciliation_findings_check6 CHECK (((status <> 'assigned'::text) OR (assignee IS NOT NULL))),
  constraint rail_reconciliation_findings_check7 CHECK (((status = 'open'::text) = (decided_at IS NULL))),
  constraint rail_reconciliation_findings_over_amount_check CHECK ((over_amount > 0)),
  constraint rail_reconciliation_findings_provider_state_check CHECK ((provider_state = ANY (ARRAY['pending'::text, 'paid'::text, 'rejected'::text]))),
  constraint rail_reconciliation_findings_status_check CHECK ((status = ANY (ARRAY['open'::text, 'assigned'::text, 'resolved'::text]))),
  constraint rail_reconciliation_findings_under_amount_check CHECK ((under_amount > 0)),
  constraint rail_reconciliation_findings_report_id_fkey FOREIGN KEY (report_id) REFERENCES reconciliation_reports(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX rail_reconciliation_findings_by_report ON public.rail_reconciliation_findings USING btree (report_id, id);

CREATE TABLE rail_staged_payments (
  reading_id uuid not null,
  reference text not null,
  key text,
  payable_id uuid,
  mentions text,
  currency text,
  amount bigint,
  taken_back bigint not null,
  state text not null,
  at timestamp with time zone not null,
  changed_at timestamp with time zone,
  in_window boolean not null,
  staged_at timestamp with time zone default now() not null,
  constraint rail_staged_payments_pkey PRIMARY KEY (reading_id, reference),
  constraint rail_staged_payments_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'paid'::text, 'rejected'::text])))
);
CREATE INDEX rail_staged_payments_left_behind ON public.rail_staged_payments USING btree (staged_at);

CREATE TABLE rail_stops (
  rail text not null,
  stops integer default 0 not null,
  stopped_at timestamp with time zone,
  stopped_by text,
  reason text,
  restart_approval_id uuid,
  constraint rail_stops_pkey PRIMARY KEY (rail),
  constraint rail_stops_check CHECK ((((stopped_at IS NULL) = (stopped_by IS NULL)) AND ((stopped_at IS NULL) = (reason IS NULL)))),
  constraint rail_stops_reason_check CHECK ((reason <> ''::text)),
  constraint rail_stops_stopped_by_check CHECK ((stopped_by <> ''::text)),
  constraint rail_stops_stops_check CHECK ((stops >= 0)),
  constraint rail_stops_rail_fkey FOREIGN KEY (rail) REFERENCES rails(name),
  constraint rail_stops_restart_approval_id_fkey FOREIGN KEY (restart_approval_id) REFERENCES control_approvals(id)
);
CREATE TRIGGER takes_two_to_restart BEFORE DELETE OR UPDATE ON public.rail_stops FOR EACH ROW EXECUTE FUNCTION refuse_lone_restart();

CREATE TABLE rails (
  name text not null,
  paused_until timestamp with time zone,
  paused_reason text,
  constraint rails_pkey PRIMARY KEY (name),
  constraint rails_name_check CHECK ((name = ANY (ARRAY['fpay'::text, 'payoneer'::text, 'stripe'::text])))
);

CREATE TABLE reconciliation_findings (
  id bigint generated always as identity not null,
  report_id uuid not null,
  category text not null,
  payment_id text not null,
  refund_id text,
  stripe_currency text,
  stripe_amount bigint,
  stripe_refunded bigint,
  stripe_created timestamp with time zone,
  database_currency text,
  database_amount bigint,
  database_refunded bigint,
  database_created timestamp with time zone,
  over_currency text,
  over_amount bigint,
  under_currency text,
  under_amount bigint,
  source text,
  status text default 'open'::text not null,
  assignee text,
  note text,
  decided_at timestamp with time zone,
  constraint reconciliation_findings_pkey PRIMARY KEY (id),
  constraint reconciliation_findings_category_check CHECK ((category = ANY (ARRAY['missing_in_database'::text, 'missing_in_stripe'::text, 'amount_mismatch'::text, 'refund_mismatch'::text, 'currency_mismatch'::text, 'duplicate'::text, 'not_looked_up'::text, 'timing'::text]))),
  constraint reconciliation_findings_check CHECK (((over_currency IS NULL) = (over_amount IS NULL))),
  constraint reconciliation_findings_check1 CHECK (((under_currency IS NULL) = (under_amount IS NULL))),
  constraint reconciliation_findings_check2 CHECK (((stripe_currency IS NOT NULL) OR (database_currency IS NOT NULL))),
  constraint reconciliation_findings_check3 CHECK (((status <> 'assigned'::text) OR (assignee IS NOT NULL))),
  constraint reconciliation_findings_check4 CHECK (((status = 'open'::text) = (decided_at IS NULL))),
  constraint reconciliation_findings_over_amount_check CHECK ((over_amount > 0)),
  constraint reconciliation_findings_payment_id_check CHECK ((payment_id <> ''::text)),
  constraint reconciliation_findings_source_check CHECK ((source = ANY (ARRAY['webhook'::text, 'sync'::text, 'manual'::text]))),
  constraint reconciliation_findings_status_check CHECK ((status = ANY (ARRAY['open'::text, 'assigned'::text, 'resolved'::text]))),
  constraint reconciliation_findings_under_amount_check CHECK ((under_amount > 0)),
  constraint reconciliation_findings_report_id_fkey FOREIGN KEY (report_id) REFERENCES reconciliation_reports(id) ON DELETE CASCADE
);
CREATE INDEX reconciliation_findings_by_category ON public.reconciliation_findings USING btree (report_id, category, id);
CREATE INDEX reconciliation_findings_by_payment ON public.reconciliation_findings USING btree (payment_id);
CREATE INDEX reconciliation_findings_by_report ON public.reconciliation_findings USING btree (report_id, id);

CREATE TABLE reconciliation_reports (
  id uuid default gen_random_uuid() not null,
  kind text not null,
  window_from timestamp with time zone not null,
  window_to timestamp with time zone not null,
  include_refunds boolean not null,
  tolerance_percentage numeric not null,
  reporting_currency text not null,
  status text default 'running'::text not null,
  severity text,
  result jsonb,
  error text,
  reading_id uuid,
  reading_since timestamp with time zone,
  lease_token uuid,
  lease_expires_at timestamp with time zone,
  started_at timestamp with time zone default now() not null,
  finished_at timestamp with time zone,
  duration_ms double precision,
  constraint reconciliation_reports_pkey PRIMARY KEY (id),
  constraint reconciliation_reports_check CHECK ((window_from < window_to)),
  constraint reconciliation_reports_check1 CHECK (((status = 'running'::text) = (finished_at IS NULL))),
  constraint reconciliation_reports_check2 CHECK (((status = 'running'::text) = (result IS NULL))),
  constraint reconciliation_reports_check3 CHECK (((status = 'running'::text) = (lease_token IS NOT NULL))),
  constraint reconciliation_reports_check4 CHECK (((status = 'error'::text) = (error IS NOT NULL))),
  constraint reconciliation_reports_check5 CHECK (((lease_token IS NULL) = (lease_expires_at IS NULL))),
  constraint reconciliation_reports_check6 CHECK (((reading_id IS NULL) = (reading_since IS NULL))),
  constraint reconciliation_reports_kind_check CHECK ((kind <> ''::text)),
  constraint reconciliation_reports_reporting_currency_check CHECK ((reporting_currency ~ '^[A-Z]{3}$'::text)),
  constraint reconciliation_reports_severity_check CHECK ((severity = ANY (ARRAY['none'::text, 'warning'::text, 'critical'::text]))),
  constraint reconciliation_reports_status_check CHECK ((status = ANY (ARRAY['running'::text, 'success'::text, 'discrepancy_found'::text, 'error'::text]))),
  constraint reconciliation_reports_tolerance_percentage_check CHECK ((tolerance_percentage >= (0)::numeric))
);
CREATE INDEX reconciliation_reports_by_window ON public.reconciliation_reports USING btree (kind, window_from, started_at);
CREATE INDEX reconciliation_reports_newest ON public.reconciliation_reports USING btree (started_at, id);
CREATE UNIQUE INDEX reconciliation_reports_reading ON public.reconciliation_reports USING btree (reading_id) WHERE (reading_id IS NOT NULL);

CREATE TABLE reconciliation_slices (
  reading_id uuid not null,
  kind text not null,
  number integer not null,
  slice_from timestamp with time zone not null,
  slice_to timestamp with time zone not null,
  after text,
  staged bigint default 0 not null,
  pages integer default 0 not null,
  done boolean default false not null,
  constraint reconciliation_slices_pkey PRIMARY KEY (reading_id, kind, number),
  constraint reconciliation_slices_kind_check CHECK ((kind = ANY (ARRAY['charges'::text, 'refunds'::text, 'margin'::text, 'look_ups'::text])))
);

CREATE TABLE reconciliation_staged_payments (
  reading_id uuid not null,
  payment_id text not null,
  charge_id text not null,
  currency text not null,
  amount bigint not null,
  refunded bigint not null,
  created timestamp with time zone not null,
  charges integer not null,
  constraint reconciliation_staged_payments_pkey PRIMARY KEY (reading_id, payment_id)
);

CREATE TABLE reconciliation_staged_refunds (
  reading_id uuid not null,
  refund_id text not null,
  payment_id text not null,
  currency text not null,
  amount bigint not null,
  created timestamp with time zone not null,
  pending boolean default false not null,
  constraint reconciliation_staged_refunds_pkey PRIMARY KEY (reading_id, refund_id)
);

CREATE TABLE seller_balance_documents (
  erp_id text not null,
  seller_balance_id uuid not null,
  type text not null,
  tran_id text not null,
  currency text not null,
  amount bigint not null,
  total bigint,
  constraint seller_balance_documents_pkey PRIMARY KEY (erp_id),
  constraint seller_balance_documents_amount_check CHECK ((amount > 0)),
  constraint seller_balance_documents_type_check CHECK ((type = ANY (ARRAY['vendorBill'::text, 'invoice'::text]))),
  constraint seller_balance_documents_seller_balance_id_fkey FOREIGN KEY (seller_balance_id) REFERENCES seller_balances(id)
);
CREATE INDEX seller_balance_documents_by_balance ON public.seller_balance_documents USING btree (seller_balance_id);
CREATE INDEX seller_balance_documents_by_number ON public.seller_balance_documents USING btree (tran_id);

CREATE TABLE seller_balances (
  id uuid default gen_random_uuid() not null,
  run_id uuid not null,
  seller_id uuid not null,
  country text not null,
  business_date date not null,
  currency text not null,
  status text default 'initialized'::text not null,
  amount_owed bigint,
  blocked_reason text,
  closing_match text,
  attempts integer default 0 not null,
  funds_refusals integer default 0 not null,
  next_try_at timestamp with time zone,
  status_checks integer default 0 not null,
  erp_vendor_payment_id text,
  erp_told_at timestamp with time zone,
  gsc_told_at timestamp with time zone,
  report_lease_expires_at timestamp with time zone,
  jobs jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  repayments integer default 0 not null,
  constraint seller_balances_pkey PRIMARY KEY (id),
  constraint seller_balances_seller_id_country_business_date_key UNIQUE (seller_id, country, business_date),
  constraint seller_balances_attempts_check CHECK ((attempts >= 0)),
  constraint seller_balances_check CHECK (((status = 'blocked'::text) = (blocked_reason IS NOT NULL))),
  constraint seller_balances_check1 CHECK (((amount_owed IS NOT NULL) OR (status = ANY (ARRAY['initialized'::text, 'blocked'::text])))),
  constraint seller_balances_check2 CHECK (((status <> ALL (ARRAY['payable'::text, 'paying'::text, 'payment_pending'::text, 'awaiting_funds'::text, 'paid'::text, 'failed'::text, 'returned'::text])) OR (amount_owed > 0))),
  constraint seller_balances_closing_match_check CHECK ((closing_match = ANY (ARRAY['matched'::text, 'missing'::text, 'different'::text]))),
  constraint seller_balances_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint seller_balances_funds_refusals_check CHECK ((funds_refusals >= 0)),
  constraint seller_balances_repayments_check CHECK ((repayments >= 0)),
  constraint seller_balances_status_check CHECK ((status = ANY (ARRAY['initialized'::text, 'retrieved'::text, 'no_payment_due'::text, 'payable'::text, 'blocked'::text, 'paying'::text, 'payment_pending'::text, 'awaiting_funds'::text, 'paid'::text, 'failed'::text, 'returned'::text]))),
  constraint seller_balances_status_checks_check CHECK ((status_checks >= 0)),
  constraint seller_balances_country_fkey FOREIGN KEY (country) REFERENCES countries(id),
  constraint seller_balances_run_id_fkey FOREIGN KEY (run_id) REFERENCES pay_day_runs(id),
  constraint seller_balances_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES sellers(id)
);
CREATE INDEX seller_balances_by_date ON public.seller_balances USING btree (business_date, status, id);
CREATE INDEX seller_balances_by_vendor_payment ON public.seller_balances USING btree (erp_vendor_payment_id) WHERE (erp_vendor_payment_id IS NOT NULL);
CREATE INDEX seller_balances_cooling ON public.seller_balances USING btree (next_try_at) WHERE (blocked_reason = 'destination_changed'::text);
CREATE INDEX seller_balances_newest ON public.seller_balances USING btree (business_date, id);
CREATE INDEX seller_balances_open ON public.seller_balances USING btree (status, updated_at) WHERE (status <> ALL (ARRAY['no_payment_due'::text, 'paid'::text, 'failed'::text, 'blocked'::text, 'returned'::text]));
CREATE TRIGGER takes_two_to_pay_again BEFORE UPDATE ON public.seller_balances FOR EACH ROW WHEN (((old.repayments <> new.repayments) OR ((old.status = ANY (ARRAY['failed'::text, 'returned'::text])) AND (old.status <> new.status)))) EXECUTE FUNCTION refuse_lone_repayment('balance_repayment');

CREATE TABLE seller_closings (
  settlement_id text not null,
  gsc_seller_id text not null,
  country text not null,
  business_date date not null,
  currency text not null,
  amount bigint not null,
  received_at timestamp with time zone default now() not null,
  constraint seller_closings_pkey PRIMARY KEY (settlement_id),
  constraint seller_closings_gsc_seller_id_country_business_date_key UNIQUE (gsc_seller_id, country, business_date)
);

CREATE TABLE seller_countries (
  seller_id uuid not null,
  country text not null,
  "position" integer not null,
  currency text not null,
  enabled boolean not null,
  constraint seller_countries_pkey PRIMARY KEY (seller_id, country),
  constraint seller_countries_country_check CHECK ((country ~ '^[a-z]{2}$'::text)),
  constraint seller_countries_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint seller_countries_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES sellers(id)
);

CREATE TABLE sellers (
  id uuid default gen_random_uuid() not null,
  gsc_seller_id text not null,
  legal_name text not null,
  tax_id text not null,
  email text,
  phone text,
  operation_type text not null,
  type text not null,
  status text not null,
  fpay_id text,
  payoneer_payee_id text,
  erp_id text,
  erp_customer_id text,
  erp_synced_digest text,
  profile_sequence bigint,
  profile_event_time timestamp with time zone,
  day_balance_generated boolean default false not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  destination text,
  destination_changed_at timestamp with time zone,
  destination_release_id uuid,
  constraint sellers_pkey PRIMARY KEY (id),
  constraint sellers_erp_customer_id_key UNIQUE (erp_customer_id),
  constraint sellers_erp_id_key UNIQUE (erp_id),
  constraint sellers_gsc_seller_id_key UNIQUE (gsc_seller_id),
  constraint sellers_check CHECK (((destination_release_id IS NULL) OR (destination_changed_at IS NOT NULL))),
  constraint sellers_operation_type_check CHECK ((operation_type = ANY (ARRAY['local'::text, 'international'::text]))),
  constraint sellers_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'closed'::text]))),
  constraint sellers_type_check CHECK ((type = ANY (ARRAY['3P'::text, '1P'::text]))),
  constraint sellers_destination_release_id_fkey FOREIGN KEY (destination_release_id) REFERENCES control_approvals(id)
);
CREATE INDEX sellers_by_name ON public.sellers USING btree (legal_name, id);
CREATE INDEX sellers_by_tax_id ON public.sellers USING btree (tax_id);
CREATE INDEX sellers_by_words ON public.sellers USING gin (to_tsvector('simple'::regconfig, legal_name));
CREATE INDEX sellers_to_generate ON public.sellers USING btree (id) WHERE (NOT day_balance_generated);
CREATE TRIGGER follows_destination BEFORE INSERT OR UPDATE OF operation_type, fpay_id, payoneer_payee_id, destination, destination_changed_at, destination_release_id ON public.sellers FOR EACH ROW EXECUTE FUNCTION follow_seller_destination();

CREATE TABLE settlement_winners (
  id bigint generated always as identity not null,
  settlement_id text not null,
  user_id text not null,
  stripe_account_id text,
  amount bigint not null,
  currency text not null,
  constraint settlement_winners_pkey PRIMARY KEY (id),
  constraint settlement_winners_user_id_check CHECK ((user_id <> ''::text)),
  constraint settlement_winners_settlement_id_fkey FOREIGN KEY (settlement_id) REFERENCES settlements(settlement_id)
);
CREATE INDEX settlement_winners_by_settlement ON public.settlement_winners USING btree (settlement_id);
CREATE INDEX settlement_winners_by_user ON public.settlement_winners USING btree (user_id);

CREATE TABLE settlements (
  settlement_id text not null,
  contest_id text not null,
  currency text not null,
  total bigint not null,
  status text not null,
  rejected_rule text,
  rejected_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  over_since timestamp with time zone default '-infinity'::timestamp with time zone,
  constraint settlements_pkey PRIMARY KEY (settlement_id),
  constraint settlements_check CHECK (((rejected_rule IS NULL) = (rejected_at IS NULL))),
  constraint settlements_contest_id_check CHECK ((contest_id <> ''::text)),
  constraint settlements_settlement_id_check CHECK ((settlement_id <> ''::text))
);
CREATE INDEX settlements_by_contest ON public.settlements USING btree (contest_id);
CREATE INDEX settlements_to_sweep ON public.settlements USING btree (over_since, settlement_id) WHERE (over_since IS NOT NULL);

CREATE TABLE tips (
  tip_id text not null,
  booking_id text not null,
  amount bigint not null,
  currency text not null,
  added_at timestamp with time zone not null,
  status text not null,
  status_at timestamp with time zone not null,
  constraint tips_pkey PRIMARY KEY (tip_id),
  constraint tips_amount_check CHECK ((amount > 0)),
  constraint tips_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint tips_status_check CHECK ((status = ANY (ARRAY['paid'::text, 'failed'::text, 'refunded'::text]))),
  constraint tips_tip_id_check CHECK ((tip_id <> ''::text)),
  constraint tips_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(booking_id)
);
CREATE INDEX tips_by_booking ON public.tips USING btree (booking_id);

CREATE TABLE user_stripe_accounts (
  user_id text not null,
  stripe_account_id text not null,
  transfers_active boolean default false not null,
  payouts_enabled boolean default false not null,
  details_submitted boolean default false not null,
  disabled_reason text,
  last_event_created timestamp with time zone,
  updated_at timestamp with time zone default now() not null,
  destination_changed_at timestamp with time zone,
  destination_release_id uuid,
  bank_accounts jsonb default '{}'::jsonb not null,
  paid_out_since timestamp with time zone,
  constraint user_stripe_accounts_pkey PRIMARY KEY (user_id),
  constraint user_stripe_accounts_stripe_account_id_key UNIQUE (stripe_account_id),
  constraint user_stripe_accounts_check CHECK (((last_event_created IS NOT NULL) OR (NOT (transfers_active OR payouts_enabled OR details_submitted)))),
  constraint user_stripe_accounts_check1 CHECK (((destination_release_id IS NULL) OR (destination_changed_at IS NOT NULL))),
  constraint user_stripe_accounts_stripe_account_id_check CHECK ((stripe_account_id <> ''::text)),
  constraint user_stripe_accounts_user_id_check CHECK ((user_id <> ''::text)),
  constraint user_stripe_accounts_destination_release_id_fkey FOREIGN KEY (destination_release_id) REFERENCES control_approvals(id)
);
CREATE INDEX user_stripe_accounts_unverified ON public.user_stripe_accounts USING btree (updated_at) WHERE (last_event_created IS NULL);
CREATE TRIGGER follows_destination BEFORE INSERT OR DELETE OR UPDATE OF user_id, stripe_account_id, destination_changed_at, destination_release_id ON public.user_stripe_accounts FOR EACH ROW EXECUTE FUNCTION follow_stripe_destination();

CREATE TABLE webhook_events (
  provider text not null,
  event_id text not null,
  received_at timestamp with time zone default now() not null,
  constraint webhook_events_pkey PRIMARY KEY (provider, event_id)
);

CREATE OR REPLACE FUNCTION public.entry_sums_to_zero()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
declare bad record;
begin
  select p.currency, sum(p.amount) as total into bad from ledger_postings p where p.entry_id = new.id
    group by p.currency having sum(p.amount) <> 0 limit 1;
  if found then
    raise exception 'ledger entry % does not sum to zero: % % is left over', new.idempotency_key, bad.total, bad.currency
      using errcode = 'check_violation';
  end if;
  if not exists (select from ledger_postings p where p.entry_id = new.id) then
    raise exception 'ledger entry % has no postings', new.idempotency_key using errcode = 'check_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.follow_seller_destination()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  goes_to text := case new.operation_type when 'local' then 'fpay ' || nullif(trim(new.fpay_id), '')
    else 'payoneer ' || nullif(trim(new.payoneer_payee_id), '') end;
begin
  if tg_op = 'INSERT' then
    new.destination := goes_to;
    new.destination_changed_at := null;
    new.destination_release_id := null;
    return new;
  end if;
  -- Without an account it is still known where the money went before.
  new.destination := coalesce(goes_to, old.destination);
  if new.destination <> old.destination then
    new.destination_changed_at := date_trunc('milliseconds', now());
    new.destination_release_id := null;
  elsif (new.destination_changed_at, new.destination_release_id)
    is distinct from (old.destination_changed_at, old.destination_release_id) then
    perform refuse_lone_release('seller', old.id::text, old.destination_changed_at, new.destination_changed_at,
      new.destination_release_id);
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.follow_stripe_destination()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' or (tg_op = 'UPDATE' and new.user_id <> old.user_id) then
    raise exception 'the account of % gives way to another by an update', old.user_id using errcode = 'restrict_violation';
  end if;
  if tg_op = 'INSERT' then
    new.destination_changed_at := null;
    new.destination_release_id := null;
    return new;
  end if;
  if new.stripe_account_id <> old.stripe_account_id then
    new.destination_changed_at := date_trunc('milliseconds', now());
    new.destination_release_id := null;
    new.bank_accounts := '{}';
    new.paid_out_since := null;
  elsif new.destination_changed_at > coalesce(old.destination_changed_at, '-infinity') then
    -- Behind the same Stripe account, another bank account.
    new.destination_changed_at := date_trunc('milliseconds', new.destination_changed_at);
    new.destination_release_id := null;
  elsif (new.destination_changed_at, new.destination_release_id)
    is distinct from (old.destination_changed_at, old.destination_release_id) then
    perform refuse_lone_release('user', old.user_id, old.destination_changed_at, new.destination_changed_at,
      new.destination_release_id);
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_payee_balances()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
begin
  if exists (select from added a join ledger_entries e on e.id = a.entry_id
             where e.transaction_id <> pg_current_xact_id()) then
    raise exception 'a recorded ledger entry takes no further postings' using errcode = 'restrict_violation';
  end if;
  insert into ledger_payee_balances (account, currency, balance)
    select distinct account, currency, 0 from added where account like 'payee:%' order by account, currency
    on conflict do nothing;
  perform from ledger_payee_balances b
    where (b.account, b.currency) in (select account, currency from added where account like 'payee:%')
    order by b.account, b.currency for update;
  update ledger_payee_balances b set balance = b.balance + d.amount
    from (select account, currency, sum(amount) as amount from added where account like 'payee:%' group by 1, 2) d
    where b.account = d.account and b.currency = d.currency;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_receivable_balances()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
begin
  if not exists (select from added where account like 'receivable:%') then
    return null;
  end if;
  insert into ledger_receivable_balances (account, currency, balance)
    select account, currency, 0 from added where account like 'receivable:%'
      group by account, currency order by account collate "C", currency collate "C"
    on conflict do nothing;
  perform from ledger_receivable_balances b
    where (b.account, b.currency) in (select account, currency from added where account like 'receivable:%')
    order by b.account collate "C", b.currency collate "C" for update;
  update ledger_receivable_balances b set balance = b.balance + d.amount
    from (select account, currency, sum(amount) as amount from added where account like 'receivable:%' group by 1, 2) d
    where b.account = d.account and b.currency = d.currency;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.payment_plan_hash(plan uuid)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select encode(sha256(convert_to(coalesce(string_agg(
    payable_id || ' ' || amount || ' ' || currency || ' ' || rail || ' '
      || octet_length(convert_to(destination, 'UTF8')) || ':' || destination || chr(10),
    '' order by payable_id), ''), 'UTF8')), 'hex')
  from payment_plan_lines where plan_id = plan and left_out is null
$function$;

CREATE OR REPLACE FUNCTION public.payout_within_its_booking()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  gone numeric;
  earned numeric;
begin
  select coalesce(sum(p.amount - p.corrected), 0) + new.amount into gone from payouts p
    where p.booking_id = new.booking_id and p.currency = new.currency and p.id <> new.id
      and p.status in ('processing', 'transferred');
  select coalesce((select b.provider_share from bookings b
      where b.booking_id = new.booking_id and b.currency = new.currency), 0)
    + coalesce((select sum(t.amount) from tips t
      where t.booking_id = new.booking_id and t.currency = new.currency and t.status = 'paid'), 0) into earned;
  if gone > earned then
    raise exception 'booking % would pay % %, and share and tips are %', new.booking_id, gone, new.currency, earned
      using errcode = 'check_violation', constraint = 'payout_within_its_booking';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_approval_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'approval % has ended as %, or what was asked for was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_booking_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'booking % was completed otherwise', old.booking_id using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_born_approved()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'plan % begins as planned', new.id using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_control_approval_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'approval % has ended as %, or what was asked for was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_line_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' and exists (select from payment_plans where id = new.plan_id and state = 'planned') then
    return new;
  end if;
  raise exception 'the lines of a plan stay what they are' using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lone_forgiveness()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (
    select from ledger_entries e join control_approvals a on e.idempotency_key = 'receivable_settled:' || a.id
    where e.id = new.entry_id and a.kind = 'debt_settlement' and a.status = 'approved' and a.wish->>'how' = 'forgiven'
      and a.wish->>'amount' = (-new.amount)::text and a.wish->>'currency' = new.currency
  ) then return null; end if;
  raise exception 'a debt is forgiven by two people' using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lone_raise()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.currency, new.scope) is distinct from (old.id, old.currency, old.scope)
      or new.rail is distinct from old.rail then
      raise exception 'cap % stays what it is a cap on', old.id using errcode = 'restrict_violation';
    end if;
    if new.amount <= old.amount then return new; end if;
  end if;
  if exists (
    select from control_approvals a where a.kind = 'cap_change' and a.subject_id = old.id::text and a.status = 'approved'
      and a.wish->>'from' = old.amount::text
      and case when tg_op = 'UPDATE' then a.id = new.approval_id and a.wish->>'to' = new.amount::text
        else a.wish->'to' = 'null'::jsonb end
      and a.decided_at >= old.set_at
  ) then
    return case when tg_op = 'UPDATE' then new else old end;
  end if;
  raise exception 'cap % is lowered by one person, and raised or removed by two', old.id
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lone_release(payee text, id text, was timestamp with time zone, becomes timestamp with time zone, release uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if becomes is distinct from was then
    raise exception 'the change of the account of % % is kept', payee, id using errcode = 'restrict_violation';
  end if;
  if release is null or not exists (
    select from control_approvals a
    where a.id = release and a.kind = payee || '_cooling_release' and a.subject_id = refuse_lone_release.id
      and a.status = 'approved' and (a.wish->>'changedAt')::timestamptz = was
  ) then
    raise exception 'it takes two people to pay % % before its time', payee, id using errcode = 'restrict_violation';
  end if;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lone_repayment()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.repayments = old.repayments + 1 and exists (
    select from control_approvals a where a.kind = tg_argv[0] and a.subject_id = old.id::text and a.status = 'approved'
      and a.wish->>'repayment' = new.repayments::text
  ) then return new; end if;
  raise exception '% % is paid again by two people, after it ended as %', tg_table_name, old.id, old.status
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lone_restart()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' and new.rail = old.rail then
    if old.stopped_at is null and new.stopped_at is not null and new.stops = old.stops + 1 then return new; end if;
    if old.stopped_at is not null and new.stopped_at is null and new.stops = old.stops and exists (
      select from control_approvals a where a.id = new.restart_approval_id and a.kind = 'rail_restart'
        and a.subject_id = old.rail and a.status = 'approved' and a.wish->>'stop' = old.stops::text
    ) then return new; end if;
  end if;
  raise exception 'rail % is stopped by one person, and restarted by two', old.rail using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_lone_rule_raise()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.kind, new.currency) is distinct from (old.id, old.kind, old.currency) then
      raise exception 'rule % stays what it is a rule for', old.id using errcode = 'restrict_violation';
    end if;
    if new.amount <= old.amount then return new; end if;
  end if;
  if exists (
    select from control_approvals a where a.kind = 'plan_rule_change' and a.subject_id = old.id::text
      and a.status = 'approved' and a.wish->>'from' = old.amount::text
      and case when tg_op = 'UPDATE' then a.id = new.approval_id and a.wish->>'to' = new.amount::text
        else a.wish->'to' = 'null'::jsonb end
      and a.decided_at >= old.set_at
  ) then
    return case when tg_op = 'UPDATE' then new else old end;
  end if;
  raise exception 'rule % is lowered by one person, and raised or removed by two', old.id
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_payout_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'payout % has ended as %, or what was released was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_plan_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE'
    and (new.id, new.kind, new.run, new.hash, new.line_count, new.totals, new.funds, new.reason, new.planned_by,
      new.planned_at) is not distinct from (old.id, old.kind, old.run, old.hash, old.line_count, old.totals, old.funds,
      old.reason, old.planned_by, old.planned_at)
    and (new.state = 'approved' or (new.approved_by, new.approved_at) is not distinct from (old.approved_by, old.approved_at))
    and (new.state in ('applied', 'void') and old.state in ('planned', 'approved')
      or new.state = 'approved' and old.state = 'planned') then
    if new.state = 'void' or payment_plan_hash(new.id) = new.hash then return new; end if;
    raise exception 'the lines of plan % are not those of its hash', old.id using errcode = 'restrict_violation';
  end if;
  raise exception 'plan % is %, and stays what it is', old.id, old.state using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_reversal_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'payout reversal % has ended as %, or what it takes back was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_transfer_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'payout transfer % has ended as %, or what it owes was to be changed', old.id, old.status
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION public.reverses_what_was_transferred()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare payout payouts; transfer payout_transfers; taken bigint; asked bigint;
begin
  select * into payout from payouts where id = new.payout_id for update;
  if payout.status is distinct from 'transferred' or payout.provider_id <> new.provider_id
      or payout.currency <> new.currency then
    raise exception 'payout % was not transferred to % in %', new.payout_id, new.provider_id, new.currency
      using errcode = 'check_violation';
  end if;
  select coalesce(sum(amount), 0), coalesce(sum(amount) filter (where transfer_id is not null), 0) into asked, taken
    from payout_reversals where payout_id = new.payout_id;
  if asked + new.amount > payout.amount then
    raise exception 'payout % is of %: % more cannot be taken back after %', new.payout_id, payout.amount, new.amount, asked
      using errcode = 'check_violation';
  end if;
  if new.transfer_id is not null then
    select * into transfer from payout_transfers where id = new.transfer_id;
    if transfer.payout_id is distinct from new.payout_id or transfer.status <> 'completed' then
      raise exception 'transfer % has not moved payout %', new.transfer_id, new.payout_id using errcode = 'check_violation';
    end if;
    if taken + new.amount > transfer.amount then
      raise exception 'transfer % is of %: % more cannot be taken back after %', new.transfer_id, transfer.amount,
        new.amount, taken using errcode = 'check_violation';
    end if;
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION public.transfer_pays_its_payout()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (select from payouts p where p.id = new.payout_id and p.status = 'processing'
      and p.amount - p.set_off = new.amount and p.currency = new.currency and p.provider_id = new.user_id) then
    raise exception 'payout % is not being released with this transfer', new.payout_id using errcode = 'check_violation';
  end if;
  return new;
end $function$;
