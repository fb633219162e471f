"""Each thing that is not well is told once, and once more when it is over, over any restart."""

from __future__ import annotations

from bot.db import Database
from bot.status.alerts import INSTANCE, OVER_AFTER, REMIND_AFTER, SETTLE, Alert, AlertRows
from bot.status.finding import Finding, Severity

ON_BOTH_DATABASES = True
ANA, BEN = 11, 12
DOWN = Finding(name="no key", severity=Severity.CRITICAL, what="No key works.", remedy="Renew them.")
KEY = Finding(name="key out", severity=Severity.WARNING, what="A key is dead.", remedy="Renew it.")
DISK = Finding(name="disk low", severity=Severity.WARNING, what="The disk is low.", remedy="Make room.")


class Watch:
    """Looks as time goes by; every look is another process's."""

    def __init__(self, database: Database) -> None:
        self.now = 1000.0
        self._database = database

    @property
    def rows(self) -> AlertRows:
        return AlertRows(self._database, clock=lambda: self.now)

    async def look(self, *found: Finding, guild_id: int = INSTANCE) -> list[Alert]:
        return await self.rows.look([(guild_id, each) for each in found], {INSTANCE: {ANA, BEN}, 5: {77}})

    async def tell(self, *found: Finding) -> list[tuple[str, bool, int]]:
        """Look and tell everybody who was not told: what, whether it is over, to whom."""
        told = []
        for alert in await self.look(*found):
            for receiver in sorted({ANA, BEN} - alert.told):
                await self.rows.told(alert, receiver)
                told.append((alert.name, alert.over_at is not None, receiver))
        return told

    async def later(self, seconds: float, *found: Finding) -> list[tuple[str, bool, int]]:
        self.now += seconds
        return await self.tell(*found)


async def test_it_is_told_to_everybody_once_when_it_has_lasted_a_while(database: Database) -> None:
    watch = Watch(database)
    assert await watch.tell(KEY) == []

    told = await watch.later(SETTLE[KEY.severity], KEY)

    assert told == [("key out", False, ANA), ("key out", False, BEN)]
    assert await watch.later(60.0, KEY) == []
    assert await watch.later(3600.0, KEY) == []


async def test_its_end_is_told_once_and_then_it_is_forgotten(database: Database) -> None:
    watch = Watch(database)
    await watch.tell(KEY)
    await watch.later(60.0, KEY)

    assert await watch.later(OVER_AFTER / 2) == []
    over = await watch.later(OVER_AFTER)

    assert over == [("key out", True, ANA), ("key out", True, BEN)]
    assert await watch.later(60.0) == []
    assert await watch.rows.all() == []


async def test_what_comes_and_goes_by_the_minute_is_one_alert(database: Database) -> None:
    watch = Watch(database)
    await watch.tell(KEY)
    await watch.later(60.0, KEY)

    for _ in range(20):
        assert await watch.later(60.0) == []
        assert await watch.later(60.0, KEY) == []


async def test_what_passes_before_it_was_told_is_never_told(database: Database) -> None:
    watch = Watch(database)
    await watch.tell(DISK)

    assert await watch.later(59.0) == []
    assert await watch.later(59.0, DISK) == []
    assert await watch.rows.all() != []


async def test_who_was_not_reached_is_told_at_the_next_look(database: Database) -> None:
    watch = Watch(database)
    await watch.look(KEY)
    watch.now += 60.0
    [alert] = await watch.look(KEY)
    await watch.rows.told(alert, ANA)

    assert await watch.later(60.0, KEY) == [("key out", False, BEN)]


async def test_what_comes_back_after_its_end_is_a_new_one(database: Database) -> None:
    watch = Watch(database)
    await watch.tell(KEY)
    await watch.later(60.0, KEY)
    await watch.later(OVER_AFTER)

    await watch.later(60.0, KEY)

    assert await watch.later(60.0, KEY) == [("key out", False, ANA), ("key out", False, BEN)]


async def test_what_lasts_for_a_week_is_told_once_more(database: Database) -> None:
    watch = Watch(database)
    await watch.tell(DISK)
    await watch.later(120.0, DISK)

    assert await watch.later(REMIND_AFTER, DISK) == [("disk low", False, ANA), ("disk low", False, BEN)]
    assert await watch.later(60.0, DISK) == []


async def test_the_same_thing_in_a_server_is_another_alert(database: Database) -> None:
    watch = Watch(database)
    await watch.rows.look([(INSTANCE, KEY)], {INSTANCE: {ANA}})
    await watch.rows.look([(5, KEY)], {5: {77}})
    watch.now += 60.0

    found = await watch.rows.look([(5, KEY)], {5: {77}})

    assert [alert.guild_id for alert in found] == [5]
    assert {alert.guild_id for alert in await watch.rows.all()} == {INSTANCE, 5}


async def test_what_lets_people_down_is_told_at_once(database: Database) -> None:
    assert await Watch(database).tell(DOWN) == [("no key", False, ANA), ("no key", False, BEN)]
