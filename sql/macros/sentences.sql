-- A declared language as ISO 639-1; unknown, several and none are null.
create or replace macro language_code(declared) as
case
    when length(split_part(lower(declared), '-', 1)) = 2 then split_part(lower(declared), '-', 1)
    when lower(declared) in ('und', 'mul', 'mis', 'zxx') then null
    else
        coalesce(
            map {
                'eng': 'en', 'deu': 'de', 'ger': 'de', 'fra': 'fr', 'fre': 'fr', 'spa': 'es', 'ron': 'ro', 'rum': 'ro',
                'ita': 'it', 'swe': 'sv', 'por': 'pt', 'nld': 'nl', 'dut': 'nl', 'pol': 'pl', 'rus': 'ru', 'ukr': 'uk',
                'ces': 'cs', 'cze': 'cs', 'hun': 'hu', 'dan': 'da', 'nor': 'no', 'fin': 'fi', 'tur': 'tr', 'zho': 'zh'
            }[split_part(lower(declared), '-', 1)],
            lower(declared)
        )
end;

-- Do the stop words decide a language: enough of them, clearly more than the next language's, and not few among many words.
create or replace macro is_clear_vote(n, n_next, words) as
n >= 2 and n >= 1.5 * coalesce(n_next, 0) and n >= 0.15 * coalesce(words, 0);

-- Does a sentence that follows a turn of the other side take it up? Only what tells can. A cue ("you mentioned") does; so
-- does a statement that begins with the reader and that no other rule explains; so do rare words that the turn brought up:
-- two, or one beside the reader; of a sentence about the offer, two beside the reader.
create or replace macro takes_up(kind, rule, has_hint, is_of_you, has_you, n_shared) as
case
    when kind not like 'tell_%' then false
    when has_hint or (is_of_you and rule = 'rest') then true
    when kind = 'tell_other' then n_shared >= 2 or (has_you and n_shared >= 1)
    when kind = 'tell_offer' then has_you and n_shared >= 2
    else false
end;

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

-- A sum that is unknown as soon as one part is; the second form over the rows that meet a condition.
create or replace macro known_sum(part) as case when bool_and(part is not null) then sum(part)::bigint end;
create or replace macro known_sum_where(part, condition) as
case when bool_and(part is not null) filter (where condition) then (sum(part) filter (where condition))::bigint end;
