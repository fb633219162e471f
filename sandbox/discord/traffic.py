"""What the bot sent: every HTTP request, in order, for tests that count."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """One uploaded part. `part` is its form name (`files[0]`)."""

    part: str
    name: str
    size: int
    data: bytes = field(repr=False)


@dataclass(slots=True, kw_only=True)
class LoggedRequest:
    """A request as it arrived, and, once there is one, its answer.

    `path` starts after `/api/v10`. `body` is the JSON body or the multipart `payload_json`. `status` is None until
    answered and stays None when the connection was cut; `fault` names the scripted fault that met it, if one did.
    """

    method: str
    path: str
    query: dict[str, str]
    body: object
    files: tuple[SentFile, ...]
    authorised: bool
    reason: str | None = None
    at: float = field(default_factory=time.time)
    status: int | None = None
    answer: object = field(default=None, repr=False)
    fault: str | None = None


class Refused(Exception):
    """Discord says no: `status` and the JSON body it would send."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors
