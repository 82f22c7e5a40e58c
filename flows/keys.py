"""Keys beside the id key: the one of the tombstones, which is never changed, and the change of the id key."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from flows import store
from flows.store import KEY_VARIABLE, Home, write_private
from schemas.errors import TalkshareError, UsageError

FORGET_VARIABLE = "TALKSHARE_FORGET_KEY"


def forget_key(home: Home) -> bytes:
    """The key of the tombstones, made on first use. Raises UsageError where tombstones stand without their key."""
    if value := os.environ.get(FORGET_VARIABLE):
        return value.encode()
    path = home.private / "forget.key"
    if not path.exists():
        if home.tombstones.exists():
            raise UsageError(
                f"{path}: missing, so nobody who was forgotten can be recognised in an export. Put it back from where "
                f"you keep it, or give it as {FORGET_VARIABLE}."
            )
        write_private(path, secrets.token_hex(32))
    key = path.read_text().strip().encode()
    if not key:
        raise UsageError(f"{path}: empty. Put the key of the tombstones back.")
    return key


def digest(key: bytes, value: str) -> str:
    """A value that only this key can be asked about."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def _next_key(home: Home) -> Path:
    return home.private / "id.key.new"


def settle(home: Home) -> None:
    """Finish or undo a change of the id key that was cut short: the store tells which key it was written with."""
    waiting = _next_key(home)
    if not waiting.exists() or os.environ.get(KEY_VARIABLE) == waiting.read_text():
        return
    if home.database.exists() and _is_of(home, waiting.read_text().strip().encode()):
        adopt(home)
    else:
        waiting.unlink()


def _is_of(home: Home, key: bytes) -> bool:
    with closing(store.open_store(home)) as connection, suppress(TalkshareError):
        store.check_key(connection, key)
        return True
    return False


@contextmanager
def another_key(home: Home) -> Iterator[None]:
    """A new id key for what is done within; `adopt` makes it the key for good. Raises UsageError where the environment
    gives the key."""
    if os.environ.get(KEY_VARIABLE):
        raise UsageError(
            f"The key of the person ids comes from {KEY_VARIABLE}. Give a new value there and build anew: "
            "`talkshare run --rebuild`."
        )
    key = secrets.token_hex(32)
    write_private(_next_key(home), key)
    os.environ[KEY_VARIABLE] = key
    try:
        yield
    finally:
        del os.environ[KEY_VARIABLE]


def adopt(home: Home) -> None:
    """Make the waiting key the id key; pages named by the old ids go."""
    shutil.rmtree(home.coaching, ignore_errors=True)
    store.swap_in(_next_key(home), home.private / "id.key")
