"""Whoever cannot be served just now reads so at once, and nothing else happens."""

from __future__ import annotations

import logging
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.db import Database
from bot.ui.custom_ids import Action, CustomId
from bot.ui.doors import MOST_WAITING, WORDS, Doors, GuardedTree
from bot.ui.router import Router
from tests.bot.ui.test_desk import Counter
from tests.bot.ui.test_router import Press


class Guest(Press):
    """A press that can be answered at once."""

    async def send_message(self, content: str, *, ephemeral: bool) -> None:
        assert ephemeral
        self.answers.append(content)

    async def autocomplete(self, choices: list[object]) -> None:
        self.answers.append(f"{len(choices)} choices")


def full() -> Doors:
    return Doors(lambda: MOST_WAITING)


async def test_a_press_changes_nothing_while_the_house_is_full(database: Database) -> None:
    counter = Counter(database)
    project = await counter.film()
    press: Any = Guest(CustomId(Action.GREENLIGHT, project.id, 1))

    await Router(counter.desk, counter.projects, doors=full()).handle(press)

    assert press.answers == [WORDS]
    assert await counter.productions.active() == []


async def test_a_command_is_not_run_while_the_house_is_full() -> None:
    client = discord.Client(intents=discord.Intents.none())
    guest: Any = Guest("")
    guest.type = discord.InteractionType.application_command

    assert not await GuardedTree(client, full()).interaction_check(guest)
    assert guest.answers == [WORDS]


async def test_who_types_an_option_gets_no_suggestions_rather_than_words() -> None:
    guest: Any = Guest("")
    guest.type = discord.InteractionType.autocomplete

    assert not await full().let_in(guest)
    assert guest.answers == ["0 choices"]


async def test_the_door_opens_again_once_fewer_wait() -> None:
    waiting = [MOST_WAITING]
    doors = Doors(lambda: waiting[0])
    guest: Any = Guest("")
    assert not await doors.let_in(guest)
    waiting[0] -= 1
    assert await doors.let_in(guest)


async def test_the_log_counts_them_and_does_not_name_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    guest: Any = Guest("")
    doors = full()
    for _ in range(50):
        await doors.let_in(guest)
    assert len(caplog.records) == 1


async def test_commands_are_there_wherever_people_bring_us_and_those_of_servers_in_servers_alone() -> None:
    tree = GuardedTree(discord.Client(intents=discord.Intents.none()), Doors())

    @tree.command(name="film", description="A film")
    async def film(_: discord.Interaction) -> None: ...

    @tree.context_menu(name="Look at this")
    async def look(_: discord.Interaction, message: discord.Message) -> None: ...

    @tree.command(name="setup", description="For those who run a server")
    @app_commands.guild_only()
    async def setup(_: discord.Interaction) -> None: ...

    told = {command.name: command.to_dict(tree) for command in tree.get_commands()}
    assert {name: (each["contexts"], each["integration_types"]) for name, each in told.items()} == {
        "film": ([0, 1, 2], [0, 1]),
        "Look at this": ([0, 1, 2], [0, 1]),
        "setup": ([0], [0]),
    }
