"""The readers of fixed shapes, in the order in which a file is tried."""

from __future__ import annotations

from flows.readers.reader import Reader

READERS: tuple[Reader, ...] = ()


def reader_of(shape: str) -> Reader | None:
    """The reader of a shape; None for those that are told by columns, archives and mailboxes."""
    return next((reader for reader in READERS if reader.shape == shape), None)


def titles() -> list[str]:
    """What the readers are for, in words."""
    return [reader.title for reader in READERS]
