"""A server that lets us write again gets what was kept for it; any other news of it changes nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.db import Database
from bot.production.model import Production, ProductionState
from bot.ui.returns import Returns
from tests.bot.production.test_productions import Office

SERVER = 5
MAY, MAY_NOT = discord.Permissions(send_messages=True), discord.Permissions(read_message_history=True)


class Door(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.returns = Returns(self.outbox)

    async def kept(self, why: str = "NotAllowed:50013") -> Production:
        production = await self.accept((await self.film()).id)
        await self.lifecycle.begin(production.id)
        await self.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
        await self.outbox.keep(await self.productions.get(production.id), why)
        return production

    async def posts(self) -> bool:
        return bool(await self.outbox.due())


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database)


def member(*roles: int, member_id: int = 1) -> Any:
    guild = SimpleNamespace(id=SERVER, me=SimpleNamespace(id=1, roles=list(roles)))
    return SimpleNamespace(id=member_id, roles=list(roles), guild=guild)


def channel(permissions: discord.Permissions) -> Any:
    return SimpleNamespace(guild=member().guild, permissions_for=lambda _: permissions)


class Role:
    def __init__(self, permissions: discord.Permissions, *, ours: bool) -> None:
        self.permissions = permissions
        self.guild = SimpleNamespace(id=SERVER, me=SimpleNamespace(roles=[self] if ours else []))


async def test_an_invitation_has_them_posted(door: Door) -> None:
    await door.kept("Vanished:10004")
    await door.returns.joined(SERVER + 1)
    assert not await door.posts()

    await door.returns.joined(SERVER)

    assert await door.posts()


@pytest.mark.parametrize(("before", "after", "posts"), [(MAY_NOT, MAY, True), (MAY, MAY, False), (MAY, MAY_NOT, False)])
async def test_a_channel_or_role_that_grants_what_posting_takes_has_them_posted(
    door: Door, before: discord.Permissions, after: discord.Permissions, posts: bool
) -> None:
    production = await door.kept()
    await door.returns.channel_changed(channel(before), channel(after))
    assert await door.posts() is posts

    await door.outbox.keep(await door.productions.get(production.id), "NotAllowed:50013")
    for ours in (False, True):
        old, new = Role(before, ours=ours), Role(after, ours=ours)
        await door.returns.role_changed(old, new)  # type: ignore[arg-type]  # with what is read of one
        assert await door.posts() is (posts and ours)


@pytest.mark.parametrize(
    ("before", "after", "posts"),
    [
        (member(7), member(7, 8), True),
        (member(7, 8), member(7), False),
        (member(7, member_id=2), member(7, 8, member_id=2), False),
    ],
)
async def test_a_role_that_is_given_to_us_has_them_posted(door: Door, before: Any, after: Any, posts: bool) -> None:
    await door.kept()

    await door.returns.roles_given(before, after)

    assert await door.posts() is posts


@pytest.mark.parametrize(
    ("before", "after", "posts"), [(True, False, True), (False, True, False), (False, False, False)]
)
async def test_a_thread_that_is_unlocked_has_them_posted(door: Door, before: bool, after: bool, posts: bool) -> None:
    await door.kept("NotAllowed:160005")
    guild = member().guild
    old: Any = SimpleNamespace(locked=before, guild=guild)
    new: Any = SimpleNamespace(locked=after, guild=guild)

    await door.returns.thread_changed(old, new)

    assert await door.posts() is posts


@pytest.mark.parametrize(
    ("why", "guilds", "posts"),
    [
        ("NotAllowed:50013", {SERVER}, True),
        ("Vanished:10004", {SERVER}, True),
        ("NotAllowed:50013", {SERVER + 1}, False),
        ("Malformed:50035", {SERVER}, False),
    ],
)
async def test_what_happened_while_we_were_away_is_found_at_the_start(
    door: Door, why: str, guilds: set[int], posts: bool
) -> None:
    await door.kept(why)

    await door.returns.started(guilds)

    assert await door.posts() is posts
