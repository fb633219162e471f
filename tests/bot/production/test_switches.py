"""What an operator paused stays paused, and is written down."""

from __future__ import annotations

from sqlalchemy import select

from bot.db import Database
from bot.db.tables import audit
from bot.jobs.wake import Wake
from bot.production.dispatcher import Dispatcher
from bot.production.switches import ALL, Switches
from tests.bot.production.test_dispatcher import Line


async def test_a_pause_outlives_the_process_and_ends_once(database: Database) -> None:
    await Switches(database, Wake()).pause("runway", 7, "their status page is red")
    await Switches(database, Wake()).pause("runway", 8)
    switches = Switches(database, Wake())

    assert await switches.paused() == {"runway"}
    assert [await switches.resume("runway", 7), await switches.resume("runway", 7)] == [True, False]
    assert await switches.paused() == frozenset()
    async with database.transaction() as transaction:
        rows = (await transaction.execute(select(audit).order_by(audit.c.id))).all()
    assert [(row.actor_id, row.action, row.ref, row.detail) for row in rows] == [
        (7, "pause", "runway", "their status page is red"),
        (8, "pause", "runway", ""),
        (7, "resume", "runway", ""),
    ]


async def test_a_paused_line_begins_no_film_and_goes_on_where_it_stood(database: Database) -> None:
    line, switches = Line(database), Switches(database, Wake())

    async def give_back(_production_id: str) -> None:
        raise AssertionError

    dispatcher = Dispatcher(
        line.engine,
        line.productions,
        line.lifecycle,
        give_back=give_back,
        at_once=2,
        clock=lambda: line.now,
        switches=switches,
    )
    await line.enter("a")
    await dispatcher.look()
    await switches.pause(ALL, 7)
    b = await line.enter("b")

    await dispatcher.look()
    assert (line.films(), dispatcher.position(b.id)) == (["a"], 1)

    await switches.resume(ALL, 7)
    await dispatcher.look()
    assert line.films() == ["a", "b"]
