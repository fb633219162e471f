"""How an end is told: as its owner wants it, and as their server does."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bot.db import Database
from bot.studio.guilds import Guilds, GuildSettings, Mentions
from bot.studio.preferences import PreferenceRows, Preferences
from bot.ui.manners import Manner, Manners
from bot.ui.places import Place
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_sending import http

GUILD, CHANNEL, CATEGORY, ROLE, THREAD, FORUM = 5, 6, 60, 900, 77, 61
HERE = Place(CHANNEL, GUILD)


class Client:
    """One server, with a channel in a category and a member with a role."""

    has_left = False
    asked = 0
    forum: Any = None

    def get_channel(self, channel_id: int) -> Any:
        return SimpleNamespace(category_id=CATEGORY) if channel_id == CHANNEL else None

    async def fetch_channel(self, channel_id: int) -> Any:
        if self.forum is None:
            raise http(404, 10003)
        return self.forum

    def get_guild(self, guild_id: int) -> Any:
        return SimpleNamespace(fetch_member=self.fetch_member)

    async def fetch_member(self, user_id: int) -> Any:
        self.asked += 1
        if self.has_left:
            raise http(404, 10007)
        return SimpleNamespace(roles=[SimpleNamespace(id=ROLE)])


class House:
    def __init__(self, database: Database) -> None:
        self.preferences, self.guilds = PreferenceRows(database), Guilds(database)
        self.client = Client()
        client: Any = self.client
        self.manners = Manners(client, self.preferences, self.guilds)

    async def manner(self, chosen: Preferences, server: GuildSettings, place: Place = HERE) -> Manner:
        await self.preferences.change(OWNER, lambda _: chosen)
        await self.guilds.change(GUILD, lambda _: server)
        return await self.manners.of(OWNER, place)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_an_end_is_told_as_its_owner_wants_it(house: House) -> None:
    assert await house.manner(Preferences(), GuildSettings()) == Manner()
    otherwise = Preferences(mentions=False, dms=True, spoiler=True)
    assert await house.manner(otherwise, GuildSettings()) == Manner(mentions=False, dms=True, is_covered=True)


async def test_a_server_may_want_no_pings(house: House) -> None:
    quiet = GuildSettings(mentions=Mentions.NOBODY)

    assert not (await house.manner(Preferences(), quiet)).mentions


@pytest.mark.parametrize("rule", [CHANNEL, CATEGORY])
async def test_a_server_covers_what_is_posted_in_some_channels(house: House, rule: int) -> None:
    strict = GuildSettings(spoiler_channels=frozenset({rule}))

    assert (await house.manner(Preferences(), strict)).is_covered
    assert not (await house.manner(Preferences(), strict, Place(None, None))).is_covered
    assert house.client.asked == 0


@pytest.mark.parametrize("rule", [CHANNEL, CATEGORY])
async def test_a_thread_that_is_in_no_cache_is_covered_as_its_channel_is(house: House, rule: int) -> None:
    strict = GuildSettings(spoiler_channels=frozenset({rule}))

    assert (await house.manner(Preferences(), strict, Place(THREAD, GUILD, CHANNEL))).is_covered
    assert not (await house.manner(Preferences(), GuildSettings(), Place(THREAD, GUILD, CHANNEL))).is_covered


async def test_a_channel_that_nobody_knows_is_asked_for_and_covered_if_that_fails(house: House) -> None:
    strict = GuildSettings(spoiler_channels=frozenset({FORUM}))
    post = Place(THREAD, GUILD)

    assert (await house.manner(Preferences(), strict, post)).is_covered
    house.client.forum = SimpleNamespace(category_id=FORUM)
    assert (await house.manner(Preferences(), strict, post)).is_covered
    house.client.forum = SimpleNamespace(category_id=CATEGORY)
    assert not (await house.manner(Preferences(), strict, post)).is_covered


async def test_a_server_covers_what_some_roles_order(house: House) -> None:
    strict = GuildSettings(spoiler_roles=frozenset({ROLE}))

    assert (await house.manner(Preferences(), strict)).is_covered
    assert not (await house.manner(Preferences(), replace(strict, spoiler_roles=frozenset({1})))).is_covered
    house.client.has_left = True
    assert not (await house.manner(Preferences(), strict)).is_covered
