"""What a stranger's query can do to the machine: nothing but answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import asking, store
from flows.answers import as_text
from flows.asking import ask
from flows.store import Home
from schemas.errors import UsageError
from tests.homes import run, write_messages


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("sandbox")
    place = Home(folder / "home")
    run(place, write_messages(folder / "in", [("t", "2026-01-01T00:00:00Z", "r", "recruiter", "Hi there")]))
    return place


FILES = "file system operations are disabled"
QUESTIONS_ONLY = "Only a question can be asked"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from read_csv('{secret}')", FILES),
        ("from read_text('{secret}')", FILES),
        ("from read_blob('{secret}')", FILES),
        ("from read_json('{secret}')", FILES),
        ("from read_parquet('{secret}')", FILES),
        ("from parquet_metadata('{secret}')", FILES),
        ("from sniff_csv('{secret}')", FILES),
        ("from glob('{folder}/*')", FILES),
        ("from '{secret}'", FILES),
        ("from '{folder}/home/store/talkshare-store.duckdb'", FILES),
        ("from read_duckdb('{folder}/home/store/talkshare-store.duckdb')", FILES),
        ("from 'https://example.org/x.csv'", FILES),
        ("from read_parquet('s3://bucket/x.parquet')", FILES),
        ("from duckdb_secrets()", FILES),
        ("from duckdb_extensions()", FILES),
        ("from sqlite_scan('{secret}', 't')", "Loading external extensions is disabled"),
        ("select getenv('HOME')", "does not exist"),
        ("from pandas_scan(null)", "No function matches"),
        ("from arrow_scan(null, null, null)", "No function matches"),
        ("select 1::pointer", "pointer does not exist"),
        ("from query('drop table runs')", "Expected a single SELECT"),
        ("with x as (insert into runs from runs returning *) from x", "read-only mode"),
        ("copy (select 1) to '{folder}/out.csv'", QUESTIONS_ONLY),
        ("export database '{folder}/out'", QUESTIONS_ONLY),
        ("attach '{folder}/out.duckdb' as other", QUESTIONS_ONLY),
        ("install httpfs", QUESTIONS_ONLY),
        ("load httpfs", QUESTIONS_ONLY),
        ("create secret s (type s3)", QUESTIONS_ONLY),
        ("create temp table x as select 1", QUESTIONS_ONLY),
        ("create or replace temp view runs as select 1", QUESTIONS_ONLY),
        ("set memory_limit = '64GB'", QUESTIONS_ONLY),
        ("reset lock_configuration", QUESTIONS_ONLY),
        ("pragma enable_profiling = 'json'", QUESTIONS_ONLY),
        ("call enable_logging()", QUESTIONS_ONLY),
        ("prepare p as select 1", QUESTIONS_ONLY),
        ("checkpoint", QUESTIONS_ONLY),
        ("drop table runs", QUESTIONS_ONLY),
        ("delete from runs", QUESTIONS_ONLY),
        ("select 1; drop table runs", "Give one statement, not 2"),
        ("-- nothing", "Give one statement, not 0"),
        ("select " + "(" * 5000 + "1" + ")" * 5000, "expression depth"),
        ("select regexp_matches('a', repeat('(a?){{1000}}', 1000))", "pattern too large"),
    ],
)
def test_a_query_reads_the_snapshot_and_nothing_else(home: Home, query: str, said: str):
    folder = home.root.parent
    (folder / "secret.csv").write_text("name\nAna\n")
    before = home.snapshot.read_bytes()
    with pytest.raises(UsageError, match=said):
        store.query_snapshot(home, query.format(folder=folder, secret=folder / "secret.csv"), rows=10, seconds=5)
    assert home.snapshot.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["home", "in", "secret.csv"]


@pytest.mark.parametrize(
    "query",
    [
        "select 1 /* twice */ -- as many comments as one likes",
        "describe runs",
        "show tables",
        "summarize runs",
        "pivot runs on kind using count(*)",
        "explain analyze from runs",
        "from query('select 1')",
        "values (1)",
        "select current_setting('memory_limit')",
    ],
)
def test_whatever_only_asks_is_answered(home: Home, query: str):
    assert store.query_snapshot(home, query).height > 0


@pytest.mark.parametrize(
    ("query", "seconds", "said"),
    [
        # DuckDB looks at no clock inside one call of a function, nor while it binds a query.
        ("select levenshtein(repeat('a', 200000), repeat('b', 200000))", 1, "longer than 2 seconds|[Ss]topped"),
        (
            "from json_execute_serialized_sql(json_serialize_sql('from range(1000000000000)'))",
            1,
            "[Ss]topped|memory|longer than",
        ),
        ("select pg_sleep(3600)", 1, "[Ss]topped|longer than"),
        # Nor does it count one long text against its own limit of memory.
        ("select repeat('x', 4000000000)", 30, "memory"),
        ("select list_resize([1], 10000000000, 1)", 30, "memory"),
        ("select repeat('x', 1000) from range(10000000)", 30, "larger than 512 MB"),
    ],
)
def test_a_query_that_would_hold_the_machine_is_ended(
    home: Home, monkeypatch: pytest.MonkeyPatch, query: str, seconds: int, said: str
):
    monkeypatch.setattr(asking, "GRACE_SECONDS", 1)
    with pytest.raises(UsageError, match=said):
        ask(home, query, rows=1_000_000, seconds=seconds)


def test_an_answer_comes_out_of_its_process_as_it_was(home: Home):
    odd = "select 1 as a, 2 as a, date '2026-01-01' as d, timestamptz '2026-01-01 10:00Z' as at, [1] as l, null as n"
    assert ask(home, odd, rows=5).equals(store.query_snapshot(home, odd, rows=5))
    assert ask(home, "from range(100)", rows=7).height == 7
    with pytest.raises(UsageError, match="syntax error"):
        ask(home, "selec 1", rows=7)


def test_a_cell_cannot_steer_the_terminal_nor_look_like_another_row(home: Home):
    frame = store.query_snapshot(home, "select chr(27) || '[2J' || chr(10) || '| all | 0 |' || chr(8238) as \"a\nb\"")
    shown = as_text(frame, "table")
    assert "\\x1b[2J\\n" in shown
    assert "\\u202e" in shown
    assert not {"\x1b", "\u202e"} & set(shown)
    assert len(shown.splitlines()) == 3


def test_a_home_called_like_sql_is_no_sql(home: Home, tmp_path: Path):
    odd = tmp_path / "it's; drop table runs --"
    odd.symlink_to(home.root)
    assert ask(Home(odd), "select count(*) as n from runs", rows=1)["n"].to_list() == [1]
