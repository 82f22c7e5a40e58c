"""Kills `forget` at random moments, lets the next run finish, and compares with one that nobody disturbed.

`python -m tests.forget_storm --kills 60`; part of `make soak`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flows import pipeline
from flows.store import Home
from tests.canaries import search
from tests.homes import NOW, OWNED
from tests.test_forgetting import ANA_TEXTS, ZIPS, counted
from tests.test_pipeline import ANA, archive

FORGET = """
import sys
from pathlib import Path
from flows import pipeline
from flows.store import Home
from tests.homes import NOW, OWNED
import great_expectations, sql.measure, sql.families, schemas.check
print("ready", flush=True)
pipeline.forget(Home(Path(sys.argv[1])), OWNED, sys.argv[2], now=NOW)
"""


def forget(home: Home, patience: float | None) -> bool:
    """Forget in a process of its own, killed after `patience` seconds; whether it came to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", FORGET, str(home.root), ANA],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        return process.wait(timeout=patience) == 0
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        untouched = Home(Path(folder) / "untouched")
        for name, rows in ZIPS.items():
            archive(Path(folder) / name, *rows)
        pipeline.run(untouched, OWNED, [Path(folder) / name for name in ZIPS], now=NOW)
        wanted = counted(untouched)
        stages = {"not begun": 0, "finished by the run": 0, "done before the kill": 0}
        begun = time.perf_counter()
        timed = Home(Path(folder) / "timed")
        shutil.copytree(untouched.root, timed.root)
        assert forget(timed, None)
        longest = time.perf_counter() - begun
        for kill in range(options.kills):
            home = Home(Path(folder) / f"home-{kill}")
            shutil.copytree(untouched.root, home.root)
            ended = forget(home, chance.uniform(0, longest))
            began = home.tombstones.exists()
            stages["done before the kill" if ended else "finished by the run" if began else "not begun"] += 1
            if began:
                pipeline.run(home, OWNED, now=NOW)
            else:
                pipeline.forget(home, OWNED, ANA, now=NOW)
            assert counted(home) == wanted, f"kill {kill}: the counts differ"
            assert search(home.root, ANA_TEXTS).of() == {}, f"kill {kill}: something is left"
            shutil.rmtree(home.root)
    print(f"{options.kills} kills of forget: {stages}; 0 differences, 0 traces")


if __name__ == "__main__":
    main()
