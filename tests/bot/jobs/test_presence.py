"""Who is alive among processes that share a PostgreSQL, who takes over, and how they nudge each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from bot.db import AWAY, driver_url
from bot.jobs.engine import Engine
from bot.jobs.liveness import Liveness
from bot.jobs.presence import Presence, name_of_process
from bot.jobs.relay import Relay
from bot.jobs.wake import Wake
from tests.bot.waiting import until


class Estate(Engine):
    """Films and workflows in one, which note who inherits them."""

    def __init__(self, *owners: str) -> None:
        super().__init__(Path("nowhere"))
        self.of = set(owners)
        self.inherited: list[tuple[str | None, str]] = []
        self.recovered: list[str] = []

    async def owners(self) -> set[str]:
        return self.of

    async def inherit(self, gone: str, heir: str) -> None:
        self.inherited.append((gone, heir))

    async def recover(self, worker: str) -> None:
        self.recovered.append(worker)
        self.of.discard(worker)


@pytest.fixture
async def ana(postgres_database: str) -> AsyncIterator[Presence]:
    presence = Presence(postgres_database, "ana")
    await presence.show()
    yield presence
    await presence.hide()


@pytest.fixture
async def ben(postgres_database: str) -> AsyncIterator[Presence]:
    presence = Presence(postgres_database, "ben")
    await presence.show()
    yield presence
    await presence.hide()


def living(presence: Presence, estate: Estate) -> Liveness:
    return Liveness(presence, estate, estate, Wake())


def cut(url: str) -> None:
    """What a restart of the server does to every connection."""
    with psycopg.connect(driver_url(url)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid != pg_backend_pid() AND datname = current_database()"
        )


def test_no_two_starts_have_the_same_name() -> None:
    names = {name_of_process() for _ in range(100)}

    assert len(names) == 100
    assert all(len(name) <= 80 for name in names)


async def test_one_that_lives_is_not_gone_and_one_that_ended_is(ana: Presence, ben: Presence) -> None:
    assert not await ana.is_gone("ben")

    await ben.hide()

    await until(lambda: ana.is_gone("ben"))  # the server hears of a closed connection a moment later


async def test_a_dead_worker_is_taken_over_at_the_second_look_and_once(ana: Presence) -> None:
    estate = Estate("dead", "ana")
    liveness = living(ana, estate)

    await liveness.look()
    assert not estate.inherited
    await liveness.look()
    await liveness.look()

    assert estate.inherited == [("dead", "ana")]
    assert estate.recovered == ["dead"]


async def test_of_many_heirs_one_takes_over(ana: Presence, ben: Presence) -> None:
    estate = Estate("dead")
    all_of_them = [living(ana, estate), living(ben, estate)]

    for _ in range(3):
        await asyncio.gather(*(each.look() for each in all_of_them))

    assert estate.recovered == ["dead"]


async def test_a_living_worker_is_never_taken_over(ana: Presence, ben: Presence) -> None:
    estate = Estate("ben")
    liveness = living(ana, estate)

    for _ in range(3):
        await liveness.look()

    assert not estate.inherited


async def test_a_server_that_cuts_everyone_off_makes_nobody_dead(
    ana: Presence, ben: Presence, postgres_database: str
) -> None:
    estate = Estate("ben")
    liveness = living(ana, estate)
    await liveness.look()
    cut(postgres_database)

    await ana.show()
    await liveness.look()  # falls into the moment in which ben has not come back
    await ben.show()
    await liveness.look()

    assert not estate.inherited


async def test_what_one_works_on_no_other_claims_until_it_is_done(ana: Presence, ben: Presence) -> None:
    async with ana.claim("plan 1") as by_ana, ben.claim("plan 1") as by_ben, ben.claim("plan 2") as another:
        assert (by_ana, by_ben, another) == (True, False, True)
    async with ben.claim("plan 1") as by_ben:
        assert by_ben


async def test_nothing_is_claimed_while_the_connection_is_away(ana: Presence) -> None:
    await ana.hide()

    with pytest.raises(AWAY):
        async with ana.claim("plan 1"):
            pass


async def test_a_nudge_reaches_other_processes_and_does_not_come_back(postgres_database: str) -> None:
    here, there = Wake(), Wake()
    heard_here, heard_there = here.listener(), there.listener()
    async with asyncio.TaskGroup() as group:
        relays = [
            group.create_task(Relay(postgres_database, name, changed).run(changed.listener()))
            for name, changed in (("here", here), ("there", there))
        ]
        await heard_here.wait(10.0)  # each nudges its own when it has begun to listen
        await heard_there.wait(10.0)

        here()
        await heard_here.wait(10.0)
        async with asyncio.timeout(10.0):
            await heard_there.wait(60.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await heard_here.wait(60.0)

        for relay in relays:
            relay.cancel()
