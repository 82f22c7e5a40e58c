"""What of a mail its sender wrote just then: fifteen clients in fourteen languages, and mails that only look quoted."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.readers.mail.markup import text_of
from flows.readers.mail.quoting import classes, parts
from tests.mail_threads import CLIENTS, LANGUAGES, TRAPS, Case, cases, independent, traps


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_in_every_language_is_cut_where_the_quote_begins(client: str):
    wrong = [
        (case.language, case.new, parts(case.text, [case.parent]).new)
        for case in cases()
        if case.client == client and words(parts(case.text, [case.parent]).new) != words(case.new)
    ]
    assert wrong == []


@pytest.mark.parametrize("case", traps(), ids=list(TRAPS))
def test_mails_that_only_look_quoted_stay_whole(case: Case):
    assert words(parts(case.text, [case.parent]).new) == words(case.new)


def test_mails_written_without_sight_of_the_rules_lose_nothing_and_leave_little():
    lost, left = [], []
    for case in independent():
        wanted, had = Counter(words(case.new)), Counter(words(parts(case.text, [case.parent]).new))
        lost += [case.client] if wanted - had else []
        left += [case.client] if had - wanted else []
    assert (lost, len(left)) == ([], 2)


def test_the_parts_hold_every_word_of_the_mail():
    for case in cases():
        found = parts(case.text, [case.parent])
        held = Counter(words(found.new)) + Counter(words(found.quoted)) + Counter(words(found.footer))
        assert held == Counter(words(case.text))


@given(st.text(alphabet="ab :>@-\n*.19", max_size=200))
def test_a_text_never_comes_back_empty_and_never_gains_words(text: str):
    found = parts(text, [text[::-1]])
    assert found.new.strip() or not text.strip()
    assert not Counter(words(found.new)) - Counter(words(text))


def test_what_stands_in_an_earlier_mail_is_quoted_without_any_mark():
    parent = LANGUAGES["en"].parent
    found = parts(f"No thanks, I stay.\n\n{parent}", [parent])
    assert (found.new, found.method) == ("No thanks, I stay.", "earlier")
    assert parts(f"No thanks, I stay.\n\n{parent}").method == "whole"


def test_a_pasted_line_of_the_parent_is_no_quote():
    parent = LANGUAGES["en"].parent
    said = "You wrote: a team of six who ship every week.\n\nDoes that hold?"
    assert parts(said, [parent]).new == said


def test_a_forward_without_a_word_stays_whole():
    text = "---------- Forwarded message ---------\nFrom: Sam Rec <sam@agency.example>\nDate: Mon, Mar 4, 2024 at 9:15 AM\nSubject: x\nTo: a@b.example\n\nHi Ana"
    assert parts(text).method == "whole"


def test_footers_are_told_apart_and_long_tails_are_no_footers():
    found = parts("Yes please.\n\n-- \nAna Dev\nSenior Engineer\n+40 700 000 000")
    assert (found.new, found.footer.splitlines()[1]) == ("Yes please.", "Ana Dev")
    assert parts("Merci.\n\nEnvoyé de mon iPhone").footer == "Envoyé de mon iPhone"


def test_line_classes_read_as_the_rules_say():
    lines = ["Fine", "", "On 4 Mar 2024, at 09:15, Sam <sam@x.example> wrote:", "", "> Hi", "-- ", "Ana"]
    assert classes(lines) == "teAeqft"


@pytest.mark.parametrize(
    ("markup", "text", "was_cut"),
    [
        ('<div>Fine, List&lt;String&gt;.</div><div class="gmail_quote"><div class="gmail_attr">On Mon</div>Old</div>', "Fine, List<String>.", True),
        ('<p>New<o:p></o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt"><b>From:</b> S</div></div><p>Old</p>', "New", True),
        ('<div>Reply <center>here</center></div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From</div><div>old</div>', "Reply here", True),
        ("<p>One</p><ul><li>two</li></ul><script>x()</script>", "One\n\n- two", False),
        ('<blockquote class="gmail_quote">only this</blockquote>', "only this", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_quotes_in_html_go_by_the_marks_of_the_client(markup: str, text: str, was_cut: bool):
    assert text_of(markup) == (text, was_cut)


def test_long_mails_of_hostile_lines_take_time_in_proportion():
    for line in ("From: x", "a" * 500, "On " * 200 + ":", "> ", "- " * 300, "1:1 " * 200 + "@:"):
        assert parts("\n".join([line] * 3000), [line]).method


def test_ten_thousand_open_tags_are_read_without_their_structure():
    assert text_of("<div>" * 10_000 + "<div class='gmail_quote'>deep</div>") == ("deep", False)
