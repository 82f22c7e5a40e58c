"""The published dictionary: every table and column with its meaning, and the comments made from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from sql.guard import allowed_pairs
from sql.measure import metric_specs, outcome_specs
from sql.registry import Metric, Outcome, elsewhere, registry
from sql.snapshot import CLASSES, TYPE_OF, macro_meanings, quoted
from sql.team import LEFT_OUT

SCHEMA_VERSION = 2
"""2: bins, styles, stages and thirds are ordered ENUMs, and sort in their own order instead of the alphabet's."""

TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "associations": (
        "What goes with what: one row per allowed pair of metric and outcome, and slice.",
        {
            "metric": "name of the metric; see data_dictionary",
            "observation": "when the metric is complete: opening, landmark or landmark_unanswered",
            "outcome": "name of the outcome; see data_dictionary",
            "slice": "`all`, or the part of the approaches the row is about; only `all` makes headlines",
            "n_approaches": "judged approaches with a value of the metric",
            "n_candidates": "distinct candidates among them",
            "n_recruiters": "distinct recruiters among them",
            "n_templates": "template families among their first messages: near copies count once",
            "n_outcomes": "approaches with the outcome",
            "n_effective": "approaches after allowing for likeness within recruiters and templates",
            "share_identifying": "share of approaches in a recruiter-language-month where the metric varies",
            "rate": "share of approaches with the outcome",
            "rho": "Spearman's rank correlation",
            "rho_low": "lower end of its 95 % interval, by resampling recruiters",
            "rho_high": "upper end of its 95 % interval, by resampling recruiters",
            "iqr_low": "lower quartile of the metric",
            "iqr_high": "upper quartile of the metric",
            "difference": "difference of the outcome's share from lower to upper quartile, everybody pooled",
            "difference_low": "lower end of its 95 % interval",
            "difference_high": "upper end of its 95 % interval",
            "adjusted_difference": "the same within recruiter, language and month: the primary estimate",
            "adjusted_low": "lower end of its 95 % interval",
            "adjusted_high": "upper end of its 95 % interval",
            "p": "p value of the primary estimate",
            "q": "p after Benjamini and Hochberg over the family of the slice",
            "minimum_detectable_difference": "the smallest difference that would have been seen four times in five",
            "sign_pooled": "sign of the pooled difference",
            "sign_within": "sign of the primary estimate",
            "is_simpson": "pooled and within-recruiter estimates point in opposite directions",
            "is_confounded": "each of the two lies outside the other's interval: who writes explains the pooled one",
            "method": "how the interval was made",
            "verdict": "higher, lower, no difference seen, or too little data",
            "verdict_reason": "why, where the verdict is too little data",
        },
    ),
    "dose_response": (
        "How often the outcome came in each fifth of the metric: one row per related pair and bin.",
        {
            "metric": "name of the metric; see data_dictionary",
            "outcome": "name of the outcome; see data_dictionary",
            "bin_no": "1, 2, ... up to 5, by rising value of the metric",
            "bin_from": "smallest value of the metric in the bin",
            "bin_to": "largest value of the metric in the bin",
            "n_approaches": "judged approaches in the bin",
            "n_candidates": "distinct candidates among them",
            "n_recruiters": "distinct recruiters among them",
            "n_outcomes": "approaches with the outcome",
            "n_effective": "approaches after allowing for likeness within recruiters",
            "rate": "share of approaches with the outcome",
            "rate_low": "lower end of its 95 % interval",
            "rate_high": "upper end of its 95 % interval",
            "adjusted_rate": "the same within recruiter, language and month, of the same mean over the bins",
        },
    ),
    "curves": (
        "By what day how many had answered or converted (Kaplan-Meier): one row per outcome, opening style and day.",
        {
            "outcome": "replied or converted",
            "opening_style": "sell_first, reaction_first, mixed or unsupported",
            "day": "days since the first message, 0, 1, ...",
            "n_approaches": "approaches followed",
            "n_recruiters": "recruiters among them",
            "at_risk": "approaches still watched, and still waiting, when the day begins",
            "recruiters_at_risk": "recruiters whose inbox is still watched then",
            "events": "approaches to which it had happened by the end of the day",
            "share": "share to whom it has happened by then; null once nobody is left to watch",
            "standard_error": "by drawing recruiters; null below 8 of them",
            "low": "lower end of its pointwise 95 % interval",
            "high": "upper end of its pointwise 95 % interval",
            "greenwood_error": "Greenwood's standard error, as if approaches were independent",
            "greenwood_low": "lower end of the interval by Greenwood",
            "greenwood_high": "upper end of the interval by Greenwood",
            "window_n": "approaches whose window of so many days is judged; replied 7, 14, 30, converted 30, 60, 90",
            "window_share": "share of them with the outcome in the window; null on other days, refused or withheld",
            "window_low": "lower end of its 95 % interval, by recruiters as in funnel",
            "window_high": "upper end of its 95 % interval",
        },
    ),
    "template_rates": (
        "What template families got, beside what families and their users usually get: one row per outcome and family.",
        {
            "outcome": "name of the outcome; see data_dictionary",
            "template_id": "the template family, or `others`: one-off texts and families too small to show",
            "n_judged": "approaches that began with the family and are judged",
            "n_reached": "those that reached the outcome",
            "n_candidates": "distinct candidates among the judged",
            "n_recruiters": "recruiters who used it",
            "n_effective": "judged approaches after allowing for likeness within recruiters; at most n_judged",
            "rate": "n_reached / n_judged: of a few approaches it means little",
            "shrunken_rate": "the rate drawn toward prior_rate by as much as is noise; null for `others`",
            "low": "lower end of the 95 % interval of the family's rate in its users' hands",
            "high": "upper end of the 95 % interval of the family's rate in its users' hands",
            "prior_rate": "mean of the families' true rates, `others` left out",
            "prior_strength": "a family of so many approaches is drawn half of the way; many: families hardly differ",
            "expected_rate": "what its users' other approaches got, by how often each used it; null for too few people",
            "difference": "rate - expected_rate",
            "shrunken_difference": "the difference drawn toward what families usually have: the fair comparison",
            "difference_low": "lower end of its 95 % interval",
            "difference_high": "upper end of its 95 % interval",
            "prior_ratio": "what families get, as a multiple of their expected_rate; 1: the same as other texts",
        },
    ),
    "hypotheses": (
        "Hypotheses registered before their answer could be known, each judged once: one row per registration.",
        {
            "name": "what whoever registered it called it",
            "metric": "name of the metric; see data_dictionary",
            "outcome": "name of the outcome; see data_dictionary",
            "direction": "what a higher metric was said to go with: a higher or lower share of the outcome",
            "given_from": "first day that was asked for",
            "given_until": "day before which approaches had to begin, as asked for",
            "starts_at": "approaches that began from then on count, UTC; never before the registration",
            "ends_at": "approaches that began before then count, UTC",
            "registered_at": "when the first snapshot with it was published, UTC",
            "status": "registered, judged or withdrawn (changed or taken out before it was judged)",
            "withdrawn_at": "when a snapshot without it was first published, UTC",
            "judged_at": "when it was judged, once and for good, UTC",
            "verdict": "confirmed, contradicted, not confirmed or too little data; no correction for many questions",
            "reason": "why there is too little data, or why it was judged on less than everything",
            "n_approaches": "judged approaches with a value of the metric",
            "n_candidates": "distinct candidates among them",
            "n_recruiters": "distinct recruiters among them",
            "n_outcomes": "approaches with the outcome",
            "rate": "share of approaches with the outcome",
            "adjusted_difference": "difference of the share across the metric's quartiles, as in associations",
            "low": "lower end of its 95 % interval",
            "high": "upper end of its 95 % interval",
            "p": "p value of the difference",
            "minimum_detectable_difference": "the smallest difference that would have been seen four times in five",
            "method": "how the interval was made",
        },
    ),
    "runs": (
        "Runs of the pipeline and what they did with the rows they read.",
        {
            "run_id": "id of the run",
            "started_at": "when it began, UTC",
            "finished_at": "when its numbers were complete, UTC",
            "published_at": "when its snapshot was made, UTC; null if nothing was published",
            "kind": "run, rebuild, retract, restore or forget",
            "status": "published, failed, or interrupted: killed before it published",
            "rows_in": "rows of the exports read in this run; equals kept + set aside + already known + excluded",
            "rows_kept": "rows that were new",
            "rows_set_aside": "rows that failed a check",
            "rows_already_known": "rows that an earlier export had brought",
            "rows_excluded": "rows that are no messages or outcomes of ours",
            "files_read": "exports read",
            "files_unchanged": "exports whose bytes were known already",
            "files_refused": "exports that could not be read, or are still growing",
            "version": "version of talkshare",
            "run_no": "order in which the runs began, whatever the clock said",
        },
    ),
    "run_steps": (
        "Steps of the runs, with seconds.",
        {
            "run_id": "id of the run",
            "step_no": "order of the step",
            "step": "name of the step",
            "seconds": "how long it took",
            "detail": "counts of the step",
        },
    ),
    "quality_checks": (
        "What was checked before this snapshot was published: one row per expectation.",
        {
            "table_name": "the table it speaks of",
            "expectation": "what no row of it may be",
            "severity": "stop: nothing would have been published; warn: published, and told",
            "n_failing": "rows that fail it; 0 for every stop of a published snapshot",
        },
    ),
    "data_dictionary": (
        "What every table and column means, and how every metric is defined.",
        {
            "table_name": "table, or macro with what it wants",
            "column_name": "column; null for the table or macro itself",
            "type": "DuckDB type; an ENUM's values stand in their order; `macro` for macros",
            "meaning": "what a value means",
            "kind": "proportion, ratio, mean, quantile, count, score, or outcome",
            "unit": "unit of the value",
            "observation": "when a metric is complete; for an outcome, when its clock starts",
            "maturity_days": "days after which an outcome is judged",
            "related_to": "what the guard allows it to be related to",
            "equivalents": "what vendors call it, and how their denominator differs",
            "sql_file": "the file that defines it",
            "schema_version": "version of the published tables",
        },
    ),
}


def published_tables() -> list[str]:
    """Names of the snapshot's tables."""
    marts = [query.name for query in registry().queries.values() if query.published]
    return [*marts, *TABLES]


def table_meaning(table: str) -> str:
    """One sentence on what a row of the table is."""
    if table in TABLES:
        return TABLES[table][0]
    query = registry().queries[table]
    grain = next((line for line in query.prose.splitlines() if line.startswith("Grain:")), "")
    return f"{query.sentence} {grain}".strip()


def table_comment(table: str) -> str:
    """All that its header says of the table: what counts, why it is so, where it is weak."""
    return table_meaning(table) if table in TABLES else " ".join(registry().queries[table].prose.split())


def column_meaning(table: str, column: str) -> str:
    """What a value of the column means. Raises KeyError if nobody says so, so that no column goes unexplained."""
    meaning = TABLES[table][1].get(column, "") if table in TABLES else registry().meaning(table, column)
    if not meaning:
        raise KeyError(f"{table}.{column}: no meaning in any SQL header; add it under [columns]")
    return meaning


def data_dictionary(
    columns: list[tuple[str, str, str]], macros: Iterable[str] = (), *, team: bool = False
) -> pl.DataFrame:
    """The dictionary of the given `(table, column, type)` triples and macros, as the table of that name.

    For the team: the definitions of all metrics as well, though the table with their values is not there.
    """
    definitions = registry().metrics | registry().outcomes
    pairs = allowed_pairs(metric_specs(), outcome_specs())
    records: list[dict[str, Any]] = []
    for table in dict.fromkeys(table for table, _, _ in columns):
        records.append({"table_name": table, "meaning": _of_all_files(table_meaning(table), team)})
        for _, column, sql_type in (triple for triple in columns if triple[0] == table):
            record = {"table_name": table, "column_name": column, "type": sql_type}
            record["meaning"] = column_meaning(table, column)
            if column in definitions and table in ("approach_metrics", "thread_metrics"):
                record |= _definition(column, pairs)
            records.append(record)
    for name, definition in definitions.items() if team else ():
        record = {"table_name": "approach_metrics", "column_name": name, "meaning": definition.meaning}
        records.append(record | _definition(name, pairs))
    wants = {name: macro_meanings()[name] for name in macros}
    records += [
        {"table_name": f"{name}({arguments})", "type": "macro", "meaning": meaning}
        for name, (arguments, meaning) in wants.items()
    ]
    schema = {
        name: pl.Int64 if name in ("maturity_days", "schema_version") else pl.String
        for name in TABLES["data_dictionary"][1]
    }
    return pl.DataFrame([record | {"schema_version": SCHEMA_VERSION} for record in records], schema=schema)


def _definition(name: str, pairs: list[Any]) -> dict[str, Any]:
    if metric := registry().metrics.get(name):
        partners = [outcome.name for other, outcome in pairs if other.name == name]
        return {
            "kind": metric.kind,
            "unit": metric.unit,
            "observation": metric.observation,
            "related_to": ", ".join(partners) or "nothing: described only",
            "equivalents": metric.equivalents or None,
            "sql_file": metric.sql_file,
        }
    outcome = registry().outcomes[name]
    return {
        "kind": "outcome",
        "unit": "yes or no",
        "observation": outcome.start,
        "maturity_days": outcome.maturity_days,
        "related_to": ", ".join(metric.name for metric, other in pairs if other.name == name)
        or "nothing: described only",
        "equivalents": outcome.equivalents or None,
        "sql_file": outcome.sql_file,
    }


def comment_statements(columns: list[tuple[str, str, str]], *, team: bool = False) -> list[str]:
    """COMMENT ON statements for the given `(table, column, type)` triples."""
    note = f" {LEFT_OUT}" if team else ""
    statements = [
        f'comment on table "{table}" is {quoted(_of_all_files(table_comment(table), team) + note)}'
        for table in dict.fromkeys(table for table, _, _ in columns)
    ]
    return statements + [
        f'comment on column "{table}"."{column}" is {quoted(_column_comment(table, column))}'
        for table, column, _ in columns
    ]


def _of_all_files(meaning: str, team: bool) -> str:
    """The team's tables say nothing of single exports."""
    return meaning.replace("per `file_id, ", "per `") if team else meaning


def _column_comment(table: str, column: str) -> str:
    order = f" (in this order: {', '.join(CLASSES[TYPE_OF[column]][1])})" if column in TYPE_OF else ""
    return column_meaning(table, column) + order


def metrics_page() -> str:
    """`docs/metrics.md`: every metric and outcome with its definition, observation point and file."""
    pairs = allowed_pairs(metric_specs(), outcome_specs())
    lines = [
        "# Metrics and outcomes",
        "",
        "Made from the headers of the SQL files by `make docs`; a test keeps it in step. Each definition stands in one "
        "file, whose header also says what counts, why, and where it is weak.",
        "",
        "| metric | what it is | kind, unit | complete at | related to | defined in |",
        "|---|---|---|---|---|---|",
    ]
    for metric in registry().metrics.values():
        partners = ", ".join(f"`{outcome.name}`" for other, outcome in pairs if other.name == metric.name)
        lines.append(
            f"| `{metric.name}` | {metric.meaning} | {metric.kind}, {metric.unit} "
            f"| {metric.observation} | {partners or 'described only'} | `{metric.sql_file}` |"
        )
    lines += ["", "| outcome | what it is | clock starts at | judged after | defined in |", "|---|---|---|---|---|"]
    for outcome in registry().outcomes.values():
        judged = f"{outcome.maturity_days} days" if outcome.maturity_days else "never: no window"
        lines.append(f"| `{outcome.name}` | {outcome.meaning} | {outcome.start} | {judged} | `{outcome.sql_file}` |")
    lines += ["", *_beside_other_tools()]
    return "\n".join(lines) + "\n"


def _beside_other_tools() -> list[str]:
    definitions: list[Metric | Outcome] = [*registry().outcomes.values(), *registry().metrics.values()]
    found = [(tool, theirs, definition) for definition in definitions for tool, theirs in elsewhere(definition)]
    return [
        "## Beside other tools",
        "",
        "The same words, other denominators: compare no number of ours with one of theirs before reading both.",
        "",
        "| tool | what it counts, and of what | ours | what we count, and of what |",
        "|---|---|---|---|",
        *(
            f"| {tool} | {theirs} | `{definition.name}` | {definition.meaning}{_denominator(definition)} |"
            for tool, theirs, definition in sorted(found, key=lambda item: (item[0], item[2].name))
        ),
    ]


def _denominator(definition: Metric | Outcome) -> str:
    if isinstance(definition, Metric):
        return ""
    return f"; of all approaches seen for {definition.maturity_days} days and known, answered or not"
