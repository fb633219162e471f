"""What was measured under load, as a table, and how far each figure is from what we aim at."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of one target. `aim` is the most it may be, `None` where it is told for comparison only."""

    target: str
    what: str
    measured: float
    unit: str
    aim: float | None = None

    @property
    def is_met(self) -> bool:
        return self.aim is None or self.measured <= self.aim


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A measurement: what was done, the figures, and what a reader must know to read them."""

    title: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def head(seconds: float, load: float) -> str:
    cores = len(os.sched_getaffinity(0))
    return (
        f"Greenlight under load: {cores} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"{seconds:g} s each, load average {load:.1f} before. The sandbox works on the same cores."
    )


def render(chapter: Chapter) -> str:
    rows = [["", "measured", "aim", ""], *(_row(figure) for figure in chapter.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    rule = "  " + "─" * (sum(widths) + 3 * (len(widths) - 1))
    return "\n".join([chapter.title, lines[0], rule, *lines[1:], *(f"  {note}" for note in chapter.notes)])


def short(chapters: Iterable[Chapter]) -> list[str]:
    """The names of the figures that fall short."""
    return [f"{figure.target} {figure.what}" for chapter in chapters for figure in chapter.figures if not figure.is_met]


def _row(figure: Figure) -> list[str]:
    aim = "" if figure.aim is None else f"≤ {_number(figure.aim)} {figure.unit}"
    verdict = "" if figure.aim is None else "met" if figure.is_met else "SHORT"
    return [f"{figure.target:<5} {figure.what}", f"{_number(figure.measured)} {figure.unit}", aim, verdict]


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
