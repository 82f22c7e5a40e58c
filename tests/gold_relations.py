"""What the method says of labelled public data: measurement and estimates through the functions, outside the guard.

`python -m tests.gold_relations --gold ../shared/gold` prints one line per pair.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import polars as pl

from sql.associate import associate
from sql.guard import MetricSpec, OutcomeSpec
from sql.wording import verdict_sentence

ALL = {"all": pl.lit(True)}


def relate(rows: pl.DataFrame, metric: str, outcome: str) -> dict[str, Any]:
    """One pair over all rows of `thread_id, recruiter_id, started_at` and the two columns."""
    grouped = rows.with_columns(
        approach_no=1,
        candidate_id="thread_id",
        language=pl.lit("en"),
        template_id=pl.lit(None, pl.String),
        **{outcome: pl.col(outcome).cast(pl.Boolean)},
    )
    table = associate(
        grouped,
        [MetricSpec(metric, "opening", "mean", "words")],
        [OutcomeSpec(outcome, "opening", 30)],
        week="gold",
        slices=ALL,
    )
    return table.row(0, named=True)


def persuasion(gold: Path) -> pl.DataFrame:
    """PersuasionForGood: one row per dialogue, with the persuader's talk share, first words and questions."""
    words = pl.col("text").str.count_matches(r"\S+")
    is_ours = pl.col("role") == "persuader"
    measured = (
        pl.read_parquet(gold / "p4g_messages.parquet")
        .drop_nulls("text")
        .sort("dialog_id", "seq")
        .group_by("dialog_id")
        .agg(
            talk_share=words.filter(is_ours).sum() / words.sum(),
            first_message_words=words.filter(is_ours).first(),
            questions=pl.col("text").filter(is_ours).str.count_matches(r"\?+").sum(),
        )
    )
    started = pl.col("dialog_id").str.extract(r"(\d{8})").str.to_date("%Y%m%d").cast(pl.Datetime("us", "UTC"))
    return (
        pl.read_parquet(gold / "p4g_dialogs.parquet")
        .join(measured, on="dialog_id")
        .with_columns(thread_id="dialog_id", recruiter_id="dialog_id", started_at=started)
    )


def requests(gold: Path) -> pl.DataFrame:
    """RAOP: one row per request, with its words before any edit."""
    return pl.read_parquet(gold / "raop_requests.parquet").select(
        thread_id="request_id",
        recruiter_id="request_id",
        started_at=_moment("ts_utc"),
        words=pl.col("text_edit_aware").str.count_matches(r"\S+"),
        received="received",
    )


def mailing_list(gold: Path) -> pl.DataFrame:
    """A public mailing list: one row per thread whose window has closed, with whether its first mail asks."""
    threads = pl.read_parquet(gold / "maillist_usrp_threads.parquet").filter(pl.col("censored") == 0)
    return threads.select(
        thread_id="thread",
        recruiter_id="starter",
        started_at=_moment("ts"),
        asks=pl.col("first_q") > 0,
        replied="replied",
    )


def _moment(column: str) -> pl.Expr:
    return pl.from_epoch((pl.col(column) * 1e6).cast(pl.Int64), time_unit="us").dt.replace_time_zone("UTC")


def relations(gold: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Every pair that has a reference, by set and metric."""
    dialogues = persuasion(gold)
    return {
        **{
            ("PersuasionForGood", name): relate(dialogues, name, "donated")
            for name in ("talk_share", "first_message_words", "questions")
        },
        ("RAOP", "words"): relate(requests(gold), "words", "received"),
        ("mailing list", "asks"): relate(mailing_list(gold), "asks", "replied"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, required=True)
    for (name, _), row in relations(parser.parse_args().gold).items():
        print(f"{name}: {verdict_sentence(row)}")
        print(
            f"    n {row['n_approaches']}, rho {row['rho']:+.3f} [{row['rho_low']:+.3f}, {row['rho_high']:+.3f}]; "
            f"{row['n_recruiters']} senders; pooled {row['difference']:+.3f} "
            f"[{row['difference_low']:+.3f}, {row['difference_high']:+.3f}]; adjusted "
            f"{row['adjusted_difference'] or float('nan'):+.3f} "
            f"[{row['adjusted_low'] or float('nan'):+.3f}, {row['adjusted_high'] or float('nan'):+.3f}]; {row['method']}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
