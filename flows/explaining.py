"""What `talkshare explain` says: of a metric, a family, a pair, or the sentences of a text."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import polars as pl

from flows import store
from flows.store import Home
from schemas.errors import UsageError
from sql.frames import fetch
from sql.guard import MetricSpec, OutcomeSpec, check_pair, is_allowed
from sql.hypotheses import hypothesis_sentence
from sql.kinds import DECISIONS, KINDS
from sql.lexicon import lexicons
from sql.marking import language_of, mark, reason
from sql.measure import metric_specs, outcome_specs
from sql.registry import registry
from sql.runner import load_macros
from sql.wording import verdict_sentence

SHORT_NAMES = {"replied": "replied_30d", "converted": "converted_60d", "followups": "followups_before_reply"}


def explain_name(name: str) -> str:
    """What a metric or an outcome means, and what it may be related to. Raises UsageError listing the names."""
    name = SHORT_NAMES.get(name, name)
    metric, outcome = registry().metrics.get(name), registry().outcomes.get(name)
    if metric:
        lines = [
            f"{name}: {metric.title}",
            metric.meaning,
            f"kind         {metric.kind} ({metric.unit})",
            f"observation  {metric.observation}",
        ]
        partners = [other.name for other in outcome_specs(related=False) if is_allowed(_metric(name), other)]
        if not partners:
            lines.append("related to   nothing: it contains the outcome, so it is described only")
        elif metric.related:
            lines.append(f"related to   {', '.join(partners)}")
        else:
            lines.append("related to   nothing: it could be, but is described only, to keep the family of tests small")
    elif outcome:
        lines = [
            f"{name}: {outcome.title}",
            outcome.meaning,
            f"clock        starts at the {outcome.start}",
            f"judged       {f'after {outcome.maturity_days} days' if outcome.maturity_days else 'never: no window'}",
        ]
    elif name in KINDS:
        meaning = registry().meaning("message_metrics", f"{name}_sentences")
        return f"{name}: {meaning}\n\nThe code book: docs/sentence_kinds.md."
    else:
        raise UsageError(f"{name}: no such name. There are: {', '.join(_names())}.")
    definition = metric or outcome
    assert definition is not None
    if definition.equivalents:
        lines.append(f"elsewhere    {definition.equivalents}")
    query = next(q for q in registry().queries.values() if q.sql_file == definition.sql_file)
    return "\n".join([*lines, f"defined in   {definition.sql_file}", "", query.prose])


def explain_family(name: str) -> str | None:
    """A table of metrics by its file's name: what it is, its metrics, and for `ask_tell` how sentences are judged."""
    query = registry().queries.get(name)
    if query is None or not query.metrics:
        return None
    width = max(len(metric.name) for metric in query.metrics)
    lines = [query.prose, "", *(f"{metric.name:<{width}}  {metric.title}" for metric in query.metrics)]
    if name == "ask_tell":
        lines += ["", "How a sentence gets its kind: the first rule that holds decides.", ""]
        lines += [f"{rule:<13}{kind}" for rule, kind in DECISIONS.items()]
        lines += [
            "",
            "A sentence that takes up the turn before becomes reflect, unless it asks.",
            f"Languages with rules: {', '.join(lexicons())} (sql/lexicons/); elsewhere only questions are counted.",
            "The code book: docs/sentence_kinds.md. How often the rules err: docs/accuracy.md.",
            'Try it: talkshare explain --text "Hi Ana, are you open to a chat?"',
        ]
    return "\n".join([*lines, "", f"defined in   {query.sql_file}"])


def explain_text(text: str, *, language: str | None = None, before: str | None = None) -> str:
    """Each sentence of a text with its kind and the rule that decided. Nothing is stored."""
    if language is not None:
        language = language.lower().split("-")[0]
        if len(language) != 2:
            raise UsageError(f"--language {language}: give a code of two letters; {', '.join(lexicons())} have rules.")
    schema = {"text_no": pl.Int64, "language": pl.String, "body": pl.String, "before": pl.String}
    with closing(store.connect()) as connection:
        load_macros(connection)
        language = language or language_of(connection, text)
        marked = mark(connection, pl.DataFrame([(0, language, text, before)], schema, orient="row"))
    lines = [f"language  {language}" + ("" if language in lexicons() else " (no rules: kinds unsupported)")]
    for row in marked.iter_rows(named=True):
        signs = "".join(sign for sign, is_set in (("?", row["is_question"]), ("!", row["is_request"])) if is_set)
        why = reason(language, row["sentence"], row["rule"], row["n_shared"])
        lines += ["", f"{row['kind'] or 'unsupported':<15} {signs:<3} {row['sentence']}", f"{'':<19} {why}"]
    if marked.is_empty():
        lines += ["", "no sentence: nothing with a letter, a digit or a question mark"]
    return "\n".join([*lines, "", "? question  ! request"])


def explain_pair(home: Home, metric: str, outcome: str) -> str:
    """What was seen of one pair. Raises ForbiddenPairError naming the rule if the guard refuses it."""
    rows = _associations(home, metric, outcome)
    return "\n".join(
        f"{row['slice']}: {verdict_sentence(row)} "
        f"({row['n_approaches']:,} approaches, {row['n_recruiters']} recruiters)"
        for row in rows
    )


def explain_association(home: Home, metric: str, outcome: str) -> str:
    """All that is known of one pair: the sentence, the numbers, what they rest on, what would change them.

    Raises ForbiddenPairError naming the rule if the guard refuses it.
    """
    row = next(row for row in _associations(home, metric, outcome) if row["slice"] == "all")
    bins = _bins(home, row["metric"], row["outcome"])

    def shown(name: str) -> str:
        value = row[name]
        if value is None:
            return "-"
        return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)

    def between(value: str, low: str, high: str) -> str:
        return f"{shown(value)}  [{shown(low)}, {shown(high)}]"

    numbers = {
        "approaches": f"{shown('n_approaches')}, to {shown('n_candidates')} people",
        "recruiters": shown("n_recruiters"),
        "first messages": f"{shown('n_templates')} different ones",
        "with the outcome": f"{shown('n_outcomes')} ({shown('rate')})",
        "worth": f"{shown('n_effective')} independent approaches",
        "identifying": f"{shown('share_identifying')} of them: there the metric varies within recruiter and month",
        "quartiles": f"{shown('iqr_low')} and {shown('iqr_high')}",
        "Spearman": between("rho", "rho_low", "rho_high"),
        "pooled": between("difference", "difference_low", "difference_high"),
        "adjusted": f"{between('adjusted_difference', 'adjusted_low', 'adjusted_high')}  <- the primary estimate",
        "p, q": f"{shown('p')}, {shown('q')} over the family of all tested pairs",
        "could have seen": f"{shown('minimum_detectable_difference')} or more, four times in five",
        "method": shown("method"),
        "verdict": shown("verdict") + (f" ({row['verdict_reason']})" if row["verdict_reason"] else ""),
    }
    width = max(map(len, numbers))
    return "\n".join(
        [
            verdict_sentence(row),
            "",
            *(f"{name:<{width}}  {value}" for name, value in numbers.items()),
            *([_CONFOUNDED] if row["is_confounded"] else []),
            *bins,
            "",
            _RESTS_ON,
            "",
            f"from associations where metric = '{row['metric']}' and outcome = '{row['outcome']}' and slice = 'all'",
        ]
    )


def explain_hypotheses(home: Home) -> str:
    """Every registered hypothesis in words, oldest first. Raises NothingToDoError if nothing is published."""
    with closing(store.open_snapshot(home)) as connection:
        rows = fetch(connection, "from hypotheses order by registered_at, name, given_until").to_dicts()
    if not rows:
        return "No hypothesis is registered. Write one under [[hypotheses]] in talkshare.toml."
    return "\n\n".join([*map(hypothesis_sentence, rows), _ASKED_ONCE])


_ASKED_ONCE = """\
Each was written down before the approaches it is about, and is judged once, by the primary estimate of `associations`
and its 95 % interval. There is no correction for many questions: count how many stand here, withdrawn ones too."""


_CONFOUNDED = """
Who writes explains the pooled number: each of the two estimates lies outside the other's interval."""


def _bins(home: Home, metric: str, outcome: str) -> list[str]:
    """Per 100, by bins of the metric."""
    with closing(store.open_snapshot(home)) as connection:
        rows = fetch(
            connection, "from dose_response where metric = $1 and outcome = $2 order by bin_no", [metric, outcome]
        ).to_dicts()
    if not rows:
        return []
    lines = ["", "per 100 approaches, by rising value of the metric (adjusted: within recruiter, language and month)"]
    for row in rows:
        low, high = (f"{row[name]:.4g}" for name in ("bin_from", "bin_to"))
        lines.append(
            f"{low + (f' to {high}' if high != low else ''):>20}  {100 * row['rate']:5.1f}  "
            f"[{100 * row['rate_low']:.1f}, {100 * row['rate_high']:.1f}]  adjusted {100 * row['adjusted_rate']:.1f}  "
            f"of {row['n_approaches']:,}"
        )
    return lines


_RESTS_ON = """\
It rests on: the metric was complete before the outcome could happen; only approaches whose window has closed; messages
compared within the same recruiter, language and month, so that who writes, and when, does not count; approaches of one
recruiter, and of one template, are alike, and the interval allows for it. What else differs between the messages of one
recruiter in one month (the role, the person written to) is not held fixed: this goes with, it does not lead to.
It would change with: more approaches (what could have been seen shrinks), more recruiters, other openings of the same
recruiters, windows that close, another source of outcomes, or more pairs tested (q grows)."""


def _associations(home: Home, metric: str, outcome: str) -> list[dict[str, Any]]:
    metric, outcome = SHORT_NAMES.get(metric, metric), SHORT_NAMES.get(outcome, outcome)
    check_pair(_metric(metric), _outcome(outcome))
    with closing(store.open_snapshot(home)) as connection:
        rows = fetch(
            connection,
            "from associations where metric = $1 and outcome = $2 order by slice != 'all', slice",
            [metric, outcome],
        )
    if rows.is_empty():
        raise UsageError(f"{metric} may be related to {outcome}, but `associations` does not look at this pair.")
    return rows.to_dicts()


def _names() -> list[str]:
    families = [query.name for query in registry().queries.values() if query.metrics]
    return sorted({*registry().metrics, *registry().outcomes, *families, *KINDS})


def _metric(name: str) -> MetricSpec:
    found = {spec.name: spec for spec in metric_specs(related=False)}
    if name not in found:
        raise UsageError(f"{name}: no such metric. There are: {', '.join(sorted(found))}.")
    return found[name]


def _outcome(name: str) -> OutcomeSpec:
    found = {spec.name: spec for spec in outcome_specs(related=False)}
    if name not in found:
        raise UsageError(f"{name}: no such outcome. There are: {', '.join(sorted(found))}.")
    return found[name]
