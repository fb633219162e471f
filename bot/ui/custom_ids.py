"""What a button carries: an action and what it is about. Never a right: that is looked up when it is pressed.

gl1:greenlight:<project>:<version>      gl1:cancel:<production>
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "gl1"
_PATTERN = re.compile(r"gl1:([a-z]{1,16}):([0-9a-f]{32})(?::([0-9]{1,4}))?")


class Action(StrEnum):
    GREENLIGHT = "greenlight"
    CHANGE = "change"  # opens a modal; the submitted modal carries the same action
    CANCEL = "cancel"
    RESEND = "resend"  # post the end of a production again that could not be posted
    AGAIN = "again"  # a held film: order what went unanswered again,
    WITHOUT = "without"  # finish it without that,
    STOP = "stop"  # or give it up
    APPROVE = "approve"  # let a film into the line whose price needs that,
    DECLINE = "decline"  # or end it unordered
    RETRY = "retry"  # plan a failed film anew
    INSTEAD = "instead"  # a new version of the plan, for another model
    FILMS = "films"  # a page of somebody's films; `ref` is theirs, `version` the page
    FILM = "film"  # one of them
    SEND = "send"  # post it again, in the channel of the press
    DELETE = "delete"  # ask whether it is to be deleted,
    ERASE = "erase"  # and have it deleted
    PRIVACY = "privacy"  # what is kept of somebody; `ref` is theirs
    EXPORT = "export"  # everything of theirs as a file
    FORGET = "forget"  # ask whether everything of theirs is to be deleted,
    ERASEALL = "eraseall"  # and have it deleted


@dataclass(frozen=True, slots=True)
class CustomId:
    """`ref` is a project's, production's or person's id, `version` a plan's, or a page."""

    action: Action
    ref: str
    version: int | None = None

    def __str__(self) -> str:
        version = f":{self.version}" if self.version is not None else ""
        return f"{PREFIX}:{self.action}:{self.ref}{version}"

    @classmethod
    def parse(cls, text: str) -> CustomId | None:
        """`None` for anything we did not write, or no longer understand."""
        found = _PATTERN.fullmatch(text)
        if found is None or found.group(1) not in set(Action):
            return None
        version = int(found.group(3)) if found.group(3) else None
        return cls(Action(found.group(1)), found.group(2), version)
