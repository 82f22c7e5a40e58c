"""Invented exports in real shapes, with a known truth, at any size."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

from flows.demo.archives import write_archives
from flows.demo.people import RECRUITERS
from flows.demo.tables import write_agency_messages, write_agency_outcomes, write_ats, write_settings
from flows.demo.truth import Truth, tell_truth
from flows.demo.world import invent_world

__all__ = ["Truth", "invent"]


def invent(
    out: Path,
    *,
    threads: int = 4000,
    seed: int = 7,
    until: date = date(2026, 11, 15),
    truth_path: Path | None = None,
) -> Truth:
    """Write LinkedIn archives, agency tables, a stage export and `talkshare.toml` into `out`.

    `threads` (at least 100) counts the conversations recruiters open; inbound, group and unwanted ones come
    on top. The same arguments give the same bytes. The truth goes to `truth_path`, by default `truth.json`
    beside `out`, where no reader looks. Archives in the shapes of 2023 and 2025 cover the same months as
    the others: their shape is old, their dates are not.
    """
    if threads < 100:
        raise ValueError(f"threads={threads}: the invented world needs at least 100")
    rng = Random(seed)
    world = invent_world(rng, threads, until)
    linkedin = [t for t in world.threads if not t.recruiter.is_agency]
    agency = [t for t in world.threads if t.recruiter.is_agency]
    files: dict[str, Counter[str]] = {}
    invitations: dict[str, Counter[str]] = {}
    already_known = 0
    for recruiter in RECRUITERS:
        if recruiter.is_agency:
            continue
        own = [t for t in linkedin if t.recruiter is recruiter]
        written, doubled = write_archives(out, recruiter, own, rng, until)
        files |= {w.path: w.rows for w in written}
        invitations |= {w.path: w.invitations for w in written}
        already_known += doubled
    files["agency/messages.csv"] = write_agency_messages(out / "agency" / "messages.csv", agency, rng)
    files["agency/outcomes.csv"] = write_agency_outcomes(out / "agency" / "outcomes.csv", agency, until)
    ats = "ats/ats_stage_export.csv"
    files[ats], unlinked = write_ats(out / ats, linkedin, rng, until)
    write_settings(out / "talkshare.toml", until)
    truth = tell_truth(world, seed, files, invitations, already_known, unlinked)
    truth.write(truth_path or out.parent / "truth.json")
    return truth
