"""Whether somebody may ask for something here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.db import Database
from bot.studio.ages import Ages
from bot.studio.errors import AgeUnconfirmed, NotHere, NotYours, ServerBlocked, WordBlocked
from bot.studio.guilds import Guilds, GuildSettings, Location
from bot.studio.house_rules import HouseRules, Visit, found_in

MIA, SERVER, CHANNEL = 1001, 5, 6
HERE = Visit(user_id=MIA, guild_id=SERVER, place=Location(channel_id=CHANNEL), words=("a koi at dawn",))


def rules(database: Database, *, least: int | None = None, **more: Any) -> HouseRules:
    return HouseRules(Guilds(database), Ages(database, least=least), **more)


async def test_nobody_is_refused_where_nobody_set_a_rule(database: Database) -> None:
    await rules(database).check(HERE)
    await rules(database).check(replace(HERE, guild_id=None))


async def test_a_channel_that_was_denied_is_told_with_the_ones_that_are_not(database: Database) -> None:
    house = rules(database)
    await house.guilds.change(SERVER, lambda _: GuildSettings(allowed=frozenset({9})))

    with pytest.raises(NotHere) as refused:
        await house.check(HERE)

    assert refused.value.allowed == {9}
    await house.check(replace(HERE, place=Location(channel_id=10, parent_id=9)))
    await house.check(replace(HERE, guild_id=None))


async def test_a_blocked_server_gets_nothing(database: Database) -> None:
    with pytest.raises(ServerBlocked):
        await rules(database, blocked_guilds={SERVER}).check(HERE)


async def test_a_blocked_person_is_refused_by_whoever_keeps_the_list(database: Database) -> None:
    asked = []

    async def check(user_id: int, guild_id: int | None) -> None:
        asked.append((user_id, guild_id))
        raise NotYours(0)

    with pytest.raises(NotYours):
        await rules(database, check_blocks=check).check(HERE)

    assert asked == [(MIA, SERVER)]


async def test_words_of_the_operator_and_of_the_server_are_refused(database: Database) -> None:
    house = rules(database, blocked_words={"koi"})
    await house.guilds.change(SERVER, lambda _: GuildSettings(blocked_words=frozenset({"heron"})))

    for words in ("A Koi?", "herons and a HERON"):
        with pytest.raises(WordBlocked):
            await house.check(replace(HERE, words=("fine", words)))

    await house.check(replace(HERE, words=("koinobori, herons",)))


def test_what_is_searched_for_is_no_pattern() -> None:
    assert found_in(["a+b is c"], {"a+b"}) == "a+b"
    assert found_in(["aab"], {"a+b"}) is None
    assert found_in(["anything"], ()) is None


async def test_age_is_asked_once_for_all(database: Database) -> None:
    house = rules(database, least=18)
    with pytest.raises(AgeUnconfirmed) as asked:
        await house.check(HERE)

    await house.ages.confirm(MIA)
    await house.ages.confirm(MIA)

    assert asked.value.least == 18
    await house.check(HERE)
    with pytest.raises(AgeUnconfirmed):
        await house.check(replace(HERE, user_id=MIA + 1))
