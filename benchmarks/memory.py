"""Resident memory of the bot's process alone: idle, and while it makes film after film for several people at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stage import quick_world, ready_bot
from benchmarks.visitor import Visitor

#: People who make films at the same time; as many films as that are in production at once by default.
PEOPLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes: what is resident, and the part of it that is the process's own rather than pages of files it maps."""

    films: int
    resident: int
    own: int


async def measure_memory(folder: Path, *, films: int, every: int, settle: float) -> list[Memory]:
    """Look when idle, and after each `every` films of one short shot; `settle` seconds of rest come before a look."""
    folder.mkdir()
    async with quick_world(folder / "world") as world:
        members = [world.discord.people.join(f"Guest {number}") for number in range(PEOPLE)]
        async with ready_bot(world, folder) as bot:
            await asyncio.sleep(settle)
            seen = [memory_of(bot.pid, films=0)]
            while (made := seen[-1].films) < films:
                upto = min(films, made + every)
                await _make(range(made, upto), [Visitor(world.discord, member) for member in members])
                await asyncio.sleep(settle)
                seen.append(memory_of(bot.pid, films=upto))
    return seen


async def _make(numbers: range, visitors: list[Visitor]) -> None:
    """Deal the films out between people who each make theirs one after the other."""
    async with asyncio.TaskGroup() as group:
        for place, visitor in enumerate(visitors):
            group.create_task(_make_each(visitor, numbers[place :: len(visitors)]))


async def _make_each(visitor: Visitor, numbers: range) -> None:
    for number in numbers:
        thread = await visitor.plan(f"a kite, take {number}, 2 seconds long,", shots=1)
        await visitor.greenlight(thread)
        await visitor.film(thread)


def memory_of(pid: int, *, films: int) -> Memory:
    """Read Linux' own account of a process (`man 5 proc_pid_status`: kB are 1024 bytes)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    said = dict(line.split(":", 1) for line in text.splitlines())
    resident, own = (int(said[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon"))
    return Memory(films=films, resident=resident, own=own)
