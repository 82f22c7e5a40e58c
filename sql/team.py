"""The tables for whoever should not see single recruiters: sums of at least five of them, nothing about one person."""

from __future__ import annotations

TEAM: dict[str, str] = {
    "snapshot_info": "from snapshot_info",
    # Groups are parts of their week, and weeks of the totals in `funnel`.
    "metric_week": """
        with told_weeks as (
            select metric, week
            from metric_week
            where group_by = 'all'
            qualify is_of_enough_recruiters(n_recruiters, metric, week)
        )
        select metric_week.*
        from metric_week
        semi join told_weeks on metric_week.metric = told_weeks.metric and metric_week.week = told_weeks.week
        qualify is_of_enough_recruiters(
            n_recruiters, {'metric': metric, 'group_by': group_by, 'week': week}, group_value
        )
        order by metric, group_by, group_value, week""",
    "funnel": """
        from funnel
        qualify is_of_enough_recruiters(
            n_recruiters, {'stage': stage, 'is_all': opening_style = 'all'}, opening_style
        )
        order by opening_style, stage""",
    "burn_ledger": """
        from burn_ledger
        qualify is_of_enough_recruiters(n_recruiters, first_style = 'all', first_style)
        order by first_style""",
    "recontact": """
        from recontact
        qualify is_of_enough_recruiters(n_recruiters, {'split': split, 'is_all': value = 'all'}, value)
        order by split, value""",
    # Thirds of the same recruiters' months: one of fewer takes the others with it.
    "volume": """
        from volume
        qualify min(n_recruiters) over (partition by outcome) >= 5
        order by outcome, volume""",
    "curves": """
        with told as (
            from (select distinct outcome, opening_style, n_recruiters from curves)
            qualify is_of_enough_recruiters(n_recruiters, outcome, opening_style)
        )
        select curves.*
        from curves
        semi join told on curves.outcome = told.outcome and curves.opening_style = told.opening_style
        where curves.recruiters_at_risk >= 5
        order by curves.outcome, curves.opening_style, curves.day""",
    # Slices beside `all` would tell of the recruiters outside them.
    "associations": """
        from associations
        where slice = 'all' and n_recruiters >= 5
        order by metric, outcome""",
    "dose_response": """
        from dose_response
        qualify min(n_recruiters) over (partition by metric, outcome) >= 5
        order by metric, outcome, bin_no""",
    "templates": """
        from templates
        where n_recruiters >= 5
        order by template_id""",
    "template_rates": """
        from template_rates
        qualify is_of_enough_recruiters(n_recruiters, outcome, template_id)
        order by outcome, template_id""",
    "hypotheses": """
        from hypotheses
        where coalesce(n_recruiters, 5) >= 5
        order by registered_at, name""",
    # An export is one recruiter's inbox: what was set aside is told of all of them together.
    "set_aside": "select member, reason, sum(n_rows)::bigint as n_rows from set_aside group by all order by all",
    "exclusions": "select reason, sum(n_rows)::bigint as n_rows from exclusions group by all order by all",
}
"""Table -> the select that makes it of the snapshot's table of the same name.

Left out: approach_metrics, thread_metrics, message_metrics, outcomes and candidate_metrics (a row is a person's),
recruiter_week, inboxes, quality_weeks, source_files, schema_changes, quality_checks, runs and run_steps (an export or a
run can be one recruiter's inbox), template_weeks (most are a few recruiters'), and restatements (it does not say of how
many recruiters a value was at first).
"""

LEFT_OUT = "Numbers of fewer than 5 recruiters are left out, and others by which they could be found."
