"""Faults on demand: what may go wrong between a client and a service, as values that a test or a demo scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sandbox.providers.answers import Answer


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection breaks without an answer; `applied` says whether the service did as asked before that."""

    applied: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer, for as long as the client waits."""

    applied: bool = False


@dataclass(frozen=True, slots=True)
class Drip:
    """The service does as asked; of its answer a blank comes now and then, for as long as the client waits."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """The service does as asked; its answer stops half way, its Content-Length telling of more."""


@dataclass(frozen=True, slots=True)
class Html:
    """A proxy's HTML page instead of JSON; `applied` as in `Reset`."""

    status: int = 200
    applied: bool = True


@dataclass(frozen=True, slots=True)
class EmptyOutput:
    """The operation succeeds with nothing in it."""


@dataclass(frozen=True, slots=True)
class ContentRefused:
    """The content policy says no, where and how the service says it. `code` overrides the service's usual one."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class Breaks:
    """The operation is accepted and ends in a failure that is nobody's fault. `code` as in `ContentRefused`."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class NeverEnds:
    """The operation is accepted and stays under way for good."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The operation is accepted, and the service does not know it afterwards."""


#: What becomes of the operation that a request starts.
Fate = EmptyOutput | ContentRefused | Breaks | NeverEnds | Lost

#: What happens to the request itself.
Fault = Answer | Reset | Hang | Drip | Truncated | Html | Fate


@dataclass(slots=True)
class Script:
    """One scripted fault and how many times it still strikes."""

    service: str
    method: str
    path: re.Pattern[str]
    kind: Fault
    times: int


@dataclass(slots=True)
class Faults:
    """The faults still to come, first scripted first; `chance` decides on a request that no script is for."""

    scripts: list[Script] = field(default_factory=list)
    chance: Callable[[str, str, str], Fault | None] | None = None

    def add(self, service: str, method: str, path: str, kind: Fault, times: int = 1) -> None:
        """Let `kind` strike the next `times` requests of `service` in whose path the expression `path` is found."""
        self.scripts.append(Script(service, method.upper(), re.compile(path), kind, times))

    def clear(self) -> None:
        self.scripts.clear()

    def take(self, service: str, method: str, path: str) -> Fault | None:
        for script in self._left():
            if script.service == service and script.method == method and script.path.search(path):
                script.times -= 1
                return script.kind
        return self.chance(service, method, path) if self.chance is not None else None

    def _left(self) -> Iterator[Script]:
        return (script for script in self.scripts if script.times > 0)
