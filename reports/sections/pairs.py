"""What goes with replies and conversions: a row a measure, a column an outcome, a verdict in words in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports import charts
from reports.estimates import Finding, Findings
from reports.words import findings as words

MAXIMUM_MEASURES = 8
# One column of the table holds the forms of one outcome: a measure is related to at most one of them.
COLUMNS = (
    ("replied_7d", "replied_8_to_30d"),
    ("interested_30d",),
    ("discussion",),
    ("converted_60d", "converted_60d_after_landmark"),
)


def view(findings: Findings, info: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """What the template needs: the leading measures, all pairs folded away, and those with too little data."""
    event = str(info.get("conversion_event") or "conversion")
    leading, every = findings.leading, findings.clear + findings.unclear
    widest = max((abs(end) for f in every for end in (f.low or 0.0, f.high or 0.0)), default=0.0) or 0.01
    columns = [names for names in COLUMNS if any(f.outcome in names for f in leading.clear + leading.unclear)]
    return {
        "headline": words.findings_headline(
            leading, bool(info.get("reply_refused_reason") or info.get("conversion_refused_reason"))
        ),
        "columns": [words.FINDING_COLUMNS[0], *(words.outcome_head(names[0], event, labels) for names in columns)],
        "measures": [
            {
                "name": words.metric_words(metric),
                "cells": [_cell(findings, metric, names) for names in columns],
            }
            for metric in measures(leading)[:MAXIMUM_MEASURES]
        ],
        "missed": words.missed(leading),
        "rows": [_row(finding, widest, event, labels) for finding in leading.clear + leading.unclear],
        "rest": [_row(finding, widest, event, labels) for finding in every],
        "rest_headline": words.all_findings_headline(len(every)),
        "too_little": words.too_little_words(findings.too_little, event, labels),
        "too_little_headline": words.too_little_headline(len(findings.too_little)),
    }


def measures(leading: Findings) -> list[str]:
    """The measures with enough data, those that go clearly with something first, the largest difference first."""
    return list(dict.fromkeys(finding.metric for finding in leading.clear + leading.unclear))


def _cell(findings: Findings, metric: str, outcomes: tuple[str, ...]) -> dict[str, Any]:
    finding = findings.pair(metric, outcomes)
    if finding is None:
        return {"verdict": words.NOT_COMPARED, "size": "", "flag": "", "is_clear": False}
    return {
        "verdict": words.cell_words(finding),
        "size": words.size_words(finding),
        "flag": words.flag_words(finding),
        "is_clear": finding.verdict in ("higher", "lower"),
    }


def _row(finding: Finding, widest: float, event: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "cells": words.finding_row(finding, event, labels),
        "glyph": _glyph(finding, widest),
        "flag": words.flag_words(finding),
        "is_clear": finding.verdict in ("higher", "lower"),
    }


def _glyph(finding: Finding, widest: float) -> str:
    if finding.difference is None or finding.low is None or finding.high is None:
        return ""
    return charts.interval_glyph(finding.low, finding.high, finding.difference, start=-widest, end=widest, zero=0.0)
