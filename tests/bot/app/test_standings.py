"""How accounts stand: one question for each, room learned, trouble survived."""

from __future__ import annotations

import logging

import pytest

from bot.app.pools import build_pools
from bot.app.standings import Standings
from bot.settings import LendingSettings
from providers.credential import Credential
from providers.errors import KeyRejected, ProviderError
from providers.quota import Note, RoomNote
from providers.standing import AccountStanding, ModelStanding
from ratelimit import KeyHealth
from tests.bot.app.test_pools import settings


class Reader:
    name = "runway"

    def __init__(self, left: int = 5_000, failure: ProviderError | None = None) -> None:
        self.asked: list[str] = []
        self._left = left
        self._failure = failure

    async def standing(self, credential: Credential) -> AccountStanding:
        self.asked.append(credential.id)
        if self._failure is not None:
            raise self._failure
        models = {"gen4.5": ModelStanding(room=5), "act_two": ModelStanding()}
        return AccountStanding(key_id=credential.id, plan="tier 3", left=self._left, models=models)


class Office:
    def __init__(self, reader: Reader) -> None:
        runway = {"runway": settings("runway")}
        self.heard: list[Note] = []
        self.pools = build_pools(runway, LendingSettings(skew=0.25, patience=60.0))
        self.standings = Standings({"runway": reader}, self.pools, self.heard.append)


async def test_each_account_is_asked_once_and_its_room_is_passed_on() -> None:
    reader = Reader()
    office = Office(reader)

    await office.standings.ask()

    assert reader.asked == ["k1", "k2"]
    assert {note.room for note in office.heard if isinstance(note, RoomNote)} == {5}
    assert {standing.plan for standing in office.standings.latest.values()} == {"tier 3"}


async def test_an_account_that_is_nearly_used_up_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await Office(Reader(left=20)).standings.ask()

    assert [record.message for record in caplog.records] == ["account nearly used up"] * 2


async def test_a_key_that_is_refused_rests_and_the_others_are_asked_all_the_same() -> None:
    reader = Reader(failure=KeyRejected("runway"))
    office = Office(reader)

    await office.standings.ask()

    assert reader.asked == ["k1", "k2"]
    assert KeyHealth.HEALTHY not in {key.health for key in office.pools["runway"].view().keys}
