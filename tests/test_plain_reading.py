"""The frames of `sql.reading` and plain Python read the same in the same texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql import kinds, sentences
from sql.lexicon import lexicons, question_cues
from sql.load import LOAD
from sql.reading import FEATURES, classify_texts, count_texts, weigh_texts
from tests import plain_reading

SAMPLES = Path(__file__).parent / "samples" / "sentences"
WITHOUT_RULES = ("ru", "und", *sorted(question_cues())[:3])
OF_A_SENTENCE = (
    "sentence",
    "has_mark",
    "is_question",
    "is_request",
    "rule",
    "kind",
    "has_hint",
    "is_of_you",
    "has_you",
    "you_words",
    "we_words",
)

MESSAGES = [
    "",
    " \n\t\r\n ",
    "👍",
    "👍🏽 ❤️ 👩‍💻",
    "???",
    "...\n---\n!!!",
    "https://jobs.example/x?id=7",
    "see https://a.example/b?c=d, or write to sam.smith@a.example. OK?",
    "www.a.example and http://b.example/1 https://c.example/2?",
    "Hi Ana,\n\nhow are you? We pay 90-100k EUR.\n\n- Python\n- PostgreSQL\n• C++ / C#\n1. Node.js\n\nBest regards,\nSam Smith\nTalent Partner",
    "Hallo Frau Weiß,\nwir suchen jemanden. Hätten Sie Lust?\nViele Grüße\nJonas",
    "Bonjour Anne,\r\nn’hésitez pas à répondre.\r\n\r\nCordialement,\r\nInès",
    "Hola Diego, ¿te interesa? ¡Gracias!\nUn saludo,\nPilar",
    "Bună Ioana,\nce zici de o discuție?\nCu stimă,\nMihai",
    "Thanks,\nSam\n\n> On Monday Ana wrote:\n> are you there?\n| quoted?\nSam Smith\nwe hire",
    'She asked "are you open to it?" and left. "What now?"\n„Wirklich?“ fragte er. «Vraiment ?» dit-il.',
    "- Python\n- `List<String>`\n* Map<K, V>?\n(a) one\n2) two\n🚀 three\n➔ four\n-\nfive\n•\n1. six",
    "a\rb\x0bc\x0cd\x1ce\x1df\x1eg\x85h\u2028i\u2029j\x1fk\n\rl",
    "are you open to a chat  We pay well\t\tReally. no  space.It was nice.Yes",
    "Größe naïve cafe\u0301. Cafe\u0301 Nin\u0303o\nJose\u0301",
    "ΟΔΟΣ ΑΣ. Σ ΑΣ'Β; \u0130stanbul lei \u0130LL yo\u0131 EUR 5 \u017foft 5 \u212a",
    "x² ½ 1½ x½ ① Ⅳ ⓐ5 ٣٤ 12.5 10:30 CHF 120'000 1’000 5k 90 k€ 12,5 lei $5k £3 K 55K a55k",
    "您好，我们正在寻找后端工程师。你有兴趣吗？",
    "コーヒー、飲みますか？ สวัสดีครับ 東京 office",
    "Можно позвонить? Мы платим 100 000 ₽.\nС уважением,\nИван",
    "Hi Ben, ich suche un développeur para mi equipo. Ce zici? You and we.",
    "don’t you ` t like it´s we`re YOU'RE Sie sie IHR You’d",
    "Node.js, node . js; ASP.NET Core/React... C++,C# go lang l'Java d’Python TypeScript-React Go/Rust .NET 8. CI/CD",
    "i was wondering . . . [12] what you do [3]\nsend me your cv [4].\nare you sure ?! [5]",
    "Ana.\nAna Maria Pop 🚀\nSAM\nO’Neil-Smith\n~ Jo ~\n— Zoë",
    "Best,\nthis line is rather long, so it cannot be the name or the title of anybody who signs\nSam",
    "well-known e-mail 3-4 'quoted' -dash- rock'n'roll l'on_t foo_bar __x__",
    "You " * 700 + "?",
    "you are " + "x" * 2100 + "? Do you?",
    "word. " * 60 + "and then?",
    "zero\u200bwidth \u200djoin\u200cer soft\u00adhyphen \ufeffbom \u2060",
    "'t 's 've '' ''t . 's? I. Am. Very. Short! Is it",
    "puoi dirmi di più\nwat vind je ervan\ncomo você está\nczy możesz zadzwonić\n¿sabes\n¡Hola!\n, ,, what do you do",
    "Hi 👋 Ana, great 🚀\nWe pay.👍🏽 You? ok ❤️ Yes (🔥) Now K.-o.-Kriterium. -Sam\n-Ana\n– Ana Pop\nUnsubscribe here",
    "- Python\n- Kafka Streams\nSam\n\nSam Smith\nSent from my iPhone",
    "Send me your CV, how are you? Háblame de tu proyecto, ¿cómo estás? Erzähl mir davon, wie geht es dir?",
    "@ @@ a@b a@b.c a@b.cd, @a.bc http:// https://. www.",
]  # fmt: skip

PIECES = st.sampled_from(
    [
        "Hi Ana,", "Hallo Jonas,", "Bonjour,", "Best regards,", "Thanks", "Viele Grüße", "Cordialement", "Un saludo",
        "Cu stimă", "Sam", "Ana Pop", "Sam Smith, CTO", "- ", "• ", "1. ", "> ", "(a) ", "?", "!", "...", ".", ",", ":",
        "\n", "\n", "\n", "\n\n", "\r\n", "\u2028", "\t", "  ", " ", "\xa0", "\x1f", "\x85", "“", "”", "\"", "«", "»",
        "'", "’", "-", "–", "—", "(", ")", "[1]", "👍", "❤️", "🚀", "https://a.example/b?c=d", "a.b@c.example", "www.x.de?",
        "what", "do you", "we", "our", "you", "send me your cv", "we pay 90k EUR", "5", "½", "€", "k", "Python", "c++",
        "List<String>", "node.js", "/", "cafe\u0301", "İ", "ı", "Σ", "²", "東京", "い", "Мы", "`", "´", "_", "x" * 70,
    ]
)  # fmt: skip


def sample_sentences(language: str) -> list[str]:
    lines = (SAMPLES / f"{language}.development.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t")[4] for line in lines]


def by_frames(texts: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """What `sql.reading` finds in `(body, language)` pairs."""
    rows = [(str(number), language, body, True, True) for number, (body, language) in enumerate(texts)]
    frame = pl.DataFrame(rows, schema=["body_hash", "language", "body", "takes_up", "is_taken_up"], orient="row")
    read = count_texts(frame) | classify_texts(frame) | weigh_texts(frame)
    placed = kinds.classify(sentences.split(frame.with_row_index("text_no")))
    found: list[dict[str, Any]] = [
        {"stop_words": {}, "sentences": [], "sentence_words": [], "words": None} for _ in texts
    ]
    for row in read["text_counts"].to_dicts():
        found[int(row["body_hash"])]["counts"] = (row["words"], row["chars"])
    for row in read["text_stop_words"].to_dicts():
        found[int(row["body_hash"])]["stop_words"][row["language"]] = row["n"]
    for row in placed.to_dicts():
        found[row["text_no"]]["sentences"].append({name: row[name] for name in OF_A_SENTENCE})
    for row in read["text_sentences"].sort(pl.col("body_hash").cast(int), "sentence_no").to_dicts():
        found[int(row["body_hash"])]["sentence_words"].append(row["words"])
    for row in read["text_features"].to_dicts():
        found[int(row["body_hash"])]["features"] = {name: row[name] for name in FEATURES}
    for row in read["text_words"].to_dicts():
        found[int(row["body_hash"])]["words"] = row["words"]
    for row in read["text_load"].to_dicts():
        found[int(row["body_hash"])]["load"] = {name: row[name] for name in LOAD}
    return found


def by_hand(body: str, language: str) -> dict[str, Any]:
    read = plain_reading.read(body, language)
    words, chars, stop_words = read.counts
    return {
        "counts": (words, chars),
        "stop_words": {name: n for name, n in stop_words.items() if n},
        "sentences": [{name: getattr(found, name) for name in OF_A_SENTENCE} for found in read.sentences],
        "sentence_words": list(read.sentence_words),
        "features": read.features,
        "load": read.load,
        "words": read.words,
    }


def assert_agree(texts: list[tuple[str, str]]) -> None:
    for (body, language), frames in zip(texts, by_frames(texts), strict=True):
        assert by_hand(body, language) == frames, (language, body[:500])


@pytest.fixture(autouse=True)
def forgotten() -> None:
    plain_reading.forget()


@pytest.mark.parametrize("language", sorted(lexicons()))
def test_both_read_the_same_in_every_sentence_we_learned_from(language: str) -> None:
    assert_agree([(sentence, language) for sentence in sample_sentences(language)])


@pytest.mark.parametrize("language", sorted(lexicons()))
def test_both_read_the_same_in_whole_messages(language: str) -> None:
    said = sample_sentences(language)
    joints = (" ", "\n", "\n- ", "  ", "\r\n\r\n", " … ")
    assert_agree([(joints[n % 6].join(said[n : n + 1 + n % 7]), language) for n in range(0, len(said), 8)])


@pytest.mark.parametrize("language", sorted({*lexicons(), *WITHOUT_RULES}))
def test_both_read_the_same_in_odd_messages(language: str) -> None:
    assert_agree([(body, language) for body in MESSAGES])


def test_both_read_the_same_in_another_language_than_the_writers() -> None:
    languages = sorted({*lexicons(), *WITHOUT_RULES})
    said = [sentence for language in sorted(lexicons()) for sentence in sample_sentences(language)[::9]]
    assert_agree([(sentence, languages[n % len(languages)]) for n, sentence in enumerate(said)])


@pytest.mark.parametrize("huge", ["a" * 1_000_000, "Hi Ana,\n" + "Ab" * 500_000 + "? Are you in?", "1" * 1_000_000])
def test_both_read_the_same_in_a_token_of_a_megabyte(huge: str) -> None:
    assert_agree([(huge, "ru"), (huge, "en")])


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, str]:
    languages = sorted(lexicons())
    language = draw(st.sampled_from([*languages, *languages, *WITHOUT_RULES]))
    said = st.sampled_from(languages).flatmap(lambda name: st.sampled_from(sample_sentences(name)))
    pieces = draw(
        st.lists(st.one_of(PIECES, PIECES, said, st.text(alphabet="aA.? \n'’\"-1é", max_size=6)), max_size=14)
    )
    return draw(st.sampled_from(["", " ", " "])).join(pieces), language


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(messages(), min_size=1, max_size=20))
def test_both_read_the_same_in_whatever_is_put_together(texts: list[tuple[str, str]]) -> None:
    assert_agree(texts)
