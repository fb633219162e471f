"""Those who run the bot, or a server, are told what is not well: once each, over restarts, and once when it is over."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from sqlalchemy import update

from bot.db import Database
from bot.db.tables import productions
from bot.jobs.presence import claim_alone
from bot.production.approvals import asking_in
from bot.production.model import ProductionState
from bot.status.alerts import OVER_AFTER, SETTLE, AlertRows
from bot.status.finding import Finding, Severity
from bot.status.guild_findings import MissingHere, guild_findings
from bot.studio.budget import Budgets, Caps, Kind, Spending
from bot.studio.guilds import Guilds, GuildSettings
from bot.ui import alerting
from bot.ui.alerting import Alerting
from bot.ui.permissions import INVITED_WITH
from bot.ui.receivers import Receivers
from bot.ui.sending import Busy
from tests.bot.production.test_productions import Office
from tests.bot.ui.test_reporting import LOG, OPERATOR, SERVER, Channel, client

DOWN = Finding(name="no key", severity=Severity.CRITICAL, what="No key works.", remedy="Renew them.")
NOON = 1_790_000_000.0


class House:
    """Every look is another process's: nothing is remembered but rows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOON
        self.found: list[Finding] = []
        self.client = client()
        self.client.get_guild = lambda guild_id: self.server if guild_id == SERVER else None
        self.held = discord.Permissions(INVITED_WITH.value)
        self.guilds = Guilds(database)
        self.budgets = Budgets(database, Caps(guild_month_microusd=100), clock=lambda: self.now)

    @property
    def server(self) -> Any:
        room = SimpleNamespace(id=LOG, permissions_for=lambda _: self.held)
        rooms = {LOG: room}
        return SimpleNamespace(id=SERVER, me=None, unavailable=False, preferred_locale="en-US", get_channel=rooms.get)

    @property
    def alerting(self) -> Alerting:
        async def collect() -> object:
            return None

        collector: Any = SimpleNamespace(collect=collect)
        rows = AlertRows(self.database, clock=lambda: self.now)
        receivers = Receivers(self.client, frozenset({OPERATOR}), None)
        return Alerting(
            self.client,
            rows,
            receivers,
            collector,
            self.guilds,
            self.budgets,
            claim=claim_alone,
            asking_in=partial(asking_in, self.database),
            clock=lambda: self.now,
        )

    async def spend(self, amount: int) -> None:
        async with self.database.transaction() as transaction:
            await self.budgets.reserve(
                transaction, id=f"{amount}", kind=Kind.FILM, owner_id=1, guild_id=SERVER, amount_microusd=amount
            )

    def channel(self, number: int) -> Channel:
        found: Channel = self.client.get_partial_messageable(number)
        return found


@pytest.fixture
async def house(database: Database, monkeypatch: pytest.MonkeyPatch) -> House:
    found = House(database)
    # What is well and what is not has tests of its own; here it is given.
    monkeypatch.setattr(alerting, "findings", lambda _: found.found)
    await found.guilds.change(SERVER, lambda _: GuildSettings(log_channel_id=LOG))
    return found


async def test_an_operator_is_told_once_with_the_remedy_and_once_when_it_is_over(house: House) -> None:
    house.found = [DOWN]
    for _ in range(3):
        await house.alerting.look_at_bot()
        house.now += 60.0
    [told] = house.channel(OPERATOR).words
    assert house.channel(OPERATOR).calls == 1
    assert "This lets people down" in told
    assert "**What to do:** Renew them." in told

    house.found = []
    for _ in range(3):
        house.now += OVER_AFTER
        await house.alerting.look_at_bot()

    [_, over] = house.channel(OPERATOR).words
    assert "✅ Over" in over
    assert "No key works." in over


async def test_a_server_learns_that_a_film_of_its_own_waits_to_be_approved(house: House) -> None:
    office = Office(house.database)
    await office.accept((await office.film()).id)
    async with house.database.transaction() as transaction:
        await transaction.execute(update(productions).values(state=ProductionState.ASKING, guild_id=SERVER))
    await house.alerting.look_at_servers()
    house.now += SETTLE[Severity.WARNING]
    await house.alerting.look_at_servers()
    [told] = house.channel(LOG).words
    assert "1 film waits for somebody to approve its price." in told

    async with house.database.transaction() as transaction:
        await transaction.execute(update(productions).values(guild_id=SERVER + 1))
    assert await asking_in(house.database, SERVER) == 0
    assert await asking_in(house.database, SERVER + 1) == 1


async def test_whom_discord_does_not_reach_now_is_told_at_the_next_look(house: House) -> None:
    house.found = [DOWN]
    house.channel(OPERATOR).fault = Busy("503", retry_after=60.0)
    await house.alerting.look_at_bot()
    house.channel(OPERATOR).fault = None

    await house.alerting.look_at_bot()

    assert len(house.channel(OPERATOR).words) == 1


async def test_a_server_is_told_of_its_own_money_in_its_log_channel(house: House) -> None:
    await house.spend(100)

    await house.alerting.look_at_servers()
    await house.alerting.look_at_servers()

    [told] = house.channel(LOG).words
    assert "This server has spent what it may this month" in told
    assert house.channel(OPERATOR).words == []


def test_a_month_is_told_of_at_eighty_percent_and_when_it_is_used_up() -> None:
    def names(used: int, cap: int | None) -> list[str]:
        month = Spending(used_microusd=used, held_microusd=0, cap_microusd=cap, resets_at=1.0)
        return [finding.name for finding in guild_findings(month, [])]

    assert [names(79, 100), names(80, 100), names(100, 100), names(100, None)] == [
        [],
        ["month nearly spent"],
        ["month spent"],
        [],
    ]


def test_missing_permissions_are_named_and_a_channel_that_is_gone_is_another_thing() -> None:
    found = guild_findings(
        None, [MissingHere(channel_id=1, names=["Attach Files"]), MissingHere(channel_id=2, names=[])]
    )

    assert "In <#1> I lack: Attach Files." in found[0].what
    assert "gone: <#2>" in found[1].what
