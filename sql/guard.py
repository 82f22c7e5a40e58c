"""Which metric may meet which outcome: only one that was complete before the outcome could happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.errors import ForbiddenPairError


@dataclass(frozen=True)
class MetricSpec:
    """A metric as its SQL header declares it; `name` is a column of `approach_metrics`."""

    name: str
    observation: str
    """opening | landmark | landmark_unanswered | before_reply | whole"""
    kind: str
    unit: str


@dataclass(frozen=True)
class OutcomeSpec:
    """A yes-or-no outcome; `name` is a column of `approach_metrics`, NULL where unknown or still open."""

    name: str
    start: str
    """Where its window begins: opening | landmark | landmark_unanswered"""
    maturity_days: int | None


def check_pair(metric: MetricSpec, outcome: OutcomeSpec) -> None:
    """Raise `ForbiddenPairError` unless the metric was complete before the outcome could happen."""
    pair = f"{metric.name} may not be related to {outcome.name}"
    if metric.observation == "whole":
        raise ForbiddenPairError(
            "whole-contains-the-outcome",
            f"{pair}: it is measured over the whole conversation, which contains the outcome; "
            "use its landmark form with an outcome after the landmark.",
        )
    if metric.observation == "before_reply":
        raise ForbiddenPairError(
            "before-reply-contains-the-outcome",
            f"{pair}: it stops growing when the reply comes, so it contains the outcome; "
            "use followups_unanswered_7d with replied_8_to_30d.",
        )
    if metric.observation not in ("opening", "landmark", "landmark_unanswered"):
        raise ForbiddenPairError(
            "unknown-observation-point",
            f"{pair}: we know no observation point '{metric.observation}'; declare one in the SQL header.",
        )
    if outcome.maturity_days is None:
        raise ForbiddenPairError(
            "undated-outcome",
            f"{pair}: the outcome has no window, so older approaches had longer to reach it; "
            "use the same event within 30, 60 or 90 days.",
        )
    if metric.observation == outcome.start:
        return
    if metric.observation == "landmark":
        raise ForbiddenPairError(
            "landmark-needs-outcomes-after-it",
            f"{pair}: the outcome may have happened before the landmark, 7 days after the first reply; "
            "use converted_60d_after_landmark.",
        )
    if metric.observation == "landmark_unanswered":
        raise ForbiddenPairError(
            "unanswered-landmark-needs-later-replies",
            f"{pair}: the outcome may have happened before day 7, when this metric is taken; "
            "use replied_8_to_30d, among approaches still unanswered on day 7.",
        )
    raise ForbiddenPairError(
        "opening-needs-outcomes-from-the-start",
        f"{pair}: the outcome is known only for approaches that were, or were not, answered by then; "
        "use an outcome counted from the first message.",
    )


def allowed_pairs(
    metrics: Sequence[MetricSpec], outcomes: Sequence[OutcomeSpec]
) -> list[tuple[MetricSpec, OutcomeSpec]]:
    """Every pair the guard lets through, in the given order."""
    return [(metric, outcome) for metric in metrics for outcome in outcomes if is_allowed(metric, outcome)]


def is_allowed(metric: MetricSpec, outcome: OutcomeSpec) -> bool:
    """Whether the guard lets the pair through."""
    try:
        check_pair(metric, outcome)
    except ForbiddenPairError:
        return False
    return True
