"""A generated mbox of any size, read in bounded memory: `python -m tests.bench_mailbox --megabytes 2048`."""

from __future__ import annotations

import argparse
import base64
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.mail_threads import CLIENTS, LANGUAGES

OWNER = "sam@agency.example"
ATTACHMENT = base64.encodebytes(random.Random(1).randbytes(60_000)).decode()


def write(path: Path, megabytes: int) -> int:
    """Threads of an opening and up to five answers in all clients and languages, a third of them with an attachment."""
    rng, written, mails, at = random.Random(7), 0, 0, datetime(2020, 1, 1, tzinfo=UTC)
    clients, languages = list(CLIENTS.values()), list(LANGUAGES.values())
    with path.open("w", encoding="utf-8", newline="\n") as file:
        while written < megabytes << 20:
            language, person, at = rng.choice(languages), rng.randrange(10**9), at + timedelta(minutes=9)
            for turn in range(rng.choice((1, 1, 1, 2, 3, 6))):
                at += timedelta(minutes=1)
                mine = turn % 2 == 0
                text = language.parent if not turn else rng.choice(clients)(language, rng.choice(language.replies))
                text = text.replace("\r", "")
                people = (OWNER, f"c{person}@dev.example")
                mail = (
                    f"From x{mails}@xxx Mon Mar 04 11:20:34 +0000 2024\nX-GM-THRID: {person}\n"
                    f"X-Gmail-Labels: {'Sent' if mine else 'Inbox'}\nDate: {at:%a, %d %b %Y %H:%M:%S +0000}\n"
                    f"From: {people[not mine]}\nTo: {people[mine]}\nSubject: Role {person}\nMessage-ID: <{mails}@x.example>\n"
                )
                if rng.random() < 0.33:
                    mail += (
                        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n"
                        f"Content-Transfer-Encoding: 8bit\n\n{text}\n--b\nContent-Type: application/pdf\n"
                        f"Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n{ATTACHMENT}\n--b--\n\n"
                    )
                else:
                    mail += f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n\n"
                written += file.write(mail)
                mails += 1
    return mails


def main() -> int:
    """Print seconds, mails and megabytes a second, and the peak of memory beside that of the imports alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    from flows.config import Settings
    from flows.readers import read
    from flows.readers.reading import Export

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "mails.mbox"
        mails = write(path, options.megabytes)
        size = path.stat().st_size / (1 << 20)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start, busy = time.perf_counter(), time.process_time()
        found = read(Export(path, path.name, "mailbox", ""), Settings(), not_after=datetime(2030, 1, 1, tzinfo=UTC))
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert found.messages.height == mails
    threads = found.messages["thread_id"].n_unique()
    print(f"{size:.0f} MB, {mails:,} mails in {threads:,} threads: {seconds:.0f} s ({cpu:.0f} s CPU)")
    print(
        f"{mails / cpu:,.0f} mails and {size / cpu:.0f} MB a second of CPU; peak {peak:.0f} MB (before: {before:.0f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
