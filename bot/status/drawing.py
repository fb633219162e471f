"""A program, not a library: reads samples as JSON on stdin, writes their chart as a PNG to stdout.

Four panels on Discord's dark background, one above the other with the same hours. No line is told by its colour alone:
each has its own dashes, marks and name. The colours are Okabe and Ito's (2008), which people who see colours
differently can tell apart; the two that are too dark here are lightened.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BACKGROUND, PANEL, GRID, TEXT = "#2b2d31", "#313338", "#4a4d55", "#dbdee1"
#: Colour, dashes and marks of the lines of one panel.
LOOKS = (
    ("#56b4e9", "-", "o"),
    ("#e69f00", (0, (5, 1.5)), "s"),
    ("#3fd0a4", (0, (1, 1)), "^"),
    ("#f0e442", (0, (5, 1, 1, 1)), "D"),
    ("#e58fc1", (0, (3, 1)), "v"),
    ("#ff7f50", (0, (8, 2)), "X"),
    ("#dbdee1", (0, (2, 1)), "P"),
)
#: Keys drawn by themselves; the others are added up.
MOST_KEYS = 6
#: Inches and dots to an inch: as wide as two of Discord's attachments, so that it is sharp and its words are large.
SIZE, DPI = (5.5, 6.8), 200
NAMES_IN_A_ROW = 3
#: A time without samples longer than this, in seconds, is a gap in every line.
GAP = 3000.0

Series = tuple[str, list[float]]


def main() -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    order = json.load(sys.stdin)
    sys.stdout.buffer.write(drawn(order["samples"], float(order["now"]), float(order["period"])))


def drawn(samples: Sequence[dict[str, Any]], now: float, period: float) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"font.size": 8.5, "font.family": "DejaVu Sans", "text.color": TEXT})
    figure = Figure(figsize=SIZE, dpi=DPI, facecolor=BACKGROUND, layout="constrained")
    panels = figure.subplots(4, 1, sharex=True)
    gapped = with_gaps(samples)
    times = [at for at, _ in gapped]

    def values(of: Callable[[dict[str, Any]], float]) -> list[float]:
        return [float("nan") if sample is None else float(of(sample)) for _, sample in gapped]

    draw_lines(panels[0], "Requests an hour, by key", times, requests_by_key(samples, values))
    waits = [("films", values(lambda sample: sample["films"]))]
    waits += [(name, line) for name, line in waiting_by_class(samples, values) if any(each > 0 for each in line)]
    draw_lines(panels[1], "How many wait", times, waits, whole=True)
    unit, size = ("min", 60.0) if max((sample["oldest"] for sample in samples), default=0) > 180 else ("s", 1.0)
    longest = values(lambda sample: sample["oldest"] / size)
    draw_lines(panels[2], f"Longest wait ({unit})", times, [("longest", longest)])
    spent = values(lambda sample: sample["spent_microusd"] / 1e6)
    draw_lines(panels[3], "Spent since midnight UTC ($)", times, [("spent", spent)])
    hours(panels[3], now, period)
    if not samples:
        figure.text(0.5, 0.5, "nothing measured yet", ha="center", va="center", fontsize=14)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", facecolor=BACKGROUND)
    return picture.getvalue()


def with_gaps(samples: Sequence[dict[str, Any]]) -> list[tuple[float, dict[str, Any] | None]]:
    """The samples by their times, with nothing between two that lie far apart: lines break there."""
    found: list[tuple[float, dict[str, Any] | None]] = []
    before: float | None = None
    for sample in samples:
        if before is not None and sample["at"] - before > GAP:
            found.append((before + 1, None))
        found.append((sample["at"], sample))
        before = sample["at"]
    return found


def requests_by_key(
    samples: Sequence[dict[str, Any]], values: Callable[[Callable[[dict[str, Any]], float]], list[float]]
) -> list[Series]:
    """The busiest keys, each by itself, and the others together; in requests an hour."""
    asked: Counter[str] = Counter()
    for sample in samples:
        asked.update(sample["requests"])
    keys = [key for key, _ in asked.most_common(MOST_KEYS)]
    others = asked.keys() - set(keys)

    def rate_of(names: set[str]) -> Callable[[dict[str, Any]], float]:
        return lambda sample: sum(
            number * 3600.0 / max(1.0, sample["seconds"]) for key, number in sample["requests"].items() if key in names
        )

    lines = [(key, values(rate_of({key}))) for key in keys]
    return [*lines, (f"{len(others)} others", values(rate_of(set(others))))] if others else lines


def waiting_by_class(
    samples: Sequence[dict[str, Any]], values: Callable[[Callable[[dict[str, Any]], float]], list[float]]
) -> list[Series]:
    def number_of(name: str) -> Callable[[dict[str, Any]], float]:
        return lambda sample: sample["waiting"].get(name, 0)

    classes = sorted({name for sample in samples for name in sample["waiting"]})
    return [(f"for a key: {name}", values(number_of(name))) for name in classes]


def draw_lines(axes: Axes, title: str, times: list[float], lines: Sequence[Series], *, whole: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_facecolor(PANEL)
    for number, ((name, line), (colour, dashes, mark)) in enumerate(zip(lines, LOOKS, strict=False)):
        axes.plot(
            times,
            line,
            color=colour,
            linestyle=dashes,
            linewidth=1.3,
            label=name,
            marker=mark,
            markersize=3.5,
            markevery=(number, len(LOOKS)),
        )
    top = max((each for _, line in lines for each in line if each == each), default=0.0)  # no NaN
    axes.set_ylim(0, max(top * 1.12, 1.0))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=whole))
    axes.grid(color=GRID, linewidth=0.5)
    axes.tick_params(colors=TEXT, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    rows = -(-len(lines) // NAMES_IN_A_ROW) if len(lines) > 1 else 0
    axes.set_title(title, loc="left", fontsize=9.5, color=TEXT, pad=4 + 11.5 * rows, fontweight="bold")
    if rows:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=NAMES_IN_A_ROW,
            fontsize=7.5,
            frameon=False,
            labelcolor=TEXT,
            handlelength=3,
            columnspacing=1.2,
            labelspacing=0.25,
            borderaxespad=0.1,
            borderpad=0.1,
        )


def hours(axes: Axes, now: float, period: float) -> None:
    axes.set_xlim(now - period, now)
    step = period / 6
    ticks = [at for at in (now // 3600 * 3600 - number * step for number in range(7)) if at > now - period]
    axes.set_xticks(ticks, [f"{datetime.fromtimestamp(at, tz=UTC):%H:%M}" for at in ticks])
    axes.set_xlabel("UTC", color=TEXT, fontsize=8)


if __name__ == "__main__":
    main()
