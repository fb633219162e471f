"""What is wrong with the environment: by variable, with a remedy, never with a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong. `problem` continues a sentence that begins with the variable's name; `remedy` is a command."""

    variable: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.problem}; {self.remedy}"


class SettingsError(Exception):
    """The environment cannot be used. Carries every fault found, sorted by variable; safe to print and to log."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.variable)
        super().__init__(self.report())

    def report(self) -> str:
        """One line a fault, for the terminal."""
        return "\n".join(f"CONFIG ERROR  {fault}" for fault in self.faults)
