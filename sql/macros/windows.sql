-- A window is closed when the export shows everything up to its end; unknown ends are never closed.
create or replace macro is_closed(observed_until, start_at, days) as
coalesce(observed_until >= start_at + to_days(days), false);

-- Yes or no once the window is closed, null while it is open: unknown is not no.
create or replace macro judged(observed_until, start_at, happened_at, days) as
case
    when is_closed(observed_until, start_at, days)
        then coalesce(happened_at <= start_at + to_days(days), false)
end;

-- The same where an undated event may be the one that counts: then only a dated yes within the window is certain.
create or replace macro judged_beside_undated(observed_until, start_at, happened_at, days, has_undated) as
case
    when not has_undated or happened_at <= start_at + to_days(days)
        then judged(observed_until, start_at, happened_at, days)
end;

-- Monday of the week in the report's time zone.
create or replace macro report_week(moment) as
date_trunc('week', moment at time zone getvariable('time_zone'))::date;

-- A weekly number is shown when it is judged, or still open with what is known so far; never when withheld or refused.
create or replace macro shown(state, number) as case when state in ('judged', 'open') then number end;

-- Do so many answers mean that the unanswered conversations are missing? Only where there is enough to tell, and unless the
-- exports are declared complete.
create or replace macro seems_incomplete(n_judged, n_replied) as
n_judged >= getvariable('minimum_approaches')
and (n_replied = n_judged or share(n_replied, n_judged) > getvariable('maximum_replied_share'))
and not getvariable('declared_complete');

-- Monday of the last week that is over where the view ends.
create or replace macro last_whole_week(observed_until) as report_week(observed_until) - 7;
