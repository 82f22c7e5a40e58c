"""Published reference numbers on labelled public dialogues: `python -m tests.reproduce_gold --gold ../shared/gold`.

Each set is converted to canonical tables and sent through the whole pipeline; `thread_metrics` then meets the
reference outcome directly. That is a test of measurement, not of inference, so it stays outside `associations`: the
guard rightly refuses whole-thread talk share there.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from flows import pipeline, store
from flows.cli import leave
from flows.config import CompletenessSettings, Settings
from flows.store import Home

START = datetime(2024, 1, 1, tzinfo=UTC)
OBSERVED_UNTIL = START + timedelta(days=100)
TOLERANCE = 0.01
REFERENCES = {
    ("PersuasionForGood", "talk_share"): (-0.021, 526),
    ("PersuasionForGood", "first_message_words"): (0.013, 526),
    ("PersuasionForGood", "recruiter_questions"): (-0.011, 526),
    ("PersuasionForGood", "talk_share_messages"): (-0.113, 526),
    ("Craigslist", "talk_share"): (0.014, 601),
}


def canonical(messages: pl.DataFrame, dialogs: pl.DataFrame, recruiter: str, outcome: str, folder: Path) -> None:
    """Write `messages.parquet` and `outcomes.csv`: one-minute steps, the outcome 8 days after the first reply."""
    folder.mkdir(parents=True)
    said = (
        messages.filter(pl.col("text").is_not_null())
        .sort("dialog_id", "seq")
        .with_columns(minute=pl.int_range(pl.len()).over("dialog_id"))
        .with_columns(
            thread_id="dialog_id",
            sent_at=pl.lit(START) + pl.duration(minutes=pl.col("minute")),
            sender_role=pl.when(pl.col("role") == recruiter).then(pl.lit("recruiter")).otherwise(pl.lit("candidate")),
            body="text",
        )
        .with_columns(
            sender_id=pl.col("dialog_id") + "/" + pl.col("role"),
            candidate_id=pl.col("dialog_id") + "/candidate",
            observed_until=pl.lit(OBSERVED_UNTIL),
        )
    )
    columns = ["thread_id", "sent_at", "sender_id", "sender_role", "candidate_id", "body", "observed_until"]
    said.select(columns).write_parquet(folder / "messages.parquet")
    won = dialogs.filter(pl.col(outcome) == 1).select(
        thread_id="dialog_id",
        event=pl.lit("interview"),
        occurred_at=pl.lit((START + timedelta(days=8, minutes=1)).isoformat()),
        observed_until=pl.lit(OBSERVED_UNTIL.isoformat()),
    )
    won.write_csv(folder / "outcomes.csv")


def measured(folder: Path, home: Home) -> pl.DataFrame:
    """`thread_metrics` of the canonical tables in `folder`."""
    settings = Settings(completeness=CompletenessSettings(declared_complete=True))  # type: ignore[call-arg]
    pipeline.run(home, settings, [folder], now=OBSERVED_UNTIL + timedelta(days=1))
    return store.query_snapshot(home, "from thread_metrics")


def spearman(rows: pl.DataFrame, metric: str, outcome: str) -> tuple[float, int]:
    """Spearman's rho over the rows where both are known, and their number."""
    known = rows.select(pl.col(metric).cast(pl.Float64), pl.col(outcome).cast(pl.Float64)).drop_nulls()
    rho = known.select(pl.corr(metric, outcome, method="spearman")).item()
    return float(rho), known.height


def reproduce(gold: Path, workspace: Path) -> list[tuple[str, str, float, int, float, int]]:
    """`set, metric, rho, n, reference rho, reference n`, one row per reference number."""
    p4g = pl.read_parquet(gold / "p4g_dialogs.parquet")
    craigslist = pl.read_parquet(gold / "craigslist_dialogs.parquet")
    deals = pl.read_parquet(gold / "craigslist_messages.parquet").filter(pl.col("action") == "message")
    canonical(pl.read_parquet(gold / "p4g_messages.parquet"), p4g, "persuader", "donated", workspace / "p4g")
    canonical(deals, craigslist, "seller", "deal", workspace / "craigslist")
    sets = {
        "PersuasionForGood": (workspace / "p4g", p4g.select("dialog_id", outcome="donated")),
        "Craigslist": (workspace / "craigslist", craigslist.select("dialog_id", outcome="deal")),
    }
    found = []
    for name, (folder, outcomes) in sets.items():
        threads = measured(folder, Home(workspace / f"home-{folder.name}"))
        rows = threads.join(outcomes, left_on="thread_id", right_on="dialog_id")
        for (set_name, metric), (reference, n) in REFERENCES.items():
            if set_name == name:
                found.append((name, metric, *spearman(rows, metric, "outcome"), reference, n))
    return found


def question_shares(gold: Path, home: Home) -> tuple[float, float, int]:
    """Pearson's r of the persuader's `question_share` per dialogue, and of question marks alone, with the share of
    their sentences labelled as questions or requests; and the number of dialogues."""
    acts = pl.read_parquet(gold / "p4g_acts.parquet").filter(pl.col("speaker") == "persuader")
    labelled = acts.group_by("dialog_id").agg(
        asked=pl.col("ask_any").mean(), marked=pl.col("text").str.contains(r"\?").mean()
    )
    threads = store.query_snapshot(home, "select thread_id as dialog_id, question_share from thread_metrics")
    rows = threads.join(labelled, on="dialog_id").drop_nulls()
    ours, marks = rows.select(pl.corr("question_share", "asked"), pl.corr("marked", "asked").alias("marks")).row(0)
    return float(ours), float(marks), rows.height


def profile(home: Home) -> pl.DataFrame:
    """What each side's sentences do: one row a side, shares of the kinds; social of all, the others of the rest."""
    return store.query_snapshot(
        home,
        """
        with sums as (
            select
                side, count(*) as messages, sum(sentences) as sentences, sum(plain_sentences) as plain,
                sum(ask_open_sentences) as ask_open, sum(ask_closed_sentences) as ask_closed,
                sum(ask_permission_sentences) as permission, sum(ask_process_sentences) as process,
                sum(ask_rhetorical_sentences) as rhetorical, sum(tell_offer_sentences) as tell_offer,
                sum(tell_self_sentences) as tell_self, sum(tell_other_sentences) as tell_other,
                sum(reflect_sentences) as reflect, sum(social_sentences) as social, sum(question_sentences) as question,
                sum(request_sentences) as request
            from message_metrics group by side)
        select
            side, messages, sentences, round(columns(* exclude (side, messages, sentences, plain, social)) / plain, 3),
            round(social / sentences, 3) as social
        from sums order by side desc
        """,
    )


def main() -> int:
    """Print the table; exit 1 if a number differs by more than the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, default=Path("../shared/gold"))
    gold = parser.parse_args().gold
    if not gold.is_dir():
        print(f"{gold}: not here, so nothing was reproduced.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        rows = reproduce(gold, Path(folder))
        pearson, marks_alone, n_dialogues = question_shares(gold, Home(Path(folder) / "home-p4g"))
        profiles = {name: profile(Home(Path(folder) / f"home-{name}")) for name in ("p4g", "craigslist")}
    print(f"{'set':<18} {'metric':<21} {'rho':>7} {'n':>4}   {'reference':>9} {'n':>4}  within {TOLERANCE}")
    for name, metric, rho, n, reference, reference_n in rows:
        verdict = "yes" if abs(rho - reference) <= TOLERANCE else "NO"
        print(f"{name:<18} {metric:<21} {rho:+.3f} {n:>4}   {reference:+9.3f} {reference_n:>4}  {verdict}")
    print(
        f"\nPersuasionForGood: the persuader's question_share against labelled questions and requests, {n_dialogues} "
        f"dialogues: Pearson {pearson:+.3f} (question marks alone {marks_alone:+.3f})"
    )
    with pl.Config(tbl_cols=-1, tbl_width_chars=220, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        for name, table in profiles.items():
            print(f"\n{name}: what each side's sentences do\n{table}")
    return int(any(abs(row[2] - row[4]) > TOLERANCE for row in rows))


if __name__ == "__main__":
    leave(main())
