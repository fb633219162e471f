"""Whoever is no operator, and manages no server, gets nothing out of `/admin` by any way in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.db import Database
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.rights import Asker
from tests.bot.studio.test_keyring import OLD
from tests.bot.ui.admin.panel import MEMBER, OF_ALL, OF_HERE, Panel, Use

KINDS = [discord.InteractionType.component, discord.InteractionType.modal_submit]
#: What those who manage a server may use as well, for that server.
OF_ADMINS = {"queue", "user", "audit"}
ADMINS_PRESS = {
    *(Action.OPLINE, Action.OPJOB, Action.OPSTOP, Action.OPUSER, Action.OPBLOCK, Action.OPUNBLOCK),
    *(Action.OPAUDIT, Action.OPBOOK),
}
PRESSES = sorted(each for each in Action if each.startswith("op"))


@pytest.fixture
def panel(database: Database, tmp_path: Path) -> Panel:
    return Panel(database, tmp_path)


async def pressed(panel: Panel, action: Action, asker: Asker, kind: discord.InteractionType) -> Use:
    use: Any = Use(asker, CustomId(action, owner_ref(5), 1), kind)
    await panel.surface.presses[action](use, CustomId(action, owner_ref(5), 1))
    return use  # type: ignore[no-any-return]  # the fake it is


def is_refused(use: Use) -> bool:
    return bool(use.words) and use.words[0].startswith("Only ") and not (use.views or use.modals or use.files)


def test_every_button_of_the_family_is_answered(panel: Panel) -> None:
    assert set(PRESSES) == set(panel.surface.presses)


@pytest.mark.parametrize(
    ("asker", "theirs"), [(MEMBER, set()), (OF_HERE, ADMINS_PRESS)], ids=["a member", "who manages a server"]
)
async def test_every_button_and_form_refuses_whom_it_is_not_for(
    panel: Panel, asker: Asker, theirs: set[Action]
) -> None:
    served = set()
    for action in PRESSES:
        for kind in KINDS:
            if not is_refused(await pressed(panel, action, asker, kind)):
                served.add(action)

    assert served <= theirs


@pytest.mark.parametrize("asker", [MEMBER, OF_HERE], ids=["a member", "who manages a server"])
async def test_every_command_refuses_whom_it_is_not_for(panel: Panel, asker: Asker) -> None:
    given: dict[str, dict[str, Any]] = {
        "user": {"who": discord.Object(5)},
        "announce": {"where": discord.app_commands.Choice(name="x", value="films")},
    }
    served = set()
    for command in panel.group().commands:
        assert isinstance(command, discord.app_commands.Command)
        use: Any = Use(asker, kind=discord.InteractionType.application_command)
        await command.callback(use, **given.get(command.name, {}))  # type: ignore[call-arg]  # a free function
        if not is_refused(use):
            served.add(command.name)

    assert served == (OF_ADMINS if asker is OF_HERE else set())


async def test_nothing_is_suggested_to_a_stranger(panel: Panel) -> None:
    await panel.enter("a")
    for part, mine in ((panel.surface._parts[1], OLD.id), (panel.queue, "Koi")):
        theirs: Any = Use(MEMBER)
        ours: Any = Use(OF_ALL)
        assert not await part._suggest(theirs, "")  # type: ignore[attr-defined]  # what the command asks
        assert mine in str([choice.name for choice in await part._suggest(ours, "")])  # type: ignore[attr-defined]


def test_without_operators_only_those_who_manage_servers_have_commands(database: Database, tmp_path: Path) -> None:
    panel = Panel(database, tmp_path, operators=frozenset())

    assert {command.name for command in panel.group().commands} == OF_ADMINS


def test_discord_hides_the_group_from_those_it_is_not_for(panel: Panel) -> None:
    group = panel.group()

    assert group.default_permissions == discord.Permissions(manage_guild=True)
    assert not group.guild_only  # operators run the bot from a direct message, too


async def test_an_operator_gets_in_from_a_direct_message(panel: Panel) -> None:
    alone = Asker(user_id=OF_ALL.user_id, is_operator=True)
    for action in PRESSES:
        use = await pressed(panel, action, alone, discord.InteractionType.component)
        assert not is_refused(use) or action in {Action.OPBLOCK, Action.OPUNBLOCK}, action  # of which server?
