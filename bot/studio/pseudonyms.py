"""Numbers that stand for people who had everything of theirs deleted: what they spent counts, who they are is gone.

A pseudonym is a keyed hash of the Discord id, for Discord ids are no secret: whoever reads the rows alone, in a dump or
a copy, cannot try ids until one fits. The key is the bot's token, which every process of the bot has, on whatever
machine, and no row holds. Where it is replaced, what such a person has spent on that day counts for the server and the
whole bot only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets


class Pseudonyms:
    """Stands people's ids for others. Without a secret given, for this process only."""

    def __init__(self, secret: str | None = None) -> None:
        self._key = (secret or secrets.token_hex(32)).encode()

    def of(self, user_id: int) -> int:
        """Always the same for a person, and below zero, where no id of Discord's is."""
        digest = hmac.digest(self._key, f"person {user_id}".encode(), hashlib.sha256)
        return -1 - (int.from_bytes(digest[:8]) >> 2)
