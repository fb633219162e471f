"""Models as people compare them: what each can and costs, and how it stands here."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.app.pools import judge
from bot.studio.errors import ModelNotFound
from bot.studio.soundtrack import SoundOffer
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.models_card import ON_A_PAGE, ModelFacts, model_view, models_view, pages_of
from bot.ui.models_menu import ModelsMenu
from bot.ui.offer import Offer
from bot.ui.router import Router
from providers.catalogue import Catalogue
from ratelimit import ApiKey, KeyPool, Limits
from ratelimit.limits import Allowance
from tests.bot.studio.samples import CATALOGUE, GEN45, TURBO, VEO
from tests.bot.ui.test_cards import buttons, is_taken_by_discord, text
from tests.bot.ui.test_library import Press
from tests.bot.ui.test_settings_menu import menus


def facts(**changes: Any) -> ModelFacts:
    return replace(ModelFacts(model=GEN45, service="Runway", places=4, taken=1), **changes)


def pool(**limits: Any) -> KeyPool:
    keys = [ApiKey("key-1", "a", "fake-secret"), ApiKey("key-2", "a", "fake-secret"), ApiKey("key-3", "b", "fake")]
    return KeyPool("runway", keys, limits=Limits(**limits), judge=judge)


def menu(*, catalogue: Catalogue = CATALOGUE, runway: KeyPool | None = None) -> ModelsMenu:
    video = catalogue.video_models({"runway"})
    sound = SoundOffer(voice=catalogue.speech[0], music=catalogue.music[0])
    unused: Any = None
    offer = Offer(video_models=video, default_model="gen4.5", can_plan=True, sound=sound)
    desk = Desk(
        projects=unused,
        productions=unused,
        greenlights=unused,
        lifecycle=unused,
        outbox=unused,
        catalogue=catalogue,
        offer=offer,
        changed=unused,
    )
    return ModelsMenu(desk, catalogue, {"runway": runway or pool()})


# What is said


def test_a_model_tells_what_it_can_and_costs() -> None:
    said = text(model_view(facts(is_usual=True)))

    assert "## Runway Gen-4.5\n-# Runway · ready here · the usual one" in said
    assert "**Makes clips from** words, a picture" in said
    assert "**Length of a shot** 2–10 s" in said
    assert "**Shape** 16:9, 9:16" in said
    assert "**Size** 720p" in said
    assert "**Sound** silent" in said
    assert "**Costs** $0.12 a second, $1.80 a film of 15 s" in said
    assert "**Now** 1 of 4 places taken · nobody waits" in said


def test_other_sizes_have_other_prices() -> None:
    said = text(model_view(facts(model=CATALOGUE.resolve("seedance2"))))

    assert "**At other sizes, a second** 480p $0.36, 1080p $0.40, 4k $1.50" in said
    assert "with sound" in text(model_view(facts(model=VEO)))


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({"waiting": 3}, "1 of 4 places taken · 3 wait for Runway"),
        ({"places": None}, "1 order under way · nobody waits"),
        ({"rests_until": 100.2}, "all keys rest, until <t:101:R>"),
        ({"rests_until": math.inf}, "no key serves it just now"),
    ],
)
def test_how_its_service_stands_is_told(changes: dict[str, Any], now: str) -> None:
    assert now in text(model_view(facts(**changes)))


def test_a_last_day_is_told_and_who_takes_over() -> None:
    retiring = replace(GEN45, retires=date(2026, 12, 31))

    said = text(model_view(facts(model=retiring, successor="Gen-5")))
    assert "Retires <t:1798761599:D>; then Gen-5" in said
    assert "Switched off <t:1798761599:D>" in text(model_view(facts(model=retiring, is_over=True, is_offered=False)))


def test_models_without_a_key_or_a_price_say_so() -> None:
    assert "I have no key for it" in text(model_view(facts(is_offered=False)))
    upscaler = CATALOGUE.video[4]
    said = text(model_view(facts(model=upscaler, is_offered=False)))
    assert "makes no shots of films" in said
    assert "**Now**" not in said


def test_every_page_is_taken_by_discord_and_has_no_button_twice() -> None:
    many = [facts(model=replace(GEN45, id=f"m-{number}", label="界" * 90)) for number in range(3 * ON_A_PAGE)]
    pages = [models_view(many, number, ["- speaks"]) for number in (1, 2, 3, 9)]

    assert [is_taken_by_discord(view) for view in pages] == [True] * 4
    assert [[label for label, _, _ in buttons(view)] for view in pages] == [
        ["More →"],
        ["← Back", "More →"],
        ["← Back"],
        ["← Back"],
    ]
    assert "- speaks" in text(pages[2])
    assert is_taken_by_discord(models_view([]))


# What there is here


def test_models_on_offer_come_first_and_none_is_left_out() -> None:
    found = menu().facts()

    assert {each.model.id for each in found} == {model.id for model in CATALOGUE.video}
    ready = [each.is_offered for each in found]
    assert ready == sorted(ready, reverse=True)
    assert next(each for each in found if each.is_usual).model.id == "gen4.5"
    assert not next(each for each in found if each.model.provider == "gemini").is_offered


def test_a_model_past_its_last_day_is_not_offered() -> None:
    later = replace(CATALOGUE, video=(replace(GEN45, retires=date(2020, 1, 1), successor="gen4_turbo"), TURBO))

    (last,) = [each for each in menu(catalogue=replace(later, retired=())).facts() if each.model.id == "gen4.5"]

    assert (last.is_over, last.is_offered, last.successor) == (True, False, "Runway Gen-4 Turbo")


async def test_places_are_counted_once_an_account_and_orders_under_way_take_them() -> None:
    runway = pool(models={"gen4.5": Allowance(room=2)})
    async with runway.lease(user="a", model="gen4.5"):
        found = {each.model.id: each for each in menu(runway=runway).facts()}

    assert (found["gen4.5"].places, found["gen4.5"].taken, found["gen4.5"].rests_until) == (4, 1, None)
    assert found["gen4_turbo"].places is None


# What people do


async def press(custom_id: CustomId, *values: str) -> Press:
    pressed = Press(custom_id)
    data: Any = pressed.data
    data["values"] = list(values)
    interaction: Any = pressed
    unused: Any = None
    await Router(unused, unused, presses=menu().presses).handle(interaction)
    return pressed


async def test_a_model_is_looked_at_and_left_again() -> None:
    listed = menu().page()
    (choice,) = menus(listed)

    one = await press(CustomId.parse(choice.custom_id) or CustomId(Action.STOP, ""), choice.options[1].value)

    assert "**Length of a shot**" in text(one.views[0])
    ((_, back, _),) = buttons(one.views[0])
    again = await press(CustomId.parse(back or "") or CustomId(Action.STOP, ""))
    assert text(again.views[0]) == text(listed)


def test_a_model_is_found_by_its_name_and_an_unknown_one_refused() -> None:
    assert "Gen-4 Turbo" in text(menu().one("runway gen-4 TURBO"))
    assert "Gen-4 Turbo" in text(menu().one("gen4_turbo"))
    with pytest.raises(ModelNotFound):
        menu().one("sora")
    with pytest.raises(ModelNotFound):
        menu().one("veo")  # there are several
    assert "Gen-4 Turbo" in text(menu().one("turbo"))


def test_what_makes_sound_is_on_the_last_page() -> None:
    last = menu().page(pages_of(menu().facts()))

    assert "a thousand letters" in text(last)
    assert "a minute begun" in text(last)
