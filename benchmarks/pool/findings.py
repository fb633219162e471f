"""What one question found out: a table to read, and how far it is from what we aim at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One figure and its aim. `measured` is `None` where it could not be measured; `note` says why, or more."""

    what: str
    measured: float | None
    aim: float
    unit: str = ""
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        if self.measured is None:
            return False
        return self.measured >= self.aim if self.at_least else self.measured <= self.aim

    def __str__(self) -> str:
        note = f" ({self.note})" if self.note else ""
        if self.measured is None:
            return f"  NOT YET  {self.what}{note}"
        sign = "≥" if self.at_least else "≤"
        unit = f" {self.unit}" if self.unit else ""
        word = "met    " if self.is_met else "SHORT  "
        return f"  {word}  {self.what}: {_figure(self.measured)}{unit}, aim {sign} {_figure(self.aim)}{unit}{note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The answer to one question. `rows` stand under `head`; `notes` say what a reader must know to believe them."""

    question: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    claims: Sequence[Claim] = ()
    notes: Sequence[str] = field(default=())


def render(findings: Findings) -> str:
    lines = [findings.question]
    if findings.head:
        lines += _table([findings.head, *findings.rows])
    lines += [str(claim) for claim in findings.claims]
    lines += [f"  · {note}" for note in findings.notes]
    return "\n".join(lines)


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return "never" if value > 0 else "unknown"
    if value == int(value) and abs(value) < 1_000_000:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    drawn = [
        "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [drawn[0], "  " + "─" * (sum(widths) + 3 * (len(widths) - 1)), *drawn[1:]]
