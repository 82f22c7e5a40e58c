-- The tables of a store of version 2, as that version made them, and rows of two runs, a mail and a judged week.
create table store_version (version integer);
create table key_check (digest varchar);
create table readings ( file_id varchar primary key, settings_fingerprint varchar, name varchar, folder varchar, shape varchar, covers varchar, owner_id varchar, owner_role varchar, owner_method varchar, observed_until timestamptz, observed_until_method varchar, threading_method varchar, rows_in bigint, rows_set_aside bigint, rows_excluded bigint, n_warnings bigint, warnings varchar[], first_seen_at timestamptz);
create table message_rows ( file_id varchar, member varchar, row_no bigint, message_key varchar, thread_id varchar, sent_at timestamptz, sent_at_precision varchar, tz_method varchar, sender_id varchar, sender_role varchar, role_method varchar, recipient_id varchar, recruiter_id varchar, candidate_id varchar, is_group boolean, has_subject boolean, subject_is_reply boolean, body_hash varchar, channel varchar, language varchar, kind varchar, team varchar, job varchar, position bigint, subject varchar, raw varchar);
create table bodies (body_hash varchar primary key, body varchar);
create table outcome_rows ( file_id varchar, member varchar, row_no bigint, outcome_key varchar, thread_id varchar, candidate_id varchar, recruiter_id varchar, job varchar, event varchar, event_raw varchar, occurred_at timestamptz, observed_until timestamptz, evidence varchar, reason_side varchar, raw varchar);
create table set_aside_rows ( file_id varchar, member varchar, row_no bigint, reason varchar, raw varchar);
create table exclusion_counts (file_id varchar, reason varchar, n_rows bigint);
create table identities (participant_id varchar primary key, kind varchar, identity varchar);
create table names (participant_id varchar, file_id varchar, name varchar);
create table kept_text_counts ( body_hash varchar, rule_version varchar, words bigint, chars bigint, primary key (body_hash, rule_version));
create table kept_text_stop_words ( body_hash varchar, rule_version varchar, language varchar, n bigint, primary key (body_hash, rule_version, language));
create table kept_text_languages ( body_hash varchar, rule_version varchar, language varchar, primary key (body_hash, rule_version));
create table kept_text_features ( body_hash varchar, language varchar, rule_version varchar, takes_up boolean, is_taken_up boolean, sentences bigint, marked_sentences bigint, question_sentences bigint, plain_question_sentences bigint, request_sentences bigint, ask_open_sentences bigint, ask_closed_sentences bigint, ask_permission_sentences bigint, ask_process_sentences bigint, ask_rhetorical_sentences bigint, tell_offer_sentences bigint, tell_self_sentences bigint, tell_other_sentences bigint, social_sentences bigint, us_sentences bigint, you_words bigint, we_words bigint, offers_before_ask bigint, last_kind varchar, primary key (body_hash, language, rule_version));
create table kept_text_sentences ( body_hash varchar, language varchar, rule_version varchar, sentence_no bigint, kind varchar, rule varchar, has_hint boolean, is_of_you boolean, has_you boolean, words varchar[], primary key (body_hash, language, rule_version, sentence_no));
create table kept_text_words ( body_hash varchar, language varchar, rule_version varchar, words varchar[], primary key (body_hash, language, rule_version));
create table kept_text_load ( body_hash varchar, language varchar, rule_version varchar, technologies bigint, numbers bigint, money_figures bigint, links bigint, bullets bigint, flesch_reading_ease double, primary key (body_hash, language, rule_version));
create table runs ( run_id varchar primary key, started_at timestamptz, finished_at timestamptz, published_at timestamptz, kind varchar, status varchar, rows_in bigint, rows_kept bigint, rows_set_aside bigint, rows_already_known bigint, rows_excluded bigint, files_read bigint, files_unchanged bigint, files_refused bigint, version varchar);
create table run_steps ( run_id varchar, step_no bigint, step varchar, seconds double, detail varchar);
create table hypotheses ( name varchar, metric varchar, outcome varchar, direction varchar, given_from date, given_until date, starts_at timestamptz, ends_at timestamptz, registered_at timestamptz, status varchar, withdrawn_at timestamptz, judged_at timestamptz, verdict varchar, reason varchar, n_approaches bigint, n_candidates bigint, n_recruiters bigint, n_outcomes bigint, rate double, adjusted_difference double, low double, high double, p double, minimum_detectable_difference double, method varchar);
create table week_history ( metric varchar, week date, first_published_at timestamptz, first_state varchar, first_value double, first_n_approaches bigint, first_n_candidates bigint, first_judged_at timestamptz, first_judged_value double, first_judged_n_approaches bigint, first_judged_n_candidates bigint, primary key (metric, week));
create table mails_sent ( week date, recipient varchar, message_id varchar, begun_at timestamptz, sent_at timestamptz, primary key (week, recipient));
insert into store_version values (2);
insert into runs values
('20261101T000000000000', '2026-11-01 00:00:00+00', '2026-11-01 00:00:09+00', '2026-11-01 00:00:08+00', 'run', 'published', 3, 3, 0, 0, 0, 1, 0, 0, '0.1.0'),
('20261102T000000000000', '2026-11-02 00:00:00+00', '2026-11-02 00:00:05+00', null, 'run', 'failed', 0, 0, 0, 0, 0, 0, 0, 0, '0.1.0');
insert into run_steps values ('20261101T000000000000', 1, 'take_in', 1.5, '');
insert into week_history values
('replied_7d', '2026-01-05', '2026-11-01 00:00:08+00', 'judged', 0.5, 2, 2, '2026-11-01 00:00:08+00', 0.5, 2, 2);
insert into mails_sent values
('2026-10-26', 'manager@example.org', '<1@talkshare>', '2026-11-01 06:00:00+00', '2026-11-01 06:00:01+00');
insert into message_rows (file_id, member, row_no, message_key, thread_id, sent_at, sender_id, sender_role, recruiter_id, candidate_id, is_group, has_subject, subject_is_reply, body_hash, channel)
values ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'messages.csv', 1, 'k1', 't', '2026-01-05 09:00:00+00', 'p_1', 'recruiter', 'p_1', null, false, false, false, 'b1', 'unknown');
insert into bodies values ('b1', 'Hi there, may I ask something?');
