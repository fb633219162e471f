"""DMs that tell of an end: only to those who want one, once, and after the end itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import posts
from bot.jobs.wake import Wake
from bot.production.dms import MOST_TRIES, Dms
from bot.production.model import Production, ProductionState
from bot.studio.errors import NotYours
from bot.studio.preferences import PreferenceRows, Preferences
from bot.ui.custom_ids import Action, CustomId
from bot.ui.direct import DirectMessages
from bot.ui.film_row import dm_button, no_dm_row
from bot.ui.router import Router
from tests.bot.production.test_productions import STRANGER, Office
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_desk import Counter
from tests.bot.ui.test_router import Press
from tests.bot.ui.test_sending import http

DM, THREAD, SERVER, FILM = 9001, 77, 5, 800


class DmChannel:
    id = DM

    def __init__(self) -> None:
        self.said: list[str] = []
        self.nonces: list[str] = []
        self.faults: list[Exception] = []

    async def send(self, words: str, *, nonce: str, suppress_embeds: bool) -> Any:
        assert suppress_embeds
        if self.faults:
            raise self.faults.pop(0)
        self.said.append(words)
        self.nonces.append(nonce)
        return type("Message", (), {"id": 4000 + len(self.said)})()

    async def create_dm(self, _user: object) -> DmChannel:
        return self


class House(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.preferences = PreferenceRows(database)
        self.dms = Dms(database, Wake(), clock=lambda: self.now)
        self.direct = DirectMessages(self.dms, self.projects, self.preferences)
        self.discord = DmChannel()

    async def look(self, *, later: float = 0.0) -> None:
        self.now += later
        client: Any = self.discord
        await self.direct.look(client)

    async def ended(
        self, state: ProductionState = ProductionState.DONE, *, guild_id: int | None = SERVER, told: bool = True
    ) -> Production:
        made = await self.accept((await self.film()).id)
        await self.lifecycle.begin(made.id)
        await self.lifecycle.end(made.id, state, failure="Bug" if state is ProductionState.FAILED else None)
        if told:
            await self.told(made, guild_id)
        return await self.productions.get(made.id)

    async def told(self, made: Production, guild_id: int | None = SERVER) -> None:
        before = await self.productions.get(made.id)
        await self.outbox.begin_try(made.id, after=before.delivery_tries)
        attempt = await self.productions.get(made.id)
        await self.outbox.aim(attempt, channel_id=THREAD, guild_id=guild_id)
        await self.outbox.posted(attempt, FILM)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_nobody_gets_a_dm_who_did_not_ask(house: House) -> None:
    await house.ended()

    await house.look()

    assert house.discord.said == []


async def test_who_asked_is_told_once_where_the_film_is(house: House) -> None:
    film = await house.ended()
    await house.dms.expect(film.id)

    await house.look()
    await house.look(later=3600)

    assert house.discord.said == [f"**Koi** is ready: https://discord.com/channels/{SERVER}/{THREAD}/{FILM}"]


async def test_the_film_is_posted_before_anybody_is_told_of_it(house: House) -> None:
    film = await house.ended(told=False)
    await house.dms.expect(film.id)

    await house.look()
    assert house.discord.said == []
    await house.told(film)
    await house.look()

    assert len(house.discord.said) == 1


async def test_a_film_that_was_posted_in_a_dm_is_told_there_already(house: House) -> None:
    film = await house.ended(guild_id=None)
    await house.dms.expect(film.id)

    await house.look()

    assert (house.discord.said, await house.dms.due()) == ([], [])


@pytest.mark.parametrize(
    ("state", "words"), [(ProductionState.FAILED, "is not finished"), (ProductionState.HELD, "waits for you to decide")]
)
async def test_other_ends_are_told_as_well(house: House, state: ProductionState, words: str) -> None:
    film = await house.ended(state)
    await house.dms.expect(film.id)

    await house.look()

    assert words in house.discord.said[0]


async def test_the_end_of_another_run_is_another_dm(house: House) -> None:
    film = await house.ended(ProductionState.HELD)
    await house.dms.expect(film.id)
    await house.look()
    async with house.database.transaction() as transaction:
        await transaction.exec_driver_sql("UPDATE productions SET run = 2, state = 'done'")

    await house.look()

    assert len(house.discord.said) == 2
    assert len(set(house.discord.nonces)) == 2


async def test_a_dm_goes_with_the_film_when_that_is_deleted(house: House) -> None:
    film = await house.ended()
    await house.dms.expect(film.id)

    await house.look()

    async with house.database.transaction() as transaction:
        rows = (await transaction.execute(select(posts.c.channel_id, posts.c.message_id))).all()
    assert (DM, 4001) in [tuple(row) for row in rows]


async def test_a_closed_dm_turns_dms_off_and_keeps_why(house: House) -> None:
    await house.preferences.change(OWNER, lambda chosen: replace(chosen, dms=True))
    film = await house.ended()
    await house.dms.expect(film.id)
    house.discord.faults = [http(403, 50007)]

    await house.look()
    await house.look(later=3600)

    assert house.discord.said == []
    assert await house.preferences.of(OWNER) == Preferences(dms_refused=True)


async def test_a_busy_discord_is_tried_again_and_left_in_the_end(house: House) -> None:
    film = await house.ended()
    await house.dms.expect(film.id)
    house.discord.faults = [http(503)]
    await house.look()
    assert await house.dms.due() == []
    await house.look(later=60)
    assert len(house.discord.said) == 1

    async with house.database.transaction() as transaction:
        await transaction.exec_driver_sql("UPDATE dms SET told_run = 0, tries = 0")
    house.discord.faults = [http(503) for _ in range(MOST_TRIES + 5)]
    for _ in range(MOST_TRIES + 2):
        await house.look(later=3600)
    assert (len(house.discord.faults), await house.dms.due()) == (5, [])


async def test_a_choice_for_one_film_counts_against_what_holds_for_all(house: House) -> None:
    film = await house.ended(told=False)
    assert not await house.dms.choose(film.id, OWNER, wanted=None, by_default=True)
    await house.dms.expect(film.id)
    await house.told(film)

    await house.look()

    assert house.discord.said == []
    assert await house.dms.choose(film.id, OWNER, wanted=None, by_default=True)
    await house.look()
    assert len(house.discord.said) == 1


async def test_only_the_owner_is_told(house: House) -> None:
    film = await house.ended()

    with pytest.raises(NotYours):
        await house.dms.choose(film.id, STRANGER, wanted=None, by_default=False)


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_choice_that_comes_twice_counts_once(house: House, wanted: bool) -> None:
    film = await house.ended()

    for _ in range(2):
        assert await house.dms.choose(film.id, OWNER, wanted=wanted, by_default=False) is wanted


async def test_the_button_says_what_will_be(house: House, database: Database) -> None:
    film = await house.ended(told=False)
    counter = Counter(database)

    async def press(custom_id: str | None, user_id: int = OWNER) -> Press:
        parsed = CustomId.parse(custom_id or "")
        assert parsed is not None
        pressed: Any = Press(parsed, user_id=user_id)
        await Router(counter.desk, house.projects, presses=house.direct.presses).handle(pressed)
        return pressed  # type: ignore[no-any-return]

    on_card = dm_button(film.id).custom_id
    for _ in range(2):
        on = await press(on_card)
        assert "I write to you when it is done" in str(on.answers[-1])
    (back,) = no_dm_row(film.id).children
    for _ in range(2):
        assert "I do not write to you" in str((await press(getattr(back, "custom_id", None))).answers[-1])
    assert "belongs to" in str((await press(on_card, STRANGER)).answers[-1])
    older = str(CustomId(Action.DM, film.id))
    assert "I write to you when it is done" in str((await press(older)).answers[-1])
    assert "I do not write to you" in str((await press(older)).answers[-1])
