"""An event storm: every message and press is told of twice, connections break and replay; and the bot's manners.

Whatever Discord repeats, each film is planned, ordered and posted once. Beside that: the share of requests that Discord
counts as invalid, edits for a film, and how long a change of state takes until it can be seen.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load.crowd import share
from benchmarks.load.line import counted, database_in
from benchmarks.load.report import Chapter, Figure
from benchmarks.stage import quick_world, ready_bot
from benchmarks.visitor import Visitor
from sandbox.discord.traffic import LoggedRequest
from sandbox.discord.world import DiscordWorld
from sandbox.world import World

#: People who make films at once, seconds between two broken connections, events that each replays too many, and
#: seconds that a clip takes: long enough for its card to be edited on the way.
PEOPLE, BREAK_EVERY, STUTTER, PACE = 4, 4.0, 30, 6.0
SHOTS = 2
#: Seconds between two looks at the rows.
LOOK_EVERY = 0.05
#: Answers that Discord counts towards its ban of an address (docs, rate limits; 2026-08).
INVALID = frozenset({401, 403, 429})
_EDIT = re.compile(r"/channels/\d+/messages/(\d+)")
_STATES = (
    "SELECT productions.id, productions.state || '/' || productions.stage || '/' ||"
    " coalesce((SELECT group_concat(shot || state) FROM takes WHERE production_id = productions.id), ''),"
    " cards.message_id FROM productions LEFT JOIN cards ON cards.kind = 'job' AND cards.ref = productions.id"
)


@dataclass(slots=True)
class Watch:
    """When the rows of a film changed, as seen from outside, and which message shows it."""

    changes: dict[str, list[float]] = field(default_factory=dict)
    cards: dict[str, int] = field(default_factory=dict)
    _states: dict[str, str] = field(default_factory=dict)

    def note(self, rows: Sequence[tuple[str, str, int | None]], now: float) -> None:
        for production, state, message_id in rows:
            if self._states.get(production) != state:
                self._states[production] = state
                self.changes.setdefault(production, []).append(now)
            if message_id is not None:
                self.cards[production] = message_id

    def waits(self, edits: dict[int, list[float]]) -> list[float]:
        """Seconds from each change to the first edit behind it; a change before the card was there has none."""
        found = []
        for production, changes in self.changes.items():
            seen = edits.get(self.cards.get(production, 0), [])
            for at in changes:
                if seen and at >= seen[0]:
                    found += [edit - at for edit in seen if edit >= at][:1]
        return sorted(found)


async def measure_storm(folder: Path, seconds: float, *, people: int = PEOPLE, pace: float = PACE) -> Chapter:
    """Let `people` make films, one after the other, for so many seconds."""
    folder.mkdir()
    watch = Watch()
    async with quick_world(folder / "world", pace=pace) as world:
        world.discord.faults.echo_events(stutter=STUTTER)
        async with ready_bot(world, folder, MAX_FILMS_AT_ONCE=str(people)), asyncio.TaskGroup() as group:
            storm = group.create_task(_break(world.discord))
            look = group.create_task(_look(database_in(folder), watch))
            until = time.monotonic() + seconds
            made = await asyncio.gather(*(_films(world, number, until) for number in range(people)))
            storm.cancel()
            await asyncio.sleep(1.0)  # the last cards settle
            look.cancel()
    return _chapter(folder, world, watch, sum(made), seconds)


async def _films(world: World, number: int, until: float) -> int:
    member = world.discord.mia if number == 0 else world.discord.people.join(f"person-{number}")
    visitor, made = Visitor(world.discord, member), 0
    while made == 0 or time.monotonic() < until:
        thread = await visitor.plan(f"storm {number}, film {made}", shots=SHOTS)
        await world.discord.people.say(member, thread, "what is shot 1 about?")
        await visitor.greenlight(thread)
        await visitor.film(thread)
        made += 1
    return made


async def _break(discord: DiscordWorld) -> None:
    while True:
        await asyncio.sleep(BREAK_EVERY)
        discord.faults.drop_gateway()


async def _look(database: Path, watch: Watch) -> None:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        while True:
            watch.note(connection.execute(_STATES).fetchall(), time.time())
            await asyncio.sleep(LOOK_EVERY)


def _chapter(folder: Path, world: World, watch: Watch, films: int, seconds: float) -> Chapter:
    requests = list(world.discord.requests)
    edits = _edits(requests)
    shown = [len(edits.get(card, [])) for card in watch.cards.values()]
    waits = watch.waits(edits)
    invalid = sum(request.status in INVALID for request in requests)
    posted = [request for request in requests if request.files and request.method == "POST"]
    orders = sum(request.paid and request.accepted for request in world.providers.requests)
    twice = {
        "films": counted(folder, "SELECT count(*) FROM projects") - films,
        "greenlights": counted(folder, "SELECT count(*) FROM productions") - films,
        "turns": counted(folder, "SELECT count(*) FROM turns") - films,
        "orders": orders - counted(folder, "SELECT count(*) FROM paid_calls"),
        "films posted": len(posted) - films,
    }
    return Chapter(
        title=(
            f"Event storm · {films} films of {SHOTS} shots in {seconds:g} s and a little, every event twice, "
            f"{world.discord.gateway.resumes} connections resumed with {STUTTER} events replayed"
        ),
        figures=[
            *(Figure(target="storm", what=f"{what} too many", measured=n, unit="", aim=0) for what, n in twice.items()),
            Figure(target="storm", what="invalid requests", measured=100 * invalid / len(requests), unit="%", aim=0.5),
            Figure(target="storm", what="requests to Discord", measured=len(requests), unit=""),
            Figure(target="storm", what="edits of a job card, most", measured=max(shown, default=0), unit=""),
            Figure(target="storm", what="edits of a job card, p50", measured=share(sorted(shown), 0.5), unit=""),
            Figure(target="storm", what="change to edit, p50", measured=share(waits, 0.5), unit="s"),
            Figure(target="storm", what="change to edit, p95", measured=share(waits, 0.95), unit="s", aim=5.0),
        ],
        notes=[f"refused: {status} × {count}" for status, count in _refused(requests).items()],
    )


def _edits(requests: Sequence[LoggedRequest]) -> dict[int, list[float]]:
    """When each message was edited, as Discord took it."""
    found: dict[int, list[float]] = {}
    for request in requests:
        match = _EDIT.fullmatch(request.path)
        if match and request.method == "PATCH" and request.status == 200:
            found.setdefault(int(match[1]), []).append(request.at)
    return found


def _refused(requests: Sequence[LoggedRequest]) -> Counter[str]:
    refused = (request for request in requests if request.status is not None and request.status >= 400)
    return Counter(f"{each.method} {_what(each.path)} {each.status}" for each in refused)


def _what(path: str) -> str:
    """A path without its ids and tokens."""
    return "callback" if path.endswith("/callback") else re.sub(r"[0-9]{6,}", "…", path)[:60]
