"""One definition, one home: what is published about metrics comes from the SQL headers."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import store
from flows.explaining import explain_name, explain_pair
from flows.store import Home
from schemas.errors import ForbiddenPairError, UsageError
from sql.dictionary import metrics_page
from sql.measure import metric_specs, outcome_specs
from sql.registry import elsewhere, parse, registry
from sql.runner import order, tables_read

ROOT = Path(__file__).parent.parent


def test_the_metrics_page_is_in_step_with_the_sql_headers():
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == metrics_page(), "run `make docs`"


@pytest.mark.parametrize("tool", ["LinkedIn", "Gem", "Gong", "SourceWhale", "Ashby"])
def test_what_another_tool_divides_by_stands_beside_ours(tool: str):
    _, _, section = metrics_page().partition("## Beside other tools")
    assert f"\n| {tool} |" in section


def test_every_equivalent_names_its_tool():
    for definition in (*registry().metrics.values(), *registry().outcomes.values()):
        assert len(elsewhere(definition)) == len([part for part in definition.equivalents.split(";") if part.strip()])


@pytest.mark.parametrize("query", registry().queries.values(), ids=lambda query: query.sql_file)
def test_every_header_says_grain_what_counts_why_and_its_weakness(query):
    words = [line.split(":")[0] for line in query.prose.splitlines()]
    assert [word for word in ("Grain", "Counts", "Why", "Weakness") if word not in words] == []
    assert query.select.lstrip().lower().startswith(("select", "with", "from"))


def test_no_metric_or_outcome_is_defined_twice():
    names = [item.name for query in registry().queries.values() for item in (*query.metrics, *query.outcomes)]
    assert len(names) == len(set(names)) > 30


def test_tables_are_built_after_those_they_read():
    with store.connect() as connection:
        done: set[str] = set()
        for query in order(connection, registry().queries.values()):
            assert tables_read(connection, query.select) & registry().queries.keys() <= done | {query.name}
            done.add(query.name)
    assert done == registry().queries.keys()


def test_a_file_without_a_header_is_refused_by_name():
    with pytest.raises(ValueError, match=r"naked\.sql: no header"):
        parse("select 1", Path("naked.sql"), "marts")


def test_a_parser_finds_tables_in_joins_subqueries_and_not_in_names_of_steps():
    with store.connect() as connection:
        found = tables_read(
            connection, "with a as (from t1 join t2 using (id)) select * from a where x in (select y from t3)"
        )
    assert found - {"a"} == {"t1", "t2", "t3"}


@pytest.mark.parametrize(
    ("metric", "outcome", "rule"),
    [
        ("talk_share", "replied", "whole-contains-the-outcome"),
        ("followups", "replied", "before-reply-contains-the-outcome"),
        ("talk_share_landmark", "converted", "landmark-needs-outcomes-after-it"),
        ("followups_unanswered_7d", "replied", "unanswered-landmark-needs-later-replies"),
        ("first_message_words", "converted_ever", "undated-outcome"),
        ("first_message_words", "replied_8_to_30d", "opening-needs-outcomes-from-the-start"),
    ],
)
def test_a_leaking_pair_is_refused_with_the_rules_name(tmp_path: Path, metric: str, outcome: str, rule: str):
    with pytest.raises(ForbiddenPairError) as refusal:
        explain_pair(Home(tmp_path), metric, outcome)
    assert refusal.value.rule == rule
    assert f"[rule: {rule}]" in str(refusal.value)


def test_only_complete_metrics_are_ever_related():
    assert {spec.observation for spec in metric_specs()} == {"opening", "landmark", "landmark_unanswered"}
    assert all(spec.maturity_days for spec in outcome_specs())


def test_explain_says_what_a_metric_is_and_where_it_is_weak():
    text = explain_name("talk_share")
    assert "only where both sides wrote words" in text
    assert "sql/metrics/conversation.sql" in text
    assert "Weakness:" in text
    with pytest.raises(UsageError, match="no such name"):
        explain_name("quality")
