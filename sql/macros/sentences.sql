-- Do the stop words decide a language: enough of them, clearly more than the next language's, and not few among many words.
create or replace macro is_clear_vote(n, n_next, words) as
n >= 2 and n >= 1.5 * coalesce(n_next, 0) and n >= 0.15 * coalesce(words, 0);

-- Does a sentence that follows a turn of the other side take it up? Asks never. A cue ("you mentioned") does; so does a
-- statement about the reader that no other rule explains or that shares a rare word with the turn; so do two shared rare words.
create or replace macro takes_up(kind, rule, has_hint, has_you, n_shared) as
kind not like 'ask_%'
and rule not in ('signature', 'pleasantry')
and (
    has_hint
    or (has_you and (rule = 'rest' or (n_shared >= 1 and kind != 'tell_self')))
    or (n_shared >= 2 and kind in ('tell_offer', 'tell_other'))
);

-- The related form of asking and telling: known unless there is neither.
create or replace macro ask_balance(asks, tells) as share(asks, asks + tells);

-- METRICS' three ways of opening, by two cut points that are settings; null where the kinds are unknown or nothing was said.
create or replace macro opening_style(offers, plain, offers_before_ask, last_kind) as
case
    when offers is null then 'unsupported'
    when plain = 0 then null
    when offers >= getvariable('sell_first_share') * plain then 'sell_first'
    when offers_before_ask >= getvariable('sell_first_offers') then 'sell_first'
    when offers > getvariable('reaction_first_offers') then 'mixed'
    when last_kind in ('ask_permission', 'ask_open', 'ask_closed') then 'reaction_first'
    else 'mixed'
end;

-- A sum that is unknown as soon as one part is.
create or replace macro known_sum(part) as case when bool_and(part is not null) then sum(part)::bigint end;
