"""Reads the reply out of a JSON answer while it is still being written."""

from __future__ import annotations

import json
import re

# The string as far as it is certain: whole escapes only, and of a surrogate only whole pairs. Where something else
# stands, a cut or what no text can hold, the match ends before it.
_REPLY = re.compile(
    r"""
    "reply" \s*:\s* "
    ((?: [^"\\]
       | \\["\\/bfnrt]
       | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
       | \\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}
    )*)
    """,
    re.VERBOSE,
)


class ReplyStream:
    """Fed with pieces of JSON text, tells the string under `reply` as far as it has come."""

    def __init__(self) -> None:
        self.text = ""
        self._told = ""

    def feed(self, piece: str) -> str | None:
        """The reply so far, or `None` where this piece added nothing to it."""
        self.text += piece
        found = _REPLY.search(self.text)
        if found is None:
            return None
        reply = str(json.loads(f'"{found.group(1)}"', strict=False))
        if reply == self._told:
            return None
        self._told = reply
        return reply
