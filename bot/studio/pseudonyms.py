"""Numbers that stand for people who had everything of theirs deleted: what they spent counts, who they are is gone.

A pseudonym is a keyed hash of the Discord id. Its key lies in DATA_DIR and not in the database: whoever reads the rows
alone, in a dump or a copy, cannot try ids until one fits. Where the file is lost, what such a person has spent on that
day counts for the server and the whole bot only.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class BrokenKey(Exception):
    """The file with the key holds something else; the text names it."""


class Pseudonyms:
    """Stands people's ids for others. Without a key given, for this process only."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(KEY_BYTES) if key is None else key

    def of(self, user_id: int) -> int:
        """Always the same for a person, and below zero, where no id of Discord's is."""
        digest = hmac.digest(self._key, f"person {user_id}".encode(), hashlib.sha256)
        return -1 - (int.from_bytes(digest[:8]) >> 2)


def read_key(path: Path) -> bytes:
    """The key in a file that only we can read, made where it is not there; several processes may ask at once.

    Raises:
        BrokenKey: somebody has changed it.
    """
    if not path.exists():
        new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(new)  # whole or not at all, and whoever is first decides
        except FileExistsError:
            pass
        finally:
            new.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise BrokenKey(f"{path} does not hold {KEY_BYTES} bytes; restore it, or remove it to begin a new one")
    return key
