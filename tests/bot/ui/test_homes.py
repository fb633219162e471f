"""Where a film goes on that was asked for there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.ui.homes import Home, Unreachable, home_in, home_of, may_post
from tests.bot.ui.fakes import Channel
from tests.bot.ui.test_sending import http

GUILD, PERSON, CHANNEL = 5, 1001, 6


class Used:
    """An interaction: used in a server we are in, or with somebody's own installation of us."""

    def __init__(
        self, *, guild_id: int | None = GUILD, is_ours: bool = True, private: bool = False, channel: object = None
    ) -> None:
        self.id, self.guild_id, self.channel_id, self.channel = 77, guild_id, CHANNEL, channel
        self.user = discord.Object(PERSON)
        self.context = discord.app_commands.AppCommandContext(private_channel=private)
        self._is_ours = is_ours
        self.dm = Channel(99)
        self.client = self

    def is_guild_integration(self) -> bool:
        return self._is_ours

    async def create_dm(self, person: discord.Object) -> Channel:
        assert person.id == PERSON
        return self.dm


def used(**facts: Any) -> Any:
    return Used(**facts)


def thread(parent: object) -> Any:
    made = object.__new__(discord.Thread)
    made.id, made.parent_id = 8, CHANNEL
    made.guild = SimpleNamespace(id=GUILD, get_channel=lambda _: parent)  # type: ignore[assignment]
    return made


@pytest.mark.parametrize(
    ("interaction", "may"),
    [
        (used(), True),
        (used(is_ours=False), False),
        (used(guild_id=None), True),
        (used(guild_id=None, private=True), False),
    ],
)
def test_we_may_post_where_we_are_a_member_and_in_our_direct_messages(interaction: Any, may: bool) -> None:
    assert may_post(interaction) is may


async def test_it_goes_on_where_it_was_asked_for() -> None:
    assert await home_of(used()) == Home(guild_id=GUILD, channel_id=CHANNEL)
    assert await home_of(used(guild_id=None)) == Home(guild_id=None, channel_id=CHANNEL)


async def test_a_film_asked_for_in_a_thread_gets_one_beside_it() -> None:
    assert await home_of(used(channel=thread(None))) == Home(guild_id=GUILD, channel_id=CHANNEL)


def test_a_post_of_a_forum_is_there_to_go_on_in() -> None:
    forum = object.__new__(discord.ForumChannel)

    assert home_in(thread(forum)) == Home(guild_id=GUILD, channel_id=8, thread_id=8)


async def test_where_we_are_no_member_it_goes_on_in_direct_messages_and_says_so() -> None:
    interaction = used(is_ours=False)

    home = await home_of(interaction)

    assert (home.guild_id, home.channel_id) == (None, 99)
    assert "https://discord.com/channels/@me/99" in home.aside
    assert "no member" in interaction.dm.texts[0]


async def test_who_takes_no_direct_messages_is_told_so() -> None:
    interaction = used(guild_id=None, private=True)
    interaction.dm.faults["send"] = [http(403, 50007)]

    with pytest.raises(Unreachable):
        await home_of(interaction)
