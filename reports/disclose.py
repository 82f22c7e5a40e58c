"""Which groups are large enough to be shown: nothing is said about fewer than five people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How many people stand behind one group."""

    candidates: int
    recruiters: int | None = None
    """None where recruiters are not what is grouped."""


def hidden_groups(
    sizes: Mapping[str, Size],
    minimum_candidates: int,
    minimum_recruiters: int = 0,
    hidden_anyway: Collection[str] = (),
) -> frozenset[str]:
    """The groups not to be shown, of groups that add up to a total which is shown.

    What is hidden could be had back by subtraction, so the smallest shown groups are hidden with it until at least two
    are, holding `minimum_candidates` together.
    Groups without anybody are neither shown nor hidden.
    """
    occupied = {name: size for name, size in sizes.items() if size.candidates > 0}
    hidden = {
        name
        for name, size in occupied.items()
        if name in hidden_anyway
        or size.candidates < minimum_candidates
        or (size.recruiters is not None and size.recruiters < minimum_recruiters)
    }
    shown = sorted((size.candidates, name) for name, size in occupied.items() if name not in hidden)
    for _, name in shown:
        if not hidden or (len(hidden) > 1 and sum(occupied[h].candidates for h in hidden) >= minimum_candidates):
            break
        hidden.add(name)
    return frozenset(hidden)


def merged_bins(counts: Sequence[int], minimum: int, others: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Neighbouring bins joined, left to right, until each holds `minimum` people; (first, past the last) bin.

    Empty bins at either end stay out. A total below `minimum` gives no bins. `others` are the people outside, where a
    total of both is known: a bin then holds `minimum` of them too, or none.
    """
    if sum(counts) < minimum:
        return []
    first = next(place for place, count in enumerate(counts) if count)
    last = max(place for place, count in enumerate(counts) if count) + 1

    def is_enough(start: int, past: int) -> bool:
        return sum(counts[start:past]) >= minimum and not 0 < sum(others[start:past]) < minimum

    merged: list[tuple[int, int]] = []
    start = first
    for past in range(first + 1, last + 1):
        if is_enough(start, past):
            merged.append((start, past))
            start = past
    while start < last and merged:
        start, _ = merged.pop()
        if is_enough(start, last):
            merged.append((start, last))
            start = last
    return merged
