"""What a service says, beside an answer, is left of its limits. Whoever opens the adapters may listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaNote:
    """What is left of one limit of the account behind a key, as told with an answer.

    Attributes:
        key_id: the credential's id.
        model: whose limit it is; `None` for all models together.
        period: seconds that the limit counts over, `MINUTE` or `DAY`.
        requests, tokens: that are left; `None` where nothing is said of them.
        resets_in: seconds until the limit is whole again.
    """

    provider: str
    key_id: str
    model: str | None
    period: float
    requests: int | None = None
    tokens: int | None = None
    resets_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomNote:
    """How many requests or operations the account behind a key may have open at once, as told with an answer."""

    provider: str
    key_id: str
    model: str | None
    room: int


Note = QuotaNote | RoomNote

Notice = Callable[[Note], None]
"""Hears of it at once, on the event loop; it must not wait, nor fail."""


def ignore(note: Note) -> None:
    """For who does not care."""
