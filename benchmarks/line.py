"""`python -m benchmarks.line [FILMS]`: what a long line of films costs the bot, on a database file and no Discord.

A look of the dispatcher is timed while a watcher on the same event loop notes for how long it could not run. Figures of
one run may be compared with each other; those of another machine, or another hour, hardly.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert, update

from bot.db import Database, open_database
from bot.db.tables import productions, projects
from bot.jobs.engine import Engine
from bot.jobs.wake import Wake
from bot.production.dispatcher import Dispatcher
from bot.production.lifecycle import Lifecycle
from bot.production.model import ProductionState
from bot.production.productions import Productions

#: Films waiting, people they belong to, looks timed, places asked for after each.
FILMS, PEOPLE, LOOKS, PLACES = 10_000, 500, 6, 50
AT_ONCE = 4
#: Seconds between two turns of the watcher.
TURN = 0.005


class Idle(Engine):
    """Starts nothing: only the line is measured."""

    async def start(self, name: str, workflow_id: str, subject: str) -> None:
        pass


async def measure(films: int) -> None:
    with tempfile.TemporaryDirectory(prefix="greenlight-line-") as folder:
        database = await open_database(f"sqlite+aiosqlite:///{folder}/greenlight.db")
        await _fill(database, films)
        dispatcher = Dispatcher(
            Idle(Path(folder) / "engine.sqlite3"),
            Productions(database),
            Lifecycle(database, Wake()),
            give_back=_nothing,
            at_once=AT_ONCE,
        )
        stood: list[float] = []
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(_watch(stood))
            print(f"{films} films of {PEOPLE} people wait; {AT_ONCE} start at each look")
            for number in range(1, LOOKS + 1):
                look = await _timed(dispatcher)
                await _end_running(database)
                began = time.perf_counter()
                for place in range(PLACES):
                    dispatcher.position(_id(films // 2 + place))
                places = time.perf_counter() - began
                await asyncio.sleep(2 * TURN)
                print(
                    f"  look {number}: {look:.3f} s; {PLACES} places {places:.3f} s; "
                    f"the loop stood still for {max(stood):.3f} s at most"
                )
                stood.clear()
            watcher.cancel()
        await database.close()


async def _timed(dispatcher: Dispatcher) -> float:
    began = time.perf_counter()
    await dispatcher.look()
    return time.perf_counter() - began


async def _watch(stood: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TURN)
        stood.append(time.perf_counter() - began - TURN)


async def _fill(database: Database, films: int) -> None:
    now = time.time()
    begun = [now - films + number for number in range(films)]
    async with database.transaction() as transaction:
        await transaction.execute(
            insert(projects),
            [
                {
                    "id": _id(number),
                    "request_id": str(number),
                    "owner_id": number % PEOPLE,
                    "channel_id": 1,
                    "idea": "a kite",
                    "model": "gen4.5",
                    "ratio": "16:9",
                    "state": "planned",
                    "created_at": at,
                    "updated_at": at,
                }
                for number, at in enumerate(begun)
            ],
        )
        await transaction.execute(
            insert(productions),
            [
                {
                    "id": _id(number),
                    "request_id": str(number),
                    "project_id": _id(number),
                    "version": 1,
                    "owner_id": number % PEOPLE,
                    "state": ProductionState.ACCEPTED,
                    "stage": "queue",
                    "price_microusd": 400_000,
                    "accepted_at": at,
                    "updated_at": at,
                }
                for number, at in enumerate(begun)
            ],
        )


async def _end_running(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(
            update(productions)
            .where(productions.c.state == ProductionState.RUNNING)
            .values(state=ProductionState.DONE, updated_at=time.time())
        )


async def _nothing(production_id: str) -> None:
    pass


def _id(number: int) -> str:
    return f"{number:032x}"


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else FILMS))
