"""What was measured, as tables to read, and how far it is from what we aim at."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.films import FilmTimes, Stage
from benchmarks.memory import Memory
from benchmarks.startup import StartTimes
from bot.production.camera import FIRST_LOOK

#: What we aim at: seconds of our own for a film, seconds to READY, bytes resident when idle.
AIM_OURS, AIM_READY, AIM_IDLE = 1.5, 3.0, 150_000_000

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it was measured. `load` is the load average of a minute, before and after: others may be at work, too."""

    cores: int
    processor: str
    python: str
    ffmpeg: str
    load: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was measured."""

    machine: Machine
    first_starts: Sequence[StartTimes]
    restarts: Sequence[StartTimes]
    films: Sequence[FilmTimes]
    memory: Sequence[Memory]


def machine(ffmpeg: str, load_before: float) -> Machine:
    named = (line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line)
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=next(named, platform.machine()).partition(":")[2].strip() or platform.machine(),
        python=platform.python_version(),
        ffmpeg=ffmpeg,
        load=(load_before, os.getloadavg()[0]),
    )


def render(findings: Findings) -> str:
    """The whole report."""
    here = findings.machine
    before, after = here.load
    parts = [
        f"Greenlight measured on {here.cores} cores ({here.processor}), Python {here.python}, ffmpeg {here.ffmpeg}",
        f"Load average {before:.1f} before, {after:.1f} after. The sandbox works on the same cores and is in it all.",
        "",
        *_start_table(findings.first_starts, findings.restarts),
        "",
        *_film_table(findings.films),
        "",
        *_memory_table(findings.memory),
        "",
        *_verdicts(findings),
    ]
    return "\n".join(parts)


def _start_table(firsts: Sequence[StartTimes], restarts: Sequence[StartTimes]) -> list[str]:
    rows = [
        ("Python up, ffmpeg tested", "ffmpeg_tested"),
        ("database and engine open, logging in", "logging_in"),
        ("gateway connected", "connected"),
        ("READY", "ready"),
    ]
    cells = [
        [name, *(_spread([getattr(one, field) for one in group]) for group in (firsts, restarts))]
        for name, field in rows
    ]
    head = ["seconds from the start of the process", "first start", "restart"]
    return [f"Start-up, median of {len(firsts)} (least to most)", *_table([head, *cells])]


def _film_table(films: Sequence[FilmTimes]) -> list[str]:
    groups = list(_by_size(films).values())
    shown = [_middle(group) for group in groups]
    rows = [["seconds", *(_counted(film.shots) for film in shown)]]
    for number, stage in enumerate(shown[0].stages):
        rows.append([stage.name, *(_part(film.stages[number]) for film in shown)])
    rows += [
        ["total", *(_spread([film.total for film in group]) for group in groups)],
        ["  ffmpeg ran", *(f"{film.ffmpeg:.2f}" for film in shown)],
        ["    checking · encoding", *(f"{film.checking:.2f} · {film.encoding:.2f}" for film in shown)],
        ["    runs · seconds of CPU", *(f"{film.runs} · {film.cpu:.1f}" for film in shown)],
        ["  ours", *(f"{film.ours:.2f}" for film in shown)],
        ["    as a share of ffmpeg's", *(f"{film.ours / film.ffmpeg:.2f}" for film in shown)],
        ["looks at a shot, at most", *(str(film.looks) for film in shown)],
    ]
    return [
        "From Greenlight to the posted film, providers answering at once [of it, ffmpeg ran]",
        f"Of {len(groups[0])} films of each size the one whose total is in the middle",
        *_table(rows),
    ]


def _memory_table(memory: Sequence[Memory]) -> list[str]:
    rows = [[str(one.films), f"{one.resident / MB:.0f}", f"{one.own / MB:.0f}"] for one in memory]
    lines = ["Memory of the bot's process, MB", *_table([["films made", "resident", "its own"], *rows])]
    if len(memory) > 2:
        after, last = memory[1], memory[-1]
        grown = (last.resident - after.resident) / (last.films - after.films) / 1000
        lines.append(f"From film {after.films} to film {last.films} it grew by {grown:.0f} kB a film.")
    return lines


def _verdicts(findings: Findings) -> list[str]:
    lines = ["Against the aims"]
    for shots, group in _by_size(findings.films).items():
        film = _middle(group)
        lines.append(_verdict(f"ours, {_counted(shots)}", film.ours, AIM_OURS, "s"))
    lines.append(f"       of it, {FIRST_LOOK:g} s is the pause before the first look at an order")
    lines.append(_verdict("READY, first start", median(one.ready for one in findings.first_starts), AIM_READY, "s"))
    lines.append(_verdict("READY, restart", median(one.ready for one in findings.restarts), AIM_READY, "s"))
    idle, last = findings.memory[0], findings.memory[-1]
    lines.append(_verdict("idle", idle.resident / MB, AIM_IDLE / MB, "MB"))
    lines.append(
        f"       after {last.films} films: {last.resident / MB:.0f} MB, {last.resident / idle.resident:.2f} times idle"
    )
    return lines


def _verdict(what: str, measured: float, aim: float, unit: str) -> str:
    digits = 0 if measured >= 100 else 2
    word = "met  " if measured <= aim else "SHORT"
    beyond = "" if measured <= aim else f", {measured - aim:.{digits}f} {unit} too much"
    return f"  {word}  {what}: {measured:.{digits}f} {unit} of {aim:g} {unit}{beyond}"


def _by_size(films: Iterable[FilmTimes]) -> dict[int, list[FilmTimes]]:
    groups: dict[int, list[FilmTimes]] = {}
    for film in films:
        groups.setdefault(film.shots, []).append(film)
    return groups


def _middle(films: Sequence[FilmTimes]) -> FilmTimes:
    """One real film rather than medians of its parts, which would not add up."""
    return sorted(films, key=lambda film: film.total)[len(films) // 2]


def _part(stage: Stage) -> str:
    return f"{stage.seconds:.2f} [{stage.ffmpeg:.2f}]" if stage.ffmpeg >= 0.005 else f"{stage.seconds:.2f}"


def _spread(values: Sequence[float]) -> str:
    middle = f"{median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f} to {max(values):.2f})"


def _counted(shots: int) -> str:
    return f"{shots} shots" if shots > 1 else "1 shot"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    drawn = [
        "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [drawn[0], "  " + "─" * (sum(widths) + 3 * (len(widths) - 1)), *drawn[1:]]
