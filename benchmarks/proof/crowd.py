"""People who want films, and get them however often they have to ask: the bot may be dead whenever they press."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from benchmarks.proof.records import Row, Rows
from sandbox.discord.people import Member
from sandbox.discord.reading import buttons_of
from sandbox.discord.simulation import Impossible
from sandbox.world import World

Seen = TypeVar("Seen")

#: Seconds between two looks at the rows, after which somebody asks again, and looks for a button again.
LOOK_EVERY, AGAIN_AFTER, LOOK_AGAIN = 0.5, 8.0, 1.5
#: Every so many films somebody narrates.
SPOKEN = 5


class Board:
    """What the rows say, read for everybody at once."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._turned = asyncio.Condition()
        self.projects: dict[str, Row] = {}  # by the interaction that asked for them
        self.productions: dict[str, Row] = {}  # by project

    async def run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._read)
            except DBAPIError:
                pass  # the server restarts; what was read is still on the board
            else:
                async with self._turned:
                    self._turned.notify_all()
            await asyncio.sleep(LOOK_EVERY)

    async def until(self, look: Callable[[], Seen | None], within: float = AGAIN_AFTER) -> Seen | None:
        """What `look` sees once it sees something, `None` if it does not in time."""
        try:
            async with asyncio.timeout(within), self._turned:
                while (seen := look()) is None:
                    await self._turned.wait()
                return seen
        except TimeoutError:
            return None

    def _read(self) -> None:
        projects = self._rows("SELECT id, request_id, thread_id, state FROM projects")
        productions = self._rows(
            "SELECT id, project_id, state, run, delivered_at FROM productions ORDER BY accepted_at"
        )
        self.projects = {row["request_id"]: row for row in projects}
        self.productions = {row["project_id"]: row for row in productions}


class Crowd:
    """As many people as there are members, each with one film at a time, until `films` were asked for."""

    def __init__(self, world: World, board: Board, members: Sequence[Member], *, films: int, seed: int) -> None:
        self._world = world
        self._board = board
        self._members = members
        self._left = films
        self._asked = 0
        self._dice = random.Random(seed)  # noqa: S311  # chance, not secrets
        self.ends: Counter[str] = Counter()
        self.held = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(self._visit(member))

    def stop_asking(self) -> None:
        """Begin no more films; those that were asked for go on."""
        self._left = 0

    async def _visit(self, member: Member) -> None:
        while self._left > 0:
            self._left -= 1
            self._asked += 1
            self.ends[await self._have_film(member, self._asked)] += 1

    async def _have_film(self, member: Member, number: int) -> str:
        """Ask, greenlight, decide where asked to; how it ended."""
        narrated = "with a narrator" if number % SPOKEN == 0 else "without words"
        request_id = await self._ask(member, f"paper boat number {number}q, 1 shot, {narrated}")
        while True:
            project = self._board.projects[request_id]
            if project["state"] == "failed":
                await self._press(member, project, "Try again")
            elif (production := self._board.productions.get(project["id"])) is None:
                await self._press(member, project, "Greenlight")
            else:
                return await self._decide(member, project, production["id"])
            await self._board.until(lambda p=project: self._board.productions.get(p["id"]), LOOK_AGAIN)  # type: ignore[misc]

    async def _ask(self, member: Member, idea: str) -> str:
        """Until it is written down: what was not has never been accepted."""
        discord = self._world.discord
        while True:
            try:
                use = await discord.people.slash(member, discord.channel_id, "plan", {"idea": idea})
            except Impossible:  # no bot has registered its commands yet
                await asyncio.sleep(LOOK_EVERY)
                continue
            if await self._board.until(lambda use=use: self._board.projects.get(str(use.id))):  # type: ignore[misc]
                return str(use.id)

    async def _decide(self, member: Member, project: Row, production_id: str) -> str:
        """Wait for the end; where the film is held, order again or stop."""
        while True:
            row = self._board.productions[project["id"]]
            if row["id"] == production_id and row["delivered_at"] is not None:
                if row["state"] in {"done", "failed", "cancelled"}:
                    return str(row["state"])
                if row["state"] == "held":
                    self.held += 1
                    await self._press(member, project, self._dice.choice(("Order again", "Look again", "Stop")))
            await self._board.until(lambda seen=row: self._moved(seen), LOOK_AGAIN)  # type: ignore[misc]

    def _moved(self, seen: Row) -> bool | None:
        return self._board.productions[seen["project_id"]] != seen or None

    async def _press(self, member: Member, project: Row, label: str) -> None:
        """Press a button that begins like this, if it is there yet. Nothing tells whether anybody heard it."""
        if project["thread_id"] is None:
            return
        thread = int(project["thread_id"])
        labels = [button for message in self._world.discord.messages(thread) for button in buttons_of(message)]
        found = [button["custom_id"] for button in labels if str(button.get("label")).startswith(label)]
        if found:
            try:
                async with asyncio.timeout(AGAIN_AFTER):
                    await self._world.discord.people.press(member, thread, custom_id=found[-1])
            except (Impossible, TimeoutError):
                return  # another message stands there by now, or the bot was killed over it: it is pressed again
