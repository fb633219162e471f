"""`/admin keys`: operators only, at every entry; what is pressed happens, and no secret is ever shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from discord import ui

from bot.db import Database
from bot.studio.errors import KeyRefused, NotOperator
from bot.studio.keyring import HeldKey, Tried
from bot.ui.admin.keys import Keys, tried_words
from bot.ui.admin.keys_card import key_view
from bot.ui.admin.pieces import ref_of
from bot.ui.rights import Asker, Rights
from providers.errors import InvalidRequest
from ratelimit import ApiKey, KeyHealth, KeyPool, Limits
from tests.bot.status.well import key as well_key
from tests.bot.studio.test_keyring import NEW, OLD, SECRET, Bench, judge
from tests.bot.ui.admin.panel import labels
from tests.bot.ui.test_cards import is_taken_by_discord, text

OPERATOR = Asker(user_id=9, is_operator=True)
STRANGERS = [Asker(user_id=1, guild_id=5), Asker(user_id=2, guild_id=5, manages=True)]


class Desk:
    def __init__(self, database: Database) -> None:
        self.bench = Bench(database)
        self.keys = Keys(self.bench.ring, Rights(frozenset({9})))


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.mark.parametrize("stranger", STRANGERS, ids=["a member", "a server's admin"])
async def test_nobody_else_gets_in_anywhere(desk: Desk, stranger: Asker) -> None:
    keys, ref = desk.keys, ref_of(OLD.id)
    entries = [
        keys.page(stranger),
        keys.named(stranger, OLD.id),
        keys.open(stranger, ref),
        keys.pause(stranger, ref),
        keys.resume(stranger, ref),
        keys.test(stranger, ref),
        keys.ask_to_retire(stranger, ref),
        keys.retire(stranger, ref),
        keys.add(stranger, ref_of("runway"), "", SECRET),
    ]
    for entry in entries:
        with pytest.raises(NotOperator):
            await entry

    assert desk.bench.lent() == {OLD.id: KeyHealth.HEALTHY}
    assert not desk.bench.lister.asked


async def test_the_list_tells_how_each_fares_and_offers_to_add_one_to_each_service(desk: Desk) -> None:
    card = await desk.keys.page(OPERATOR)

    assert "2 keys, 2 of them work" in text(card)
    assert f"**`{OLD.id}`**" in text(card)
    assert labels(card) == ["Open", "Open", "New Runway key…", "New Google Vertex key…", "Status"]


async def test_a_part_of_a_name_opens_that_key_and_else_the_list_says_so(desk: Desk) -> None:
    opened = text(await desk.keys.open(OPERATOR, ref_of(OLD.id)))

    assert text(await desk.keys.named(OPERATOR, OLD.id)) == opened
    assert text(await desk.keys.named(OPERATOR, OLD.id[:-1].upper())) == opened
    assert "Several keys are called so" in text(await desk.keys.named(OPERATOR, ""))
    assert "No key is called so" in text(await desk.keys.named(OPERATOR, "nothing"))


def test_a_key_that_may_not_make_the_free_call_is_no_bad_key() -> None:
    told = tried_words(Tried(refusal=InvalidRequest("elevenlabs", "missing the permission models_read")))

    assert told.startswith("⚠️ This key may not make the free call")


async def test_many_keys_stand_on_pages(desk: Desk) -> None:
    for service in ("gemini", "groq", "elevenlabs"):
        desk.bench.pools[service] = KeyPool(service, [], limits=Limits(), judge=judge)
    for number in range(40):
        desk.bench.pools["runway"].add(ApiKey(f"runway-{number}", "studio", "fake"))
    for number in (1, 2, 6, 99):
        card = await desk.keys.page(OPERATOR, number)
        assert is_taken_by_discord(card)
    assert "page 6 of 6" in text(card)


async def test_a_key_is_paused_resumed_tested_and_retired_by_its_buttons(desk: Desk) -> None:
    ref = ref_of(OLD.id)

    card = await desk.keys.pause(OPERATOR, ref)
    assert "⏸️ paused" in text(card)
    assert labels(card) == ["Resume", "Test", "Retire…", "All keys"]
    assert desk.bench.lent() == {OLD.id: KeyHealth.PAUSED}

    card = await desk.keys.resume(OPERATOR, ref)
    assert labels(card) == ["Pause", "Test", "Retire…", "All keys"]
    assert "lists 2 models" in text(await desk.keys.test(OPERATOR, ref))

    asked = await desk.keys.ask_to_retire(OPERATOR, ref)
    assert labels(asked) == ["Retire it", "Keep it"]
    assert desk.bench.lent() == {OLD.id: KeyHealth.HEALTHY}
    card = await desk.keys.retire(OPERATOR, ref)
    assert "still in the settings" in text(card)
    assert not desk.bench.lent()


async def test_a_form_adds_a_key_and_no_card_shows_it(desk: Desk) -> None:
    card = await desk.keys.add(OPERATOR, ref_of("runway"), " studio ", f" {SECRET}\n")

    assert desk.bench.lent()[NEW] is KeyHealth.HEALTHY
    assert "account `studio`" in text(card)
    assert "Added" in text(card)
    shown: list[ui.LayoutView] = [card, await desk.keys.page(OPERATOR)]
    assert not [each for each in shown if SECRET in str(each.to_components())]  # type: ignore[no-untyped-call]


async def test_what_has_gone_meanwhile_is_said(desk: Desk) -> None:
    with pytest.raises(KeyRefused, match="don't know that key"):
        await desk.keys.open(OPERATOR, ref_of("runway-nobody"))
    with pytest.raises(KeyRefused, match="isn't set up"):
        await desk.keys.add(OPERATOR, ref_of("nobody"), "", SECRET)


def test_a_key_of_a_service_without_a_free_call_says_so_and_has_no_test() -> None:
    view = well_key("vertex-1").view
    held = HeldKey(id="vertex-1", provider="vertex", account="vertex-1", view=view, has_free_call=False)

    card = key_view(held)

    assert "has no free call, so a key is tried with the next order." in text(card)
    assert "Test" not in labels(card)
    assert "Test" in labels(key_view(replace(held, has_free_call=True)))
