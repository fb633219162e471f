"""A server takes us in or puts us out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.studio.departures import Departures
from bot.ui.comings import Comings, welcome
from bot.ui.permissions import INVITED_WITH
from tests.bot.ui.test_sending import http

US, OWNER, INVITER, SERVER = 1, 2, 3, 5


class Inbox:
    def __init__(self, *, is_closed: bool = False) -> None:
        self.is_closed = is_closed
        self.sent: dict[str, str] = {}
        self.to: list[int] = []
        self.application_id = 99

    async def create_dm(self, user: discord.Object) -> Inbox:
        self.to.append(user.id)
        return self

    async def send(self, *, view: ui.LayoutView, nonce: str) -> None:
        if self.is_closed:
            raise http(403, 50007)
        self.sent[nonce] = "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))


def server(*, tells: bool = False, held: discord.Permissions = INVITED_WITH) -> Any:
    async def log(**_: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(target=discord.Object(8), user_id=4)
        yield SimpleNamespace(target=discord.Object(US), user_id=INVITER)

    permissions = discord.Permissions(held.value)
    permissions.view_audit_log = tells
    me = SimpleNamespace(id=US, guild_permissions=permissions, joined_at=None)
    return SimpleNamespace(
        id=SERVER,
        name="Studio",
        owner_id=OWNER,
        me=me,
        audit_logs=log,
        preferred_locale=discord.Locale.american_english,
    )


@pytest.mark.parametrize(("tells", "reader"), [(True, INVITER), (False, OWNER)])
async def test_whoever_invited_us_is_written_to_once_and_nobody_else(
    database: Database, tells: bool, reader: int
) -> None:
    inbox: Any = Inbox()
    comings = Comings(Departures(database))

    await comings.arrived(inbox, server(tells=tells))
    await comings.arrived(inbox, server(tells=tells))  # as after a replay

    assert set(inbox.to) == {reader}
    [words] = inbox.sent.values()
    assert "Thank you for having me in Studio" in words
    assert "missing" not in words


async def test_who_takes_no_messages_is_left_in_peace(database: Database) -> None:
    inbox: Any = Inbox(is_closed=True)

    await Comings(Departures(database)).arrived(inbox, server())

    assert inbox.sent == {}


def test_what_is_missing_is_named_with_the_link_that_brings_it() -> None:
    card = welcome("Studio", ("Attach Files",), "https://example.invalid/invite")

    texts = [item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay)]
    assert "Attach Files" in texts[0]
    assert [item.url for item in card.walk_children() if isinstance(item, ui.Button)] == [
        "https://example.invalid/invite"
    ]
