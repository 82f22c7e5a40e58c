"""What every sample export becomes: `python -m tests.sample_table` (or `make samples`)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flows.cli import leave
from flows.store import Home
from tests.homes import OWNED, SAMPLES, run

COLUMNS = ("rows_in", "rows_kept", "rows_set_aside", "rows_already_known", "rows_excluded")


def main() -> None:
    """Read each sample into a home of its own and print rows in, kept, set aside, already known, excluded, and why."""
    print("| sample | in | kept | set aside | known | excluded | what happened |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(SAMPLES.iterdir()):
            for file in run(Home(Path(folder) / path.name), path, settings=OWNED).files:
                counts = [str(getattr(file.kept, name)) if file.kept else "-" for name in COLUMNS]
                reasons = [f"{n} x {reason}" for reason, n in file.reasons.items()]
                said = "; ".join([*reasons, *file.warnings, *([file.message] if file.message else [])])
                print(f"| {path.name} | {' | '.join(counts)} | {said or file.status} |")


if __name__ == "__main__":
    main()
    leave(0)
