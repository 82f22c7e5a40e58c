"""What was built into the invented world, and what its files therefore hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from flows.demo.people import RECRUITERS, STYLES
from flows.demo.world import (
    DAY,
    INTERVIEW_IF_OPEN,
    REPLY_30D,
    REPLY_CLASSES,
    Approach,
    World,
    moment,
    reply_probability,
)

NO_EFFECT = (
    "team",
    "language",
    "month",
    "channel",
    "question marks beyond the style",
    "follow-ups",
    "talk share on conversion",
)


@dataclass(frozen=True)
class Truth:
    """The known truth of one invented world; `to_json` leaves the single approaches out."""

    seed: int
    since: str
    until: str
    effect: dict[str, Any]
    """Built-in probabilities: reply within 30 days per style at an average recruiter, and what follows."""
    no_effect: tuple[str, ...]
    """What truly makes no difference, however it may look."""
    recruiters: list[dict[str, Any]]
    styles: dict[str, dict[str, Any]]
    """Per style: approaches, judged after 30 days, replied among them, expected share, interviews."""
    threads: dict[str, int]
    languages: dict[str, int]
    events: dict[str, int]
    """Outcome rows by event, over all outcome files."""
    files: dict[str, dict[str, int]]
    """Rows of every data file by what they are; `total` is their sum."""
    invitations: dict[str, dict[str, int]]
    """Rows of `Invitations.csv` per archive: outgoing, incoming, and how many carry a note."""
    rows: dict[str, int]
    """Sums over message files; `already_known`: wanted rows (no spam, no advertising) two archives share."""
    approaches: tuple[Approach, ...] = field(repr=False, default=())

    def to_json(self) -> str:
        """Everything but the single approaches, as text that is the same for the same world."""
        told = {key: value for key, value in asdict(self).items() if key != "approaches"}
        return json.dumps(told, indent=2, ensure_ascii=False) + "\n"

    def write(self, path: Path) -> None:
        """Write the truth beside the exports, never among them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.to_json().encode())


def tell_truth(
    world: World,
    seed: int,
    files: dict[str, Counter[str]],
    invitations: dict[str, Counter[str]],
    already_known: int,
    unlinked: int,
) -> Truth:
    """Sum up the world and its files."""
    approaches = tuple(a for thread in world.threads for a in thread.approaches)
    messages, events = Counter[str](), Counter[str]()
    for name, counts in files.items():
        (events if name.endswith(("outcomes.csv", "ats_stage_export.csv")) else messages).update(counts)
    return Truth(
        seed=seed,
        since=moment(world.since).date().isoformat(),
        until=moment(world.until).date().isoformat(),
        effect={
            "reply_30d": REPLY_30D,
            "reaction_minus_sell": round(REPLY_30D["reaction_first"] - REPLY_30D["sell_first"], 4),
            "reply_class": REPLY_CLASSES,
            "interview_if_not_declined": INTERVIEW_IF_OPEN,
        },
        no_effect=NO_EFFECT,
        recruiters=_recruiters(world),
        styles={style: _style(style, approaches, world.until) for style in STYLES},
        threads=_threads(world, unlinked),
        languages=dict(sorted(Counter(a.language for a in approaches).items())),
        events=dict(sorted(events.items())),
        files={name: {**dict(sorted(c.items())), "total": c.total()} for name, c in sorted(files.items())},
        invitations={name: dict(sorted(c.items())) for name, c in sorted(invitations.items())},
        rows={**dict(sorted(messages.items())), "total": messages.total(), "already_known": already_known},
        approaches=approaches,
    )


def _style(style: str, approaches: Iterable[Approach], until: int) -> dict[str, Any]:
    mine = [a for a in approaches if a.style == style]
    judged = [a for a in mine if a.started_at + 30 * DAY <= until and not a.by_note]
    replied = [a for a in judged if a.replied_at is not None and a.replied_at < a.started_at + 30 * DAY]
    return {
        "approaches": len(mine),
        "opened_by_note": sum(a.by_note for a in mine),
        "judged_30d": len(judged),
        "replied_30d": len(replied),
        "expected_share": round(sum(a.p_reply_30d for a in judged) / max(1, len(judged)), 4),
        "interviews": sum(a.interview_at is not None for a in mine),
    }


def _threads(world: World, unlinked: int) -> dict[str, int]:
    outreach = [t for t in world.threads if not t.is_inbound]
    seen = Counter(t.candidate.slug for t in outreach if not t.is_hidden and not t.recruiter.is_agency)
    return {
        "outreach": len(outreach),
        "inbound": len(world.threads) - len(outreach),
        "hidden_member": sum(t.is_hidden for t in outreach),
        "recontacted": sum(len(t.approaches) > 1 for t in outreach),
        "approaches": sum(len(t.approaches) for t in outreach),
        "messages": sum(len(t.messages) for t in world.threads),
        "auto_replies": sum(m.kind == "auto_reply" for t in world.threads for m in t.messages),
        "candidates_of_several_recruiters": sum(n > 1 for n in seen.values()),
        "unlinked_outcome_rows": unlinked,
    }


def _recruiters(world: World) -> list[dict[str, Any]]:
    outreach = Counter(t.recruiter.slug for t in world.threads if not t.is_inbound)
    return [
        {
            "id": r.id_text,
            "source": "agency" if r.is_agency else f"linkedin {r.era}",
            "team": r.team,
            "threads": outreach[r.slug],
            "style_mix": dict(zip(STYLES, r.styles, strict=True)),
            "languages": r.languages,
            "reply_30d": {s: round(reply_probability(r, s), 4) for s in STYLES},
        }
        for r in RECRUITERS
    ]
