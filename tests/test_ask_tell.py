"""Whole conversations through the pipeline: shares of asking, telling and reflecting, and that openings stand alone."""

from __future__ import annotations

from pathlib import Path

from flows.store import Home
from tests.homes import ask, run, write_messages

OPENER = "Hi Tom,\nyour talk on Elixir was fun. May I ask two questions about your team?\nBest\nAna"
ANSWER = "Sure. I commute three hours a day and I maintain a huge Cobol monolith."
LISTENING = "So the commute eats your days, and the monolith is huge.\nYou mentioned Cobol.\nWhat would you rather do?"
SELLING = "We pay 90k. Our product is a platform for banks. The role is remote. Send me your CV."


def approaches(tmp_path: Path, rows: list[tuple[str, str, str, str, str]]) -> dict[str, dict[str, object]]:
    home = Home(tmp_path / "home")
    run(home, write_messages(tmp_path / "in", rows))
    return {row["thread_id"]: row for row in ask(home, "from approach_metrics")}


def message(thread: str, day: int, role: str, body: str) -> tuple[str, str, str, str, str]:
    return thread, f"2026-01-{day:02d}T10:00:00Z", f"{role}-{thread}", role, body


def test_a_transcript_of_two_people_gets_sensible_shares(tmp_path: Path) -> None:
    found = approaches(
        tmp_path,
        [
            message("listens", 1, "recruiter", OPENER),
            message("listens", 2, "candidate", ANSWER),
            message("listens", 3, "recruiter", LISTENING),
            message("sells", 1, "recruiter", OPENER),
            message("sells", 2, "candidate", ANSWER),
            message("sells", 3, "recruiter", SELLING),
        ],
    )
    listens, sells = found["listens"], found["sells"]
    # The opener: one tells, one asks leave, the rest is social. Then two take up, one asks open.
    assert (listens["ask_share"], listens["tell_share"], listens["reflect_share"]) == (2 / 5, 1 / 5, 2 / 5)
    assert listens["permission_share"] == 1 / 5
    assert listens["social_share"] == 3 / 8
    assert (listens["question_share"], listens["ask_balance"], listens["ask_per_tell"]) == (2 / 5, 2 / 3, 2.0)
    # The same opener, then three that tell and one that asks for a step.
    assert (sells["ask_share"], sells["tell_share"], sells["reflect_share"]) == (2 / 6, 4 / 6, 0)
    assert listens["opening_style"] == sells["opening_style"] == "reaction_first"
    assert listens["candidate_tell_share"] == 1
    assert (listens["ask_share_opening"], listens["ask_balance_opening"]) == (1 / 2, 1 / 2)


def test_what_is_written_later_changes_nothing_about_an_opening(tmp_path: Path) -> None:
    short = "Hi Tom, React role, remote. Open to a chat?"
    found = approaches(
        tmp_path,
        [
            message("silent", 1, "recruiter", short),
            message("answered", 1, "recruiter", short),
            message("answered", 2, "candidate", "Yes, I would like to know more about the team and the product."),
            message("answered", 3, "recruiter", "Great, the team is small and we are looking for you to lead it."),
            message("german", 1, "recruiter", short),
            message("german", 2, "candidate", "Hallo, wir können gerne Deutsch schreiben, ich bin in Wien."),
            message(
                "german", 3, "recruiter", "Sehr gerne, wir suchen für unser Team in Wien eine Person, die gut ist."
            ),
        ],
    )
    columns = [name for name in found["silent"] if name.endswith("_opening")]
    columns += ["opening_style", "flesch_reading_ease", "technologies_named", "you_share", "us_share", "language"]
    assert len(columns) > 20
    for name in columns:
        assert found["silent"][name] == found["answered"][name] == found["german"][name], name


def test_an_emoji_beside_unsupported_text_makes_no_zero(tmp_path: Path) -> None:
    text = "Ciao Luca, stiamo cercando uno sviluppatore per la nostra azienda a Milano."
    found = approaches(
        tmp_path,
        [
            message("it", 1, "recruiter", text),
            message("it", 2, "recruiter", "👍"),
            message("emoji", 1, "recruiter", "👍"),
        ],
    )
    assert found["it"]["language"] == "it"
    assert found["it"]["opening_style"] == "unsupported"
    unknown = ["ask_share", "tell_share", "ask_balance", "recruiter_asks", "recruiter_tells", "recruiter_requests"]
    assert [found["it"][name] for name in unknown] == [None] * 6
    assert found["it"]["question_share"] == 0
    assert found["emoji"]["recruiter_asks"] == 0
    assert found["emoji"]["ask_share"] is None
