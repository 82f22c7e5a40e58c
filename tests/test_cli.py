"""The command line as a stranger meets it, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.homes import SAMPLES

MAIN = "from flows.cli import main; main()"


def talkshare(*arguments: str | Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALKSHARE")}
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.run(
        [*command, "--home", str(home)] if home else command,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo") / "home"
    done = talkshare("demo", "--plain", "--threads", "2500", "--out", home)
    assert done.returncode == 0, done.stderr
    assert "Three things to try next" in done.stdout
    assert done.stderr == ""
    return home


def test_the_way_from_init_to_a_report(tmp_path: Path):
    home = tmp_path / "home"
    assert talkshare("status", home=home).returncode == 4
    assert "inbox" in talkshare("init", home=home).stdout
    assert talkshare("init", home=home).returncode == 2
    settings = (home / "talkshare.toml").read_text()
    (home / "talkshare.toml").write_text(settings.replace('# owner = "profile-slug"', 'owner = "sam-rec-0a1b2c"'))
    done = talkshare("run", SAMPLES / "2021_9col", home=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2021_9col" in done.stdout
    report = talkshare("report", "--week", "2021-03-12", home=home)
    assert Path(report.stdout.strip()).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert report.stdout.strip().endswith("2021-W10/weekly.html")
    assert talkshare("retract", "2021_9col", home=home).returncode == 0
    assert talkshare("report", home=home).returncode == 4


def test_every_key_of_the_template_is_accepted(tmp_path: Path):
    import re
    import tomllib

    from flows.config import Settings

    template = talkshare("init", "--print").stdout
    assert Settings(**tomllib.loads(template)) == Settings()
    spelled_out = re.sub(r"(?m)^# (?=\w+ = |\[\[)", "", template)
    assert Settings(**tomllib.loads(spelled_out)).tables[0].kind == "outcomes"


def test_wrong_settings_name_the_key(tmp_path: Path):
    (tmp_path / "talkshare.toml").write_text("[approach]\nsilence_weeks = 3\n")
    done = talkshare("run", home=tmp_path)
    assert done.returncode == 2
    assert "approach.silence_weeks" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[schedule]\nnightly = 'zzz'\n", "schedule.nightly"),
        (b"time_zone = 'Mars/Olympus'\n", "time_zone"),
        ("# Größe\n".encode("latin-1"), "not UTF-8"),
        (b"[linkedin\n", "not valid TOML"),
    ],
)
def test_every_broken_settings_file_is_explained(tmp_path: Path, content: bytes, said: str):
    (tmp_path / "talkshare.toml").write_bytes(content)
    done = talkshare("status", home=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_week_without_data_gives_no_empty_report(demo: Path):
    done = talkshare("report", "--week", "1999-01-01", home=demo)
    assert (done.returncode, done.stdout) == (4, "")
    assert "from the week of" in done.stderr


def test_mails_are_written_on_a_dry_run_and_need_a_server_otherwise(demo: Path):
    dry = talkshare("report", "--send", "--dry-run", "--to", "ana.lopez@example.org", home=demo)
    assert (dry.returncode, dry.stderr) == (0, "")
    page, mail = map(Path, dry.stdout.split())
    assert (page.name, mail.name, mail.parent) == ("weekly.html", "weekly-1.eml", page.parent)
    assert b"To: ana.lopez@example.org" in mail.read_bytes()
    assert page.stat().st_size < 300_000
    for options in (["--send", "--to", "ana.lopez@example.org"], ["--dry-run"], ["--send", "--to", "ana"]):
        done = talkshare("report", *options, home=demo)
        assert done.returncode == 2, options
        assert "lopez" not in done.stderr


def test_a_folder_that_cannot_be_a_home_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = talkshare("init", home=tmp_path / "file" / "home")
    assert done.returncode == 2
    assert "cannot be used as a home" in done.stderr


def test_a_refused_file_is_said_and_gives_exit_code_3(tmp_path: Path):
    (tmp_path / "colours.csv").write_text("colour,shape\nred,round\n")
    done = talkshare("run", tmp_path / "colours.csv", home=tmp_path / "home")
    assert done.returncode == 3
    assert "talkshare inspect" in done.stdout


def test_sql_answers_as_table_csv_and_json(demo: Path):
    query = "select metric, kind from metric_week where metric = 'replied_7d' limit 1"
    assert "replied_7d" in talkshare("sql", query, home=demo).stdout
    assert talkshare("sql", query, "--format", "csv", home=demo).stdout == "metric,kind\nreplied_7d,proportion\n"
    assert json.loads(talkshare("sql", query, "--format", "json", home=demo).stdout) == [
        {"metric": "replied_7d", "kind": "proportion"}
    ]
    formula = talkshare("sql", "select '=cmd()' as cell", "--format", "csv", home=demo)
    assert formula.stdout == "cell\n'=cmd()\n"
    refused = talkshare("sql", "drop table runs", home=demo)
    assert (refused.returncode, refused.stdout) == (2, "")


def test_status_tells_people_and_machines_the_same(demo: Path):
    facts = json.loads(talkshare("status", "--json", home=demo).stdout)
    assert facts["last_run"]["rows_in"] == sum(
        facts["last_run"][f"rows_{name}"] for name in ("kept", "set_aside", "already_known", "excluded")
    )
    assert f"{facts['snapshot']['n_threads']:,} threads" in talkshare("status", home=demo).stdout


def test_explain_refuses_leaking_pairs_with_exit_code_6(demo: Path):
    refused = talkshare("explain", "talk_share", "replied", home=demo)
    assert refused.returncode == 6
    assert "[rule: whole-contains-the-outcome]" in refused.stderr
    seen = talkshare("explain", "first_message_words", "replied", home=demo)
    assert seen.returncode == 0
    assert seen.stdout.startswith("all: First-message")


def test_the_demo_measures_the_truth_it_was_built_with(demo: Path):
    truth = json.loads((demo / "truth.json").read_text())
    with duckdb.connect(str(demo / "published" / "talkshare.duckdb"), read_only=True) as snapshot:
        [(set_aside, already_known)] = snapshot.execute(
            "select rows_set_aside, rows_already_known from runs"
        ).fetchall()
        excluded = dict(snapshot.execute("select reason, sum(n_rows)::bigint from exclusions group by all").fetchall())
        [(groups,)] = snapshot.execute("select n_groups from snapshot_info").fetchall()
        [(difference, p)] = snapshot.execute(
            "select adjusted_difference, p from associations "
            "where metric = 'first_message_words' and outcome = 'replied_30d' and slice = 'all'"
        ).fetchall()
        leaks = snapshot.execute(
            "select count(*) from associations where observation in ('whole', 'before_reply')"
        ).fetchall()
    rows = truth["rows"]
    assert set_aside == rows["broken_comma"] + rows["broken_date"] + rows["broken_future"] == 6
    assert already_known == rows["already_known"] > 0
    assert {name: excluded[name] for name in ("draft", "spam", "sponsored")} == {
        name: rows[name] for name in ("draft", "spam", "sponsored")
    }
    assert groups > 0
    assert difference < 0
    assert p < 0.1
    assert leaks == [(0,)]


def test_the_demo_never_touches_a_folder_that_is_not_its_own(tmp_path: Path):
    (tmp_path / "precious.txt").write_text("mine")
    done = talkshare("demo", "--plain", "--out", tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_inspect_prints_a_mapping_that_works(tmp_path: Path):
    table = tmp_path / "ats.csv"
    table.write_text("Candidate URL,Stage,Entered\nhttps://www.linkedin.com/in/ana-dev-77,Onsite,2026-03-01 10:00\n")
    done = talkshare("inspect", table)
    assert done.returncode == 0
    assert "[[tables]]" in done.stdout
    assert "ana-dev" not in done.stdout


def test_curves_show_the_built_in_effect_of_the_opening_style(demo: Path):
    query = "select opening_style, day, at_risk, events, share, low, high from curves where outcome = 'replied' order by all"
    rows = json.loads(talkshare("sql", query, "--format", "json", home=demo).stdout)
    by_style = {
        style: [row for row in rows if row["opening_style"] == style] for style in ("sell_first", "reaction_first")
    }
    for curve in by_style.values():
        assert [row["day"] for row in curve] == list(range(31))
        shares = [row["share"] for row in curve]
        assert shares == sorted(shares)
        assert all(row["low"] <= row["share"] <= row["high"] for row in curve if row["low"] is not None)
    sells, reacts = (by_style[style][30] for style in ("sell_first", "reaction_first"))
    assert reacts["low"] > sells["share"]
    assert reacts["share"] > sells["high"]


def test_explain_association_gives_every_number_and_what_it_rests_on(demo: Path):
    done = talkshare("explain", "association", "first_message_words", "replied", home=demo)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(
        talkshare(
            "sql",
            "from associations where metric = 'first_message_words' and outcome = 'replied_30d' and slice = 'all'",
            "--format",
            "json",
            home=demo,
        ).stdout
    )
    for name in ("n_approaches", "n_templates", "n_outcomes"):
        assert f"{row[name]:,}" in done.stdout
    for name in ("rho", "difference", "adjusted_difference", "adjusted_low", "q", "minimum_detectable_difference"):
        assert f"{row[name]:,.4g}" in done.stdout, name
    assert "does not lead to" in done.stdout
    assert talkshare("explain", "association", "talk_share", "replied", home=demo).returncode == 6
    assert talkshare("explain", "association", "talk_share", home=demo).returncode == 2
    assert "No hypothesis is registered" in talkshare("explain", "hypotheses", home=demo).stdout


def test_explain_marks_the_sentences_of_a_text():
    done = talkshare("explain", "--text", "Hi Ana,\nMay I send you the details?", "--language", "en-GB")
    assert done.returncode == 0, done.stderr
    assert "ask_permission  ?" in done.stdout
    assert "en.toml, permission" in done.stdout
    reflected = talkshare("explain", "--text", "You mentioned the commute.", "--before", "- the commute kills me")
    assert "reflect " in reflected.stdout
    assert "no rules" in talkshare("explain", "--text", "Можно позвонить вам завтра?").stdout
    assert talkshare("explain", "--text=", "--language", "en").stdout.count("no sentence") == 1


def test_explain_tells_families_and_kinds_and_refuses_what_makes_no_sense():
    family = talkshare("explain", "ask_tell").stdout
    assert "ask_balance_opening" in family
    assert "first rule that holds decides" in family
    assert "job, the company" in talkshare("explain", "tell_offer").stdout
    for wrong in (
        ["ask_tell", "--text", "Hi"],
        ["--text", "Hi", "--language", "english"],
        ["ask_tell", "--language", "de"],
        [],
    ):
        done = talkshare("explain", *wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
        assert "talkshare: " in done.stderr
