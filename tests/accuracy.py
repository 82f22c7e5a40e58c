"""How often the sentence rules are right: `python -m tests.accuracy [--gold FOLDER]`.

On labelled public data, one JSON object a line: every parquet file of the folder that has `text` and `ask_q` or
`ask_any`. On our own held-out sentences, `docs/accuracy.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from flows.cli import leave
from flows.store import connect
from sql.kinds import KINDS
from sql.marking import mark
from sql.replies import REPLY_CLASSES, reply_classes
from sql.runner import load_macros
from sql.sentences import QUESTION_MARKS

REPLIES = Path(__file__).parent / "samples" / "replies"
SENTENCES = Path(__file__).parent / "samples" / "sentences"
PAGE = Path(__file__).parent.parent / "docs" / "accuracy.md"
PUBLIC = "## On labelled public data"
COLUMNS = ["kind", "question", "request", "before", "text"]


def labelled(language: str, part: str) -> pl.DataFrame:
    """Our own sentences of one file: `COLUMNS`, the two marks as booleans, an empty `before` as null."""
    lines = (SENTENCES / f"{language}.{part}.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == COLUMNS
    rows = pl.DataFrame([line.split("\t") for line in lines[1:]], schema=COLUMNS, orient="row")
    return rows.with_columns(pl.col("question", "request") == "1", pl.col("before").replace("", None))


def found(texts: pl.DataFrame, language: str) -> pl.DataFrame:
    """One row per text of `text` (and `before`): kind of its first sentence, any question, any request."""
    numbered = texts.select(
        text_no=pl.int_range(pl.len()),
        language=pl.lit(language),
        body=pl.col("text").fill_null(""),
        before=pl.col("before") if "before" in texts.columns else pl.lit(None, pl.String),
    )
    connection = connect()
    load_macros(connection)
    sentences = mark(connection, numbered)
    connection.close()
    per_text = sentences.group_by("text_no").agg(
        pl.col("kind").first(), question=pl.col("is_question").any(), request=pl.col("is_request").any()
    )
    return (
        numbered.select("text_no")
        .join(per_text, on="text_no", how="left", maintain_order="left")
        .with_columns(pl.col("question", "request").fill_null(False))
        .drop("text_no")
    )


def on_public_data(folder: Path) -> Iterator[dict[str, Any]]:
    """One record per set, language, target and variant (`noq`: every question mark taken away)."""
    marks = f"[{re.escape(QUESTION_MARKS)}]"
    for path in sorted(folder.glob("*.parquet")):
        columns = pl.read_parquet_schema(path)
        targets = {"question": "ask_q", "request": "ask_any"}
        targets = {target: column for target, column in targets.items() if column in columns}
        if "text" not in columns or not targets:
            continue
        rows = pl.read_parquet(path).filter(pl.col("text").is_not_null())
        rows = rows if "lang" in rows.columns else rows.with_columns(lang=pl.lit("und"))
        for (language,), part in sorted(rows.group_by("lang", maintain_order=True), key=lambda group: str(group[0])):
            for variant in ("given", "noq"):
                text = pl.col("text") if variant == "given" else pl.col("text").str.replace_all(marks, "")
                texts = part.with_columns(text)
                ours = found(texts.select("text"), str(language))
                has_mark = texts["text"].str.contains(marks)
                for target, column in targets.items():
                    is_known = texts[column].is_not_null()
                    truth = (texts[column] == 1).filter(is_known)
                    said = ours["question"] if target == "question" else ours["question"] | ours["request"]
                    yield {
                        "set": path.stem,
                        "lang": language,
                        "target": target,
                        "variant": variant,
                        "n": truth.len(),
                        **_scores(truth, said.filter(is_known)),
                        "f1_mark_only": _scores(truth, has_mark.filter(is_known))["f1"],
                    }


def _scores(truth: pl.Series, said: pl.Series) -> dict[str, Any]:
    right, positives, claimed = int((truth & said).sum()), int(truth.sum()), int(said.sum())
    return {
        "positives": positives,
        "precision": round(right / claimed, 4) if claimed else 0.0,
        "recall": round(right / positives, 4) if positives else 0.0,
        "f1": round(2 * right / (positives + claimed), 4) if positives + claimed else 0.0,
    }


def on_held_out(language: str) -> dict[str, Any]:
    """Per kind and mark: labelled, claimed and right; macro and micro F1; the confusion matrix."""
    rows = labelled(language, "held_out")
    ours = found(rows, language)
    pairs = pl.DataFrame({"label": rows["kind"], "said": ours["kind"]})
    kinds = {kind: _counts(pairs["label"] == kind, pairs["said"] == kind) for kind in KINDS}
    return {
        "language": language,
        "n": rows.height,
        "kinds": kinds,
        "marks": {name: _counts(rows[name], ours[name]) for name in ("question", "request")},
        "macro_f1": sum(_f1(counts) for counts in kinds.values()) / len(kinds),
        "right": sum(counts["right"] for counts in kinds.values()),
        "confusion": [[pairs.filter(label=label, said=said).height for said in KINDS] for label in KINDS],
    }


def _counts(truth: pl.Series, said: pl.Series) -> dict[str, int]:
    said = said.fill_null(False)
    return {"labelled": int(truth.sum()), "claimed": int(said.sum()), "right": int((truth & said).sum())}


def _f1(counts: dict[str, int]) -> float:
    total = counts["labelled"] + counts["claimed"]
    return 2 * counts["right"] / total if total else 0.0


def _rate(right: int, n: int) -> str:
    from scipy.stats import binomtest

    if not n:
        return "–"
    interval = binomtest(right, n).proportion_ci(method="wilson")
    return f"{right / n:.2f} ({interval.low:.2f}–{interval.high:.2f})"


def replies_part() -> list[str]:
    """The part of the page about the classes of first replies."""
    lines = [
        "",
        "## Classes of first replies",
        "",
        "Held-out replies of `tests/samples/replies/`, written before the rules and never tuned on; a label of an outcome "
        "source wins over the rules.",
        "",
        "| language | replies | macro F1 | right | interested F1 | declined F1 | other F1 | opt-outs found | false opt-outs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(REPLIES.glob("*.held_out.tsv")):
        language = path.name.split(".")[0]
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        replies = pl.DataFrame(rows, schema=["class", "opt_out", "text"], orient="row").with_columns(
            body_hash=pl.int_range(pl.len()).cast(pl.String),
            language=pl.lit(language),
            body=pl.col("text").str.replace_all(" / ", "\n", literal=True),
        )
        said = reply_classes(replies.select("body_hash", "language", "body"))
        f1 = [_f1(_counts(replies["class"] == name, said["reply_class"] == name)) for name in REPLY_CLASSES]
        right = int((replies["class"] == said["reply_class"]).sum())
        out = _counts(replies["opt_out"] == "1", said["opted_out"])
        lines.append(
            f"| {language} | {replies.height} | {sum(f1) / len(f1):.2f} | {_rate(right, replies.height)} | "
            + " | ".join(f"{value:.2f}" for value in f1)
            + f" | {out['right']} of {out['labelled']} | {out['claimed'] - out['right']} |"
        )
    return lines


def own_part() -> str:
    """The part of the page about our own held-out sentences."""
    languages = sorted(path.name.split(".")[0] for path in SENTENCES.glob("*.held_out.tsv"))
    results = [on_held_out(language) for language in languages]
    lines = [
        "# How often the sentence rules are right",
        "",
        "Made by `make accuracy`; a test keeps the part about our own sentences in step. The kinds are defined in the "
        "[code book](sentence_kinds.md); the rules are the files of `sql/lexicons/`. The held-out sentences in "
        "`tests/samples/sentences/` are invented, were written and labelled before the rules and by another hand, and "
        "no rule was tuned on them. Intervals are Wilson's, 95 %. Real messages are longer and their context helps; "
        "real recruiters are also stranger than any sample. Labels are one reader's: some disputes are the code book's.",
        "",
        "| language | sentences | macro F1 over the kinds | share right (micro F1) |",
        "|---|---|---|---|",
        *(
            f"| {result['language']} | {result['n']} | {result['macro_f1']:.2f} | {_rate(result['right'], result['n'])} |"
            for result in results
        ),
    ]
    for result in results:
        lines += [
            "",
            f"## {result['language']}",
            "",
            "| | labelled | precision | recall | F1 |",
            "|---|---|---|---|---|",
        ]
        for name, counts in [*result["kinds"].items(), *((f"*{k}* (mark)", v) for k, v in result["marks"].items())]:
            precision, recall = _rate(counts["right"], counts["claimed"]), _rate(counts["right"], counts["labelled"])
            lines.append(f"| {name} | {counts['labelled']} | {precision} | {recall} | {_f1(counts):.2f} |")
        lines += ["", "Rows: the label. Columns: what the rules said.", ""]
        lines += ["| | " + " | ".join(kind.replace("_", " ") for kind in KINDS) + " |", "|---" * (len(KINDS) + 1) + "|"]
        for label, counts_row in zip(KINDS, result["confusion"], strict=True):
            lines.append(f"| {label} | " + " | ".join(str(n) if n else "" for n in counts_row) + " |")
    return "\n".join([*lines, *replies_part()]) + "\n"


def public_part(records: list[dict[str, Any]]) -> str:
    """The part of the page about labelled public data, of which nothing is in the project."""
    lines = [
        PUBLIC,
        "",
        "`question` against questions, `request` (question or request) against questions and requests; `noq`: every "
        "question mark taken away; the last column counts question marks alone. Acts are not form: many labels say no to "
        "a question mark because the sentence asks a favour. Nothing was trained on these sets, and none is in the project.",
        "",
        "| set | language | target | variant | n | positives | precision | recall | F1 | mark alone |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {r['set']} | {r['lang']} | {r['target']} | {r['variant']} | {r['n']} | {r['positives']} "
            f"| {r['precision']:.2f} | {r['recall']:.2f} | {r['f1']:.2f} | {r['f1_mark_only']:.2f} |"
            for r in records
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the records, write the page; the public part stays as it is where the data is not here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, default=Path("../shared/gold"))
    gold = parser.parse_args().gold
    records = []
    for record in on_public_data(gold) if gold.is_dir() else []:
        print(json.dumps(record, ensure_ascii=False), flush=True)
        records.append(record)
    if not records:
        print(f"{gold}: no labelled data here; only docs/accuracy.md was written.", file=sys.stderr)
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    public = public_part(records) if records else before[before.find(PUBLIC) :] if PUBLIC in before else ""
    PAGE.write_text(own_part() + ("\n" + public if public else ""), encoding="utf-8")
    return 0


if __name__ == "__main__":
    leave(main())
