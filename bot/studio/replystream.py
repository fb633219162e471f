"""Reads the reply out of a JSON answer while it is still being written."""

from __future__ import annotations

import json
import re

_REPLY = re.compile(r'"reply"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_PARTIAL_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")
_HIGH_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}$")


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
        escaped = _PARTIAL_ESCAPE.sub("", found.group(1))
        escaped = _HIGH_SURROGATE.sub("", escaped)  # its other half is still to come
        try:
            reply = json.loads(f'"{escaped}"', strict=False)
        except json.JSONDecodeError:
            return None
        if not isinstance(reply, str) or reply == self._told:
            return None
        self._told = reply
        return reply
