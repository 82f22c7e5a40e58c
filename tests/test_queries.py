"""Analysts' questions: those that come with talkshare, and `talkshare sql` that asks them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from flows import store
from flows.answers import QUESTIONS, question, questions
from flows.store import Home
from tests.homes import OWNED, SAMPLES, invented_home, run

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.stem for path in QUESTIONS.glob("*.sql"))
ANSWERS = {
    "candidates_lost": {"first_style", "n_lost", "lost_per_won"},
    "changed_since_published": {"metric", "n_restated"},
    "conversion_by_channel": {"channel", "conversion_rate", "reason"},
    "data_drift": {"metric", "place", "n_outside_by_chance"},
    "data_quality": {"set_aside_share", "columns_changed", "seen_until"},
    "dose_of_length": {"bin_no", "reply_rate"},
    "fewer_better": {"volume", "per_100", "per_month"},
    "follow_ups": {"follow_ups", "reply_rate"},
    "length_and_replies": {"verdict", "smallest_visible_points"},
    "link_rate": {"event", "link_rate"},
    "readability_unknown": {"language", "unknown_share"},
    "recruiter_weeks": {"week", "value", "everybody_value"},
    "replies_by_week": {"week", "reply_rate", "place"},
    "reply_bait": {"opening_style", "replied_per_100", "interested_per_100"},
    "still_open": {"metric", "n_open", "next_judged_from"},
    "talk_share_of_won": {"ending", "median_talk_share"},
    "what_goes_with": {"metric", "outcome", "verdict"},
    "worn_templates": {"template_id", "early_rate", "later_rate"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return invented_home(tmp_path_factory)


def sql(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from flows.cli import main; main()", "sql", "--home", str(home.root), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_question_is_answered_with_rows_that_say_something(home: Home, name: str):
    answer = store.query_snapshot(home, question(name))
    assert ANSWERS[name] <= set(answer.columns)
    assert answer.height > 0
    silent = [column for column in answer.columns if answer[column].null_count() == answer.height]
    # In the invented home nothing was published before, and nothing is refused; but one recruiter's weeks are too small.
    withheld = {"value", "low", "high"} if name == "recruiter_weeks" else set()
    assert set(silent) <= {"reason", "verdict_reason", "newest_restated_week"} | withheld


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_question_says_what_it_asks(name: str):
    text = question(name)
    assert text.startswith("/*")
    assert questions().count(f"\n{name} ") + questions().startswith(f"{name} ") == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_question_is_understood_where_next_to_nothing_is_known(
    tmp_path_factory: pytest.TempPathFactory, name: str
):
    place = Home(tmp_path_factory.getbasetemp() / "tiny")
    if not place.snapshot.exists():
        run(place, SAMPLES / "2023_10col", settings=OWNED)
    assert ANSWERS[name] <= set(store.query_snapshot(place, question(name)).columns)


def test_the_follow_ups_of_a_question_are_those_of_the_approaches(home: Home):
    answer = store.query_snapshot(home, question("follow_ups"))
    by_hand = store.query_snapshot(
        home,
        "select count(*) as n, avg(replied_8_to_30d::int) as rate from approach_metrics "
        "where is_outreach and followups_unanswered_7d = 1 and replied_8_to_30d is not null",
    )
    one = answer.row(by_predicate=pl.col("follow_ups") == "one", named=True)
    assert one["n_approaches"] == by_hand["n"][0]
    assert one["reply_rate"] == pytest.approx(by_hand["rate"][0])


def test_the_command_lists_and_asks_the_shipped_questions(home: Home, tmp_path: Path):
    listed = sql(home, "--list")
    assert [line.split()[0] for line in listed.stdout.splitlines() if line and line.split()[0] in NAMES] == NAMES
    asked = sql(home, "-f", "reply_bait", "--format", "json")
    assert [row["opening_style"] for row in json.loads(asked.stdout)][-1] == "all"
    own = tmp_path / "mine.sql"
    own.write_text("-- my question\nselect count(*) as n from approach_metrics;\n")
    assert json.loads(sql(home, "-f", str(own), "--format", "json").stdout)[0]["n"] > 500


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "table"])
def test_an_answer_goes_into_a_file(home: Home, tmp_path: Path, form: str):
    out = tmp_path / "answer"
    done = sql(home, "from funnel", "--format", form, "-o", str(out))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    read = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}.get(form)
    content = read(out) if read else None
    expected = store.query_snapshot(home, "from funnel")
    if content is None:
        assert "| reaction_first | replied" in out.read_text()
    else:
        assert content["n_contacted"].to_list() == expected["n_contacted"].to_list()
        assert content["opening_style"].to_list() == expected["opening_style"].to_list()
    assert list(tmp_path.iterdir()) == [out]


def test_no_spreadsheet_runs_an_answer(home: Home):
    text = sql(
        home, "select '=cmd' as a, '@x' as \"+b\", -1.5 as c, 'plain' as d, '👩‍💻' as e", "--format", "csv"
    ).stdout
    assert text == "a,'+b,c,d,e\n'=cmd,'@x,-1.5,plain,👩‍💻\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give a query, or a file or a shipped question"),
        (["select 1", "-f", "reply_bait"], "Give a query, or a file or a shipped question"),
        (["-f", "no_such"], "no such file, and no shipped question"),
        (["-f", "../metrics/reply"], "no such file, and no shipped question"),
        (["from funnel", "--format", "parquet"], "say which with -o FILE"),
        (["from funnel", "-o", "{home}/published/talkshare.duckdb"], "talkshare's own folder"),
        (["from funnel", "-o", "{home}/store/answer.csv"], "talkshare's own folder"),
        (["from funnel", "-o", "{home}/nowhere/answer.csv"], "no such folder"),
        (["from funnel", "-o", "{home}"], "is a folder"),
        (["from funel"], 'Did you mean "funnel"'),
        (["-f", "{home}/published/talkshare.duckdb"], "not a text file"),
    ],
)
def test_a_wrong_use_is_told_in_a_sentence(home: Home, words: list[str], said: str):
    before = home.snapshot.read_bytes()
    done = sql(home, *(word.format(home=home.root) for word in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert home.snapshot.read_bytes() == before


def test_a_query_has_neither_endless_memory_nor_the_disk(home: Home):
    with pytest.raises(store.UsageError, match="more than 60MB of memory"):
        store.query_snapshot(
            home,
            "select max(s) from (select string_agg(i::varchar, '-') as s from range(40000000) t(i))",
            memory="60MB",
        )
    assert {path.name for path in home.snapshot.parent.iterdir()} == {"talkshare.duckdb", "team.duckdb"}
