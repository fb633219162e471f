"""Whoever drains the bot is told once that nothing runs any more, in a direct message or else in the log channel."""

from __future__ import annotations

from typing import Any

import pytest

from bot.db import Database
from bot.jobs.presence import claim_alone
from bot.production.drains import SETTLED
from bot.production.switches import ALL
from bot.speech import Language
from bot.studio.guilds import Guilds
from bot.studio.preferences import PreferenceRows, Preferences
from bot.studio.tongues import Tongues
from bot.ui.draining import Draining
from bot.ui.receivers import Receivers
from bot.ui.sending import Busy, NotAllowed
from tests.bot.production.test_drains import House
from tests.bot.ui.test_reporting import LOG, OPERATOR, Channel, client


class Gateway:
    """One of several processes that talk."""

    def __init__(self, house: House, discord: Any) -> None:
        database = house.database
        receivers = Receivers(discord, frozenset({OPERATOR}), LOG)
        tongues = Tongues(database, PreferenceRows(database), Guilds(database))
        self.draining = Draining(house.drains, receivers, tongues, claim=claim_alone)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def discord() -> Any:
    return client()


async def _drained(house: House, name: str = ALL) -> None:
    film = await house.begin("a")
    await house.order(film.id)
    await house.drains.begin(name, OPERATOR)
    await house.end(film)
    await house.arrive(film.id)
    house.now += SETTLED


def _channel(discord: Any, number: int) -> Channel:
    found: Channel = discord.get_partial_messageable(number)
    return found


async def test_the_operator_who_asked_is_told_once_with_what_to_do_next(house: House, discord: Any) -> None:
    await _drained(house)

    for _ in range(2):
        await Gateway(house, discord).draining.look()

    [told] = _channel(discord, OPERATOR).words
    assert "## ✅ Drained\nEverything that ran has ended. It is safe to stop me." in told
    assert "`/admin resume`" in told
    assert _channel(discord, OPERATOR).calls == 1
    assert _channel(discord, LOG).calls == 0


async def test_a_drain_of_one_service_names_it(house: House, discord: Any) -> None:
    await _drained(house, "runway")

    await Gateway(house, discord).draining.look()

    [told] = _channel(discord, OPERATOR).words
    assert "## ✅ runway is drained\nThe last order there has ended." in told


async def test_whoever_takes_no_direct_message_is_told_in_the_log_channel(house: House, discord: Any) -> None:
    await _drained(house)
    _channel(discord, OPERATOR).fault = NotAllowed("50007")

    for _ in range(2):
        await Gateway(house, discord).draining.look()

    assert len(_channel(discord, LOG).words) == 1


async def test_where_discord_is_away_it_is_told_at_a_later_look_and_in_their_language(
    house: House, discord: Any
) -> None:
    await PreferenceRows(house.database).change(OPERATOR, lambda _: Preferences(language=Language.GERMAN))
    await _drained(house)
    _channel(discord, OPERATOR).fault = Busy("503", retry_after=60.0)
    await Gateway(house, discord).draining.look()
    _channel(discord, OPERATOR).fault = None

    await Gateway(house, discord).draining.look()

    assert _channel(discord, LOG).words == []
    [told] = _channel(discord, OPERATOR).words
    assert "Alles, was lief, ist zu Ende." in told
