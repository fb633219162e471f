"""What a service answers when it does not do as asked, as a value: handlers raise it, faults script it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer with a JSON body (or text, where `body` is a string)."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The service says no, in its own words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}")
        self.answer = answer
