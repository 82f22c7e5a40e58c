"""The analysts' files: what they hold, that they sort, compute and withhold as they say, and who can read them."""

from __future__ import annotations

import math
import stat
import struct
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import publishing, store
from flows.store import Home
from reports.estimates import weekly_series
from sql.frames import fetch, load_frame
from sql.runner import load_macros
from sql.snapshot import CLASSES, TYPE_OF, create_macros
from sql.team import TEAM
from tests.homes import NOW, OWNED, SAMPLES, invented_home, run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return invented_home(tmp_path_factory)


@pytest.fixture(scope="module")
def snapshot(home: Home) -> Iterator[store.Connection]:
    with closing(store.open_snapshot(home)) as connection:
        yield connection


@pytest.fixture(scope="module")
def team(home: Home) -> Iterator[store.Connection]:
    with closing(store.connect(home.team, read_only=True)) as connection:
        yield connection


def rows(connection: store.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def test_bins_styles_stages_and_thirds_sort_in_their_own_order(snapshot: store.Connection):
    typed = rows(snapshot, "select column_name from duckdb_columns() where data_type like 'ENUM%'")
    assert {name for (name,) in typed} == TYPE_OF.keys()
    assert [name for (name,) in rows(snapshot, "select stage from funnel where opening_style = 'all' order by stage")] == [
        "replied", "interested", "discussion", "interview", "offer", "hired",
        "declined", "other", "ignored", "opted out",
    ]  # fmt: skip
    bins = rows(
        snapshot,
        "select distinct first_message_bin from approach_metrics where first_message_bin < '> 1200' order by 1",
    )
    assert bins == [("<= 400",), ("401-800",), ("801-1200",)]
    assert rows(snapshot, "select distinct volume from volume order by 1") == [("lean",), ("usual",), ("busy",)]


def test_an_ordered_class_reaches_polars_as_text_and_joins_across_tables(snapshot: store.Connection):
    joined = fetch(
        snapshot,
        "select opening_style, per_100, lost_per_won from funnel join burn_ledger on opening_style = first_style",
    )
    assert joined.schema["opening_style"] == pl.String
    assert joined.height > 10


@pytest.mark.parametrize("name", ["snapshot", "team"])
def test_an_older_duckdb_can_read_the_file(home: Home, name: str):
    # DuckDB 1.5 reads storage versions up to 68, and this file's head says which it is.
    head = getattr(home, name).read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    assert struct.unpack("<Q", head[12:20])[0] <= 68
    assert publishing.STORAGE_VERSION == "v1.5.0"


@pytest.mark.parametrize("file", ["snapshot", "team"])
def test_everything_in_a_file_has_a_comment_and_stands_in_its_dictionary(file: str, request: pytest.FixtureRequest):
    connection = request.getfixturevalue(file)
    for query in (
        "select table_name from duckdb_tables() where coalesce(comment, '') = ''",
        "select column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''",
        "select function_name from duckdb_functions() where not internal and coalesce(comment, '') = ''",
        "select type_name from duckdb_types() where not internal and coalesce(comment, '') = ''",
        "select table_name, column_name from duckdb_columns() where not internal "
        "except select table_name, column_name from data_dictionary",
    ):
        assert rows(connection, query) == []
    macros = {
        name.split("(")[0]
        for (name,) in rows(connection, "select table_name from data_dictionary where type = 'macro'")
    }
    assert {"wilson", "usual_range", "funnel_of", "open_windows", "what_is"} <= macros
    assert ("recruiter_week" in macros) == (file == "snapshot")


def test_wilson_gives_both_ends(snapshot: store.Connection):
    k, n, z = 12, 80, 1.959963984540054
    half = z * math.sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))
    low, high = ((k / n + z * z / (2 * n) + sign * half) / (1 + z * z / n) for sign in (-1, 1))
    assert rows(snapshot, "select wilson(12, 80).low, wilson(12, 80).high, wilson(0, 0)") == [
        (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12), None)
    ]


def invented_weeks(kind: str, unit: str, values: list[tuple[int, int]], states: dict[int, str]) -> pl.DataFrame:
    """A `metric_week` of `(numerator, denominator)` a week; `states` by place of the week, else judged."""
    first = date(2026, 1, 5)
    records = []
    for place, (yes, n) in enumerate(values):
        state = states.get(place, "judged")
        shown = state in ("judged", "open") and n > 0
        records.append(
            {
                "metric": "m", "kind": kind, "unit": unit, "group_by": "all", "group_value": "all",
                "week": first + timedelta(weeks=place), "state": state, "suppressed": state == "withheld",
                "value": yes / n if shown else None,
                "numerator": yes if shown and kind != "quantile" else None,
                "denominator": n if shown and kind != "quantile" else None,
                "n_approaches": n, "n_open": 3 if state == "open" else 0,
            }
        )  # fmt: skip
    return pl.DataFrame(records, schema_overrides={"numerator": pl.Int64, "denominator": pl.Int64})


WEEKS = [(3, 20), (9, 31), (4, 40), (0, 22), (7, 25), (5, 18), (6, 44), (2, 19), (8, 30), (4, 21), (12, 35), (5, 28)]
CASES = {
    "shares": ("proportion", "share", WEEKS, {}),
    "shares with open, withheld and empty weeks": (
        "proportion", "share", [*WEEKS, (1, 9), (30, 40), (0, 0)], {2: "withheld", 12: "open", 14: "empty"},
    ),
    "more than half a year": ("proportion", "share", WEEKS * 3, {}),
    "too few weeks": ("proportion", "share", WEEKS[:8], {}),
    "just enough weeks": ("proportion", "share", WEEKS[:9], {}),
    "nobody ever answers": ("proportion", "share", [(0, n) for _, n in WEEKS], {}),
    "calm weeks": ("proportion", "share", [(5, 25)] * 12, {}),
    "sums of words": ("ratio", "share", [(80 + yes, 110) for yes, _ in WEEKS], {}),
    "medians": ("quantile", "words", [(yes * 30 + 50, 1) for yes, _ in WEEKS], {3: "open"}),
}  # fmt: skip


@pytest.mark.parametrize("until", [None, 9])
@pytest.mark.parametrize("case", CASES)
def test_the_usual_range_is_the_reports(case: str, until: int | None):
    weeks = invented_weeks(*CASES[case])
    day = weeks["week"].max() if until is None else weeks["week"].min() + timedelta(weeks=min(until, len(weeks) - 1))
    with closing(store.connect()) as connection:
        load_frame(connection, "metric_week", weeks)
        load_macros(connection)
        create_macros(connection, ["usual_range"])
        asked = "" if until is None else f", until := '{day}'"
        found = fetch(connection, f"from usual_range('m'{asked})").to_dicts()
        connection.execute("update metric_week set group_by = 'channel', group_value = 'email'")
        asked += ", grouped_by := 'channel', part := 'email'"
        assert fetch(connection, f"from usual_range('m'{asked})").to_dicts() == found
    series = weekly_series(weeks, "m", day, len(weeks))
    shown = {point.week: point for point in series.points}
    assert found
    for row in found:
        point = shown[row["week"]]
        assert row["centre"] == (pytest.approx(series.centre, abs=1e-9) if series.centre is not None else None)
        assert row["n_baseline"] == series.n_baseline
        for limit, expected in (("lower_limit", point.lower), ("upper_limit", point.upper)):
            assert row[limit] == (pytest.approx(expected, abs=1e-9) if expected is not None else None)
        assert row["place"] == point.verdict


def test_the_usual_range_of_the_snapshot_is_the_reports_for_every_metric(snapshot: store.Connection):
    weeks = fetch(snapshot, "from metric_week")
    places = set()
    for metric in weeks["metric"].unique():
        series = weekly_series(weeks, metric, weeks["week"].max(), 10_000)
        expected = {point.week: point.verdict for point in series.points}
        for week, place in rows(snapshot, f"select week, place from usual_range('{metric}')"):
            assert place == expected[week]
            places.add(place)
    assert {"usual", "unjudged"} <= places


def test_a_recruiters_weeks_stand_beside_everybodys(snapshot: store.Connection):
    [(recruiter,)] = rows(snapshot, "select min(recruiter_id) from recruiter_week")
    own = rows(snapshot, f"select metric, week, value from recruiter_week('{recruiter}')")
    assert own == rows(
        snapshot, f"select metric, week, value from recruiter_week where recruiter_id = '{recruiter}' order by all"
    )
    assert rows(snapshot, f"select count(everybody_value) > 0 from recruiter_week('{recruiter}')") == [(True,)]


def test_an_open_window_says_from_when_the_week_is_judged(snapshot: store.Connection):
    found = rows(snapshot, "select week, judged_from from open_windows() where metric = 'replied_30d'")
    assert found
    assert all(day == week + timedelta(days=37) for week, day in found)
    [(until,)] = rows(snapshot, "select max(observed_until)::date from approach_metrics")
    assert all(day > until - timedelta(days=1) for _, day in found)


def test_the_funnel_of_a_style_stands_beside_everybodys(snapshot: store.Connection):
    found = rows(snapshot, "select stage, per_100, everybody_per_100 from funnel_of('sell_first')")
    expected = rows(
        snapshot,
        "select stage, any_value(per_100) filter (opening_style = 'sell_first'), any_value(per_100) filter "
        "(opening_style = 'all') from funnel group by stage order by stage",
    )
    assert found == expected
    assert len(found) == 10


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("usual_range('talk_shar')", "no metric talk_shar"),
        ("recruiter_week('p_nobody')", "no recruiter p_nobody"),
        ("funnel_of('sell first')", "sell first"),
    ],
)
def test_a_mistyped_name_is_an_error_and_not_an_empty_answer(snapshot: store.Connection, asked: str, said: str):
    with pytest.raises(duckdb.Error, match=said):
        rows(snapshot, f"from {asked}")


PERSONS = ("recruiter_id", "candidate_id", "thread_id", "sender_id", "message_id", "outcome_id", "file_id", "run_id")


def test_the_teams_file_names_no_person_and_no_export(snapshot: store.Connection, team: store.Connection):
    columns = {name for (name,) in rows(team, "select column_name from duckdb_columns() where not internal")}
    assert columns.isdisjoint(PERSONS)
    assert {name for (name,) in rows(team, "select table_name from duckdb_tables()")} == {*TEAM, "data_dictionary"}
    ids = {
        value
        for column, table in (("recruiter_id", "recruiter_week"), ("file_id", "source_files"))
        for (value,) in rows(snapshot, f"select distinct {column} from {table}")
    }
    assert len(ids) > 5
    for table in TEAM:
        content = repr(rows(team, f"from {table}"))
        assert [value for value in ids if value in content] == []


def test_no_number_of_the_teams_file_is_about_fewer_than_five_recruiters(team: store.Connection):
    tables = [
        name for (name,) in rows(team, "select table_name from duckdb_columns() where column_name = 'n_recruiters'")
    ]
    assert len(tables) >= 8
    for table in tables:
        assert rows(team, f"select count(*) from {table} where n_recruiters < 5") == [(0,)]
    assert rows(team, "select count(*) from curves where recruiters_at_risk < 5") == [(0,)]
    assert rows(team, "select count(*) > 100 from metric_week where group_by = 'all'") == [(True,)]
    assert rows(team, "select count(*) > 5 from funnel where opening_style = 'all'") == [(True,)]


def test_what_is_left_out_for_the_team_cannot_be_found_by_subtraction():
    with closing(store.connect()) as connection:
        load_macros(connection)
        connection.execute(
            """create table weeks as from (values
                ('all', 'everybody', 20), ('team', 'a', 12), ('team', 'b', 6), ('team', 'c', 2),
                ('channel', 'email', 9), ('channel', 'linkedin', 15), ('language', 'en', 19), ('language', 'fr', 1)
            ) as t (group_by, part, n_recruiters)"""
        )
        told = rows(
            connection,
            "select part from weeks qualify is_of_enough_recruiters(n_recruiters, group_by, part) order by part",
        )
    # b goes with c, and en with fr: everybody less the rest would tell of 2 recruiters, and of 1.
    assert told == [("a",), ("email",), ("everybody",), ("linkedin",)]


def test_a_week_that_is_left_out_cannot_be_found_from_the_total_or_from_its_groups():
    with closing(store.connect()) as connection:
        load_macros(connection)
        connection.execute(
            """create table metric_week as from (values
                (1, 'all', 'all', 9), (1, 'team', 'a', 6), (1, 'team', 'b', 5),
                (2, 'all', 'all', 2), (2, 'team', 'a', 2),
                (3, 'all', 'all', 6), (3, 'team', 'a', 6), (3, 'team', 'b', 5),
                (4, 'all', 'all', 7), (4, 'team', 'a', 6), (4, 'team', 'b', 1),
                (5, 'all', 'all', 0)
            ) as t (week, group_by, group_value, n_recruiters)"""
        )
        connection.execute("alter table metric_week add column metric varchar default 'replied_30d'")
        told = rows(connection, f"select week, group_value from ({TEAM['metric_week']}) order by all")
    # Week 2 is about two recruiters; week 3 goes with it, its groups too; in week 4 team a goes with b.
    assert told == [(1, "a"), (1, "all"), (1, "b"), (4, "all")]


def test_a_small_company_has_nothing_to_tell_its_team(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, SAMPLES, settings=OWNED)
    with closing(store.connect(home.team, read_only=True)) as connection:
        for table in TEAM.keys() - {"snapshot_info", "set_aside", "exclusions", "hypotheses"}:
            assert rows(connection, f"select count(*) from {table}") == [(0,)], table


def test_both_files_have_the_same_mode_and_leave_nothing_beside_them(home: Home):
    assert stat.S_IMODE(home.team.stat().st_mode) == stat.S_IMODE(home.snapshot.stat().st_mode)
    assert {path.name for path in home.snapshot.parent.iterdir()} == {"talkshare.duckdb", "team.duckdb"}


def test_a_run_that_dies_between_the_two_files_leaves_them_whole_and_is_mended_by_the_next(tmp_path: Path):
    home = Home(tmp_path / "home")
    run(home, SAMPLES / "2023_10col", settings=OWNED)
    earlier = home.team.rename(tmp_path / "team.duckdb")
    home.team.mkdir()
    (home.team / "in the way").touch()
    with pytest.raises(OSError, match=r"team\.duckdb"):
        run(home, SAMPLES, settings=OWNED)
    (home.team / "in the way").unlink()
    home.team.rmdir()
    earlier.rename(home.team)
    assert made_at(home.team) < made_at(home.snapshot)
    run(home, settings=OWNED, now=NOW + timedelta(days=1))
    assert made_at(home.team) == made_at(home.snapshot)
    assert {path.name for path in home.snapshot.parent.iterdir()} == {"talkshare.duckdb", "team.duckdb"}


def made_at(path: Path) -> datetime:
    with duckdb.connect(str(path), read_only=True) as connection:
        [(moment,)] = rows(connection, "select published_at from snapshot_info")
        return moment


def test_what_a_killed_run_left_half_written_is_no_hindrance(tmp_path: Path):
    home = Home(tmp_path / "home").create()
    for name in ("talkshare.next", "talkshare.next.wal", "team.next", "team.next.wal"):
        (home.snapshot.parent / name).write_bytes(b"half a file")
    run(home, SAMPLES / "2023_10col", settings=OWNED)
    assert {path.name for path in home.snapshot.parent.iterdir()} == {"talkshare.duckdb", "team.duckdb"}


def test_the_ordered_classes_hold_what_the_columns_hold(snapshot: store.Connection):
    for name, (_, values, columns) in CLASSES.items():
        assert len(values) == len(set(values)), name
        for column in columns:
            assert rows(snapshot, f"select count(*) > 0 from duckdb_columns() where column_name = '{column}'") == [
                (True,)
            ]
