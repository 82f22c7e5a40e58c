"""What `talkshare explain` says: of a metric, a family, a pair, or the sentences of a text."""

from __future__ import annotations

from contextlib import closing

import polars as pl

from flows import store
from flows.store import Home
from schemas.errors import UsageError
from sql.associate import MetricSpec, OutcomeSpec, check_pair, is_allowed, verdict_sentence
from sql.frames import fetch
from sql.kinds import DECISIONS, KINDS
from sql.lexicon import lexicons
from sql.marking import language_of, mark, reason
from sql.measure import metric_specs, outcome_specs
from sql.registry import registry
from sql.runner import load_macros

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
    metric, outcome = SHORT_NAMES.get(metric, metric), SHORT_NAMES.get(outcome, outcome)
    check_pair(_metric(metric), _outcome(outcome))
    with closing(store.open_snapshot(home)) as connection:
        rows = fetch(
            connection,
            "from associations where metric = $1 and outcome = $2 order by slice != 'all', slice",
            [metric, outcome],
        )
    if rows.is_empty():
        return f"{metric} may be related to {outcome}, but `associations` does not look at this pair."
    return "\n".join(
        f"{row['slice']}: {verdict_sentence(row)} "
        f"({row['n_approaches']:,} approaches, {row['n_recruiters']} recruiters)"
        for row in rows.iter_rows(named=True)
    )


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
