"""Names, texts and the coaching page: what reaches whom, what is logged, and what a page says of its reader."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from flows import people, store
from flows.coaching import resolve, write_coaching_pages
from flows.config import LinkedInSettings, PrivacySettings, ReportSettings, Settings
from flows.people import Page, masked, names_of, sentences_of
from flows.reporting import write_report
from flows.store import Home
from reports.coaching_words import evidence
from reports.estimates import Finding
from reports.profile import (
    ASKS_LEAVE,
    MEASURES,
    Estimate,
    Measure,
    Row,
    Spread,
    estimate_of,
    own_families,
    spread_of,
    tries,
)
from schemas.errors import NothingToDoError, UsageError
from sql.shrinkage import drawn_rates
from tests.homes import NOW, ask, run
from tests.test_cli import talkshare
from tests.test_report_weekly import VOID, Reader

HEADER = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,SUBJECT,CONTENT,FOLDER"
)
RECRUITERS = tuple(f"rita-canary{letter}-0{place}" for place, letter in enumerate("abcdefg"))
START = datetime(2026, 8, 3, 9, tzinfo=UTC)
SETTINGS = Settings(linkedin=LinkedInSettings(owners={f"*{slug}*": slug for slug in RECRUITERS}))
FULL = SETTINGS.model_copy(update={"privacy": PrivacySettings(names="full"), "report": ReportSettings(recruiters=True)})
SECRET = "The heron-{letter} project pays 95k, <script>alert('{letter}')</script> =cmd 🦄."
LOGGED = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def opening(letter: str, place: int, number: int) -> str:
    """Rita A, the first, never asks leave; the others mostly do."""
    leave = "May I tell you more?" if place and number % 4 else "Interested?"
    return (
        f"Hi Zebedee{letter},\n{SECRET.format(letter=letter)} Call +49 170 123 45 6{place} or write to "
        f"z.quill{letter}@example.org, see https://example.org/{letter}. {leave}\nBest,\nRita"
    )


def archive(folder: Path, place: int, slug: str) -> Path:
    """One recruiter's archive: sixty people written to over twelve weeks, every fifth answers."""
    letter = "abcdefg"[place]
    me, mine = f"Rita Canary{letter.upper()}", f"https://www.linkedin.com/in/{slug}"
    rows = []
    for number in range(60):
        name, link = (
            f"Zebedee{letter} Quill{letter}{'xyz'[number % 3]}",
            f"https://www.linkedin.com/in/zq-{letter}{number}",
        )
        sent = START + timedelta(days=number * 7 // 5, minutes=number + 60 * place)
        talk = f"2-{letter}{number:03d}"
        rows.append([talk, "", me, mine, name, link, sent, "", opening(letter, place, number), "SENT"])
        if number % 5 == 0:
            answer = f"Yes, tell me more about it, Rita. The secret word is walrus-{letter}."
            rows.append([talk, "", name, link, me, mine, sent + timedelta(hours=5), "", answer, "INBOX"])
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([f"{cell:%Y-%m-%d %H:%M:%S} UTC" if isinstance(cell, datetime) else cell for cell in row])
    path = folder / slug / "Basic_LinkedInDataExport_11-20-2026.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("messages.csv", f"{HEADER}\n{text.getvalue()}")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("coached")
    for place, slug in enumerate(RECRUITERS):
        archive(folder / "in", place, slug)
    place_ = Home(folder / "home").create()
    report = run(place_, folder / "in", settings=SETTINGS)
    assert report.count("refused") == 0
    return place_


@pytest.fixture(scope="module")
def ids(home: Home) -> dict[str, str]:
    key = store.id_key(home)
    found = {slug: store.participant_id(key, f"linkedin:{slug}") for slug in RECRUITERS}
    assert {row["recruiter_id"] for row in ask(home, "select distinct recruiter_id from approach_metrics")} == {
        *found.values()
    }
    return found


@pytest.fixture(scope="module")
def pages(home: Home, ids: dict[str, str]) -> dict[str, str]:
    paths = write_coaching_pages(home, SETTINGS, None, now=LOGGED)
    return {path.parent.name: path.read_text(encoding="utf-8") for path in paths}


def access_lines(home: Home) -> list[dict[str, object]]:
    path = home.logs / "access.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# The door: who may see what


def test_the_manager_sees_no_name_unless_it_is_configured(home: Home, ids: dict[str, str]) -> None:
    page = Page("weekly report", "manager")
    before = len(access_lines(home))
    assert names_of(home, SETTINGS, page, now=LOGGED) == {}
    assert len(access_lines(home)) == before
    assert names_of(home, FULL, page, now=LOGGED) == {
        who: f"Rita Canary{slug[len('rita-canary')].upper()}" for slug, who in ids.items()
    }


@pytest.mark.parametrize("settings", [SETTINGS, FULL])
def test_the_manager_sees_no_text_in_any_mode(home: Home, settings: Settings) -> None:
    messages = [row["message_id"] for row in ask(home, "select message_id from message_metrics")]
    assert sentences_of(home, settings, Page("weekly report", "manager"), messages, now=LOGGED).is_empty()


def test_a_recruiter_sees_only_their_own_name_and_only_what_they_wrote(home: Home, ids: dict[str, str]) -> None:
    who = ids[RECRUITERS[2]]
    page = Page("coaching page", "recruiter", who)
    everything = [row["message_id"] for row in ask(home, "select message_id from message_metrics order by all")]
    assert names_of(home, SETTINGS, page, now=LOGGED) == {who: "Rita CanaryC"}
    shown = sentences_of(home, SETTINGS, page, everything, now=LOGGED)
    own = {row["message_id"] for row in ask(home, f"from message_metrics where sender_id = '{who}'")}
    assert set(shown["message_id"]) == own
    assert len(own) == 60
    assert "heron-c" in " ".join(shown["sentence"])
    assert not re.search(r"heron-[abdefg]|walrus", " ".join(shown["sentence"]))


def test_every_disclosure_is_one_line_without_a_name_or_text(home: Home, ids: dict[str, str]) -> None:
    who = ids[RECRUITERS[0]]
    page = Page("coaching page", "recruiter", who)
    (message,) = [row["message_id"] for row in ask(home, f"from message_metrics where sender_id = '{who}' limit 1")]
    before = len(access_lines(home))
    names_of(home, SETTINGS, page, now=LOGGED)
    sentences_of(home, SETTINGS, page, [message], now=LOGGED)
    line = {"at": "2026-11-23T08:30:00+00:00", "page": "coaching page", "audience": "recruiter", "recruiter_id": who}
    assert access_lines(home)[before:] == [line | {"names": 1, "texts": 0}, line | {"names": 0, "texts": 1}]
    assert stat.S_IMODE((home.logs / "access.jsonl").stat().st_mode) == 0o600


def test_without_a_store_nothing_is_shown(home: Home, tmp_path: Path) -> None:
    alone = Home(tmp_path)
    alone.snapshot.parent.mkdir()
    alone.snapshot.write_bytes(home.snapshot.read_bytes())
    with pytest.raises(NothingToDoError, match="no private store"):
        names_of(alone, FULL, Page("weekly report", "manager"), now=LOGGED)


# Masking


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hi Anna, Anna-Lena and ANNA!", "Hi [name], [name]-Lena and [name]!"),
        ("Dear Zoe Quill, I read zoë's talk.", "Dear [name], I read [name]'s talk."),
        ("An offer for An: an office.", "[name] offer for [name]: an office."),
        ("Write to a.b@example.org, or see www.example.org/x?y=1.", "Write to [address], or see [address]"),
        ("Call +49 (0)170 123-45-67 now, 95,000 euros, since 2019.", "Call [number] now, 95,000 euros, since 2019."),
        ("5 years of Node.js at 80-95k", "5 years of Node.js at 80-95k"),
    ],
)
def test_masks_names_addresses_and_telephone_numbers_and_leaves_the_rest(text: str, shown: str) -> None:
    hidden = frozenset(map(people.fold, ("anna", "Zoë", "Quill", "An")))
    assert masked(text, hidden) == shown


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hi Kira, how are you?", {"kira"}),
        ("Good morning Kira Zëlt!\nAll well?", {"kira", "zelt"}),
        ("Pavel, soll ich mich melden?", {"pavel"}),
        ("hello there, how are you?", set()),
        ("We are looking for a senior engineer who knows Kafka, and more.", set()),
    ],
)
def test_a_greeted_name_is_known_where_no_source_tells_it(text: str, names: set[str]) -> None:
    assert people.greeted(text) == names


# The page


def test_the_page_is_its_owners_only(home: Home, pages: dict[str, str]) -> None:
    for who in pages:
        (path,) = (home.coaching / who).iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(home.coaching.stat().st_mode) == 0o700


def test_no_page_tells_of_another_recruiter_or_a_candidate(ids: dict[str, str], pages: dict[str, str]) -> None:
    assert set(pages) == set(ids.values())
    for slug, who in ids.items():
        html, letter = pages[who], slug[len("rita-canary")]
        assert f"Rita Canary{letter.upper()}" in html
        assert f"heron-{letter}" in html
        others = "abcdefg".replace(letter, "")
        assert not re.search(rf"heron-[{others}]|Canary[{others.upper()}]", html)
        assert not re.search(r"Zebedee|Quill|zq-|walrus|@example|https?://|170 123|p_[0-9a-f]{20}", html)


def test_the_managers_page_and_the_logs_hold_no_name_and_no_text(home: Home, pages: dict[str, str]) -> None:
    shown = SETTINGS.model_copy(update={"report": ReportSettings(recruiters=True)})
    html = write_report(home, shown, now=LOGGED).path.read_text(encoding="utf-8")
    logs = "".join(path.read_text() for path in home.logs.iterdir())
    assert 'id="recruiters"' in html
    for text in (html, logs):
        assert not re.search(r"Canary|rita|heron|walrus|Zebedee|Quill|@example", text, re.IGNORECASE)
    named = write_report(home, FULL, now=LOGGED).path.read_text(encoding="utf-8")
    assert all(f"Rita Canary{letter}" in named for letter in "ABCDEFG")
    assert not re.search(r"heron|walrus|Zebedee|Quill|@example", named)


def test_a_hostile_text_is_only_a_text(ids: dict[str, str], pages: dict[str, str]) -> None:
    for html in pages.values():
        reader = Reader(html)
        assert "alert(" in reader.text_of("li")
        assert "🦄" in reader.text_of("li")
        assert "script" not in {tag for tag, _ in reader.tags}
        assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)


def test_the_page_stands_alone_and_is_whole(pages: dict[str, str]) -> None:
    for html in pages.values():
        reader = Reader(html)
        names = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
        assert reader.is_balanced
        assert not reader.open
        assert len(names) == len(set(names))
        assert not re.search(r"url\(|@import|\ssrc=|<link|<iframe", html)
        assert "None" not in reader.text_of("main")
        assert html.count('role="img"') == html.count('class="chart"')
        assert [tag for tag, _ in reader.tags].count("h1") == 1
        assert all(tag in VOID or tag for tag, _ in reader.tags)
        assert html.count("Not for employment decisions. For you alone.") == 2
        assert len(html.encode()) < 300_000


def test_every_marked_sentence_carries_its_kind_in_words(pages: dict[str, str]) -> None:
    for html in pages.values():
        items = re.findall(r'<li class="(?:ask|tell|social|reflect|unknown)">(.*?)</li>', html)
        assert len(items) > 20
        assert all(re.match(r'<span class="kind">[a-z, ]+</span> <span class="said">.', item) for item in items)


def test_what_to_try_is_an_experiment_and_never_praise_or_blame(ids: dict[str, str], pages: dict[str, str]) -> None:
    first = Reader(pages[ids[RECRUITERS[0]]]).text_of("main")
    assert "Try asking leave in the first message, in every second message for four weeks." in first
    assert "You do it in 0 of 100" in first
    for html in pages.values():
        text = Reader(html).text_of("main")
        assert not re.search(r"\b(great|well done|poor|bad|better than|worse|should|must|leads to)\b", text.lower())
    assert "Try asking leave" not in pages[ids[RECRUITERS[1]]]


def test_the_same_page_twice_is_the_same_bytes(home: Home, ids: dict[str, str], pages: dict[str, str]) -> None:
    who = ids[RECRUITERS[3]]
    (path,) = write_coaching_pages(home, SETTINGS, [RECRUITERS[3]], now=LOGGED + timedelta(days=1))
    assert path.read_text(encoding="utf-8") == pages[who]
    assert not list(path.parent.glob("*.next"))


def test_an_early_week_has_too_few_openings_to_judge(home: Home) -> None:
    (path,) = write_coaching_pages(home, SETTINGS, [RECRUITERS[0]], day=date(2026, 8, 12), now=LOGGED)
    text = Reader(path.read_text(encoding="utf-8")).text_of("main")
    assert "Too few to judge yet: 10 openings." in text
    assert "Try " not in text
    assert "fewer than 5 of them have 30 judged approaches" in text
    path.unlink()


def test_a_recruiter_is_found_by_id_slug_or_address(home: Home, ids: dict[str, str]) -> None:
    who = ids[RECRUITERS[0]]
    known = sorted(ids.values())
    for given in (who, RECRUITERS[0], RECRUITERS[0].upper(), f"https://www.linkedin.com/in/{RECRUITERS[0]}/"):
        assert resolve(home, given, known) == who
    with pytest.raises(UsageError, match="'rita-canaryz': no such recruiter"):
        resolve(home, "rita-canaryz", known)
    with pytest.raises(UsageError) as caught:
        resolve(home, "someone@example.org", known)
    assert "someone" not in str(caught.value)


def test_a_candidate_has_no_coaching_page(home: Home, ids: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no such recruiter"):
        write_coaching_pages(home, SETTINGS, ["zq-a1"], now=LOGGED)


def test_the_command_says_what_it_needs(home: Home, tmp_path: Path) -> None:
    nobody, both = talkshare("coach", home=home.root), talkshare("coach", RECRUITERS[0], "--all", home=home.root)
    assert nobody.returncode == both.returncode == 2
    assert "--all" in nobody.stderr
    wrong = talkshare("coach", "../../etc", home=home.root)
    assert wrong.returncode == 2
    assert "no such recruiter" in wrong.stderr
    assert talkshare("coach", "--all", home=tmp_path / "none").returncode == 4
    team = talkshare("report", "--team", "Data", home=home.root)
    assert team.returncode == 2
    assert "no team at all" in team.stderr
    for done in (nobody, both, wrong, team):
        assert "Traceback" not in done.stderr


# The numbers behind


def test_quartiles_of_the_others_are_nobodys_number() -> None:
    values = {"a": 0.03, "b": 0.09, "c": 0.11, "d": 0.27, "e": 0.29, "me": 0.9}
    spread = spread_of(values, "me", "share")
    # Of five, the plain quartiles are the second and the fourth person: 0.09 and 0.27.
    others = sorted(values.values())[:5]
    low, high = (
        float(np.diff(stats.beta.cdf(np.arange(6) / 5, 6 * share, 6 * (1 - share))) @ others) for share in (0.25, 0.75)
    )
    assert spread == Spread(round(low, 2), round(high, 2), 5) == Spread(0.07, 0.25, 5)
    assert spread_of({who: values[who] for who in "abcd"} | {"me": 0.9}, "me", "share") is None


def test_a_ratio_counts_words_and_its_interval_counts_approaches() -> None:
    rows = pl.DataFrame({"a": [90, 10, 50, 50], "b": [100, 100, 100, 100]})
    found = estimate_of(rows, Measure("x", "ratio", pl.col("a"), pl.col("b")))
    assert found is not None
    assert (found.value, found.n) == (0.5, 4)
    half = 1.959964 * (2 * 40**2 * 4 / 3) ** 0.5 / 400
    assert found.high == pytest.approx(0.5 + half)


def test_a_median_ignores_approaches_without_a_value() -> None:
    rows = pl.DataFrame({"a": [10, None, 30, 20, 90]})
    found = estimate_of(rows, Measure("x", "median", pl.col("a"), unit="words"))
    assert found == Estimate(25.0, 10.0, 90.0, 4)


def rows_with(now: Estimate, others: Spread | None) -> list[Row]:
    return [
        Row(measure, now if measure.name == "asks_permission" else None, None, others) for measure in MEASURES
    ]  # fmt: skip


def finding(verdict: str) -> dict[tuple[str, str], Finding]:
    found = Finding(
        "permission_share_opening", "interested_30d", verdict, "", 0.03, 0.01, 0.05, 0.0, 0.25, 0.027, False, 900
    )
    return {("permission_share_opening", "interested_30d"): found}


RARE, OTHERS = Estimate(0.03, 0.01, 0.07, 120), Spread(0.08, 0.2, 9)


@pytest.mark.parametrize(
    ("now", "others", "verdict", "suggested"),
    [
        (RARE, OTHERS, "higher", True),
        (RARE, OTHERS, "no difference seen", True),
        (RARE, OTHERS, "too little data", True),
        (RARE, OTHERS, "lower", False),
        (RARE, None, "higher", False),
        (Estimate(0.03, 0.01, 0.07, 29), OTHERS, "higher", False),
        (Estimate(0.07, 0.04, 0.12, 120), OTHERS, "higher", True),
        (Estimate(0.07, 0.04, 0.12, 120), OTHERS, "no difference seen", False),
        (Estimate(0.12, 0.07, 0.15, 120), OTHERS, "higher", False),
    ],
)
def test_a_habit_is_suggested_only_where_it_is_rare_and_nothing_speaks_against_it(
    now: Estimate, others: Spread | None, verdict: str, suggested: bool
) -> None:
    found = tries(rows_with(now, others), finding(verdict))
    assert [item.practice.measure for item in found] == ([ASKS_LEAVE] if suggested else [])


def test_evidence_is_said_as_it_is() -> None:
    key = ("permission_share_opening", "interested_30d")
    assert "no difference in interested replies within 30 days was seen; one smaller than 2.7 points" in evidence(
        finding("no difference seen")[key], "interview"
    )
    assert "too little data" in evidence(finding("too little data")[key], "interview")
    seen = evidence(finding("higher")[key], "interview")
    assert seen.startswith("In this team: more asking for permission")
    assert "3.0 more per 100 (plausibly between 1.0 and 5.0)" in seen
    assert "not looked" not in seen


def test_own_texts_count_own_uses_and_are_drawn_toward_all_texts() -> None:
    rows = pl.DataFrame(
        [
            {
                "week": date(2026, 11, 2), "template_id": f"f{family}", "recruiter_id": f"r{who}",
                "thread_id": f"t{family}-{who}-{number:03d}", "approach_no": 1, "started_at": NOW,
                "replied_30d": number < (30 if (family, who) == (0, 0) else 4),
            }
            for family in range(4)
            for who in range(6)
            for number in range(40)
        ]
    )  # fmt: skip
    found = own_families(rows, "r0", ["f0", "f1", "f2"], date(2026, 11, 2), reply_refused=False, draw=drawn_rates)
    assert [(family.template_id, family.n_uses, family.n_replied) for family in found] == [
        ("f0", 40, 30), ("f1", 40, 4), ("f2", 40, 4),
    ]  # fmt: skip
    best = found[0].shrunken
    assert best is not None
    assert found[0].usual is not None
    assert found[0].usual < best.value < 30 / 40
    assert best.low < best.value < best.high
    alone = own_families(rows.filter(pl.col("recruiter_id").is_in(["r0", "r1"])), "r0", ["f0"], date(2026, 11, 2),
                         reply_refused=False, draw=drawn_rates)  # fmt: skip
    assert alone[0].shrunken is None
