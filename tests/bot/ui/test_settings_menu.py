"""What a person wants by default: shown, changed in place, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.speech import Language, speaking
from bot.studio.errors import EditRefused
from bot.studio.model import Captions
from bot.studio.preferences import PreferenceRows, Preferences
from bot.studio.voices import Voices
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.router import Router
from bot.ui.settings_menu import SettingsMenu
from bot.ui.settings_panel import ON_A_PAGE, PAGE, USUAL, Field, Panel, changed, settings_view, switched
from providers.speech import Voice
from tests.bot.production.test_productions import STRANGER
from tests.bot.studio.samples import CATALOGUE, GEN45, OWNER
from tests.bot.ui.test_cards import buttons, is_taken_by_discord, text
from tests.bot.ui.test_desk import RUNWAY, Counter
from tests.bot.ui.test_library import Press

MINE = owner_ref(OWNER)
FULL = Preferences(
    seconds=20, ratio="9:16", model="seedance2", voice="v1", voice_name="Rosie", language=Language.JAPANESE,
    captions=Captions.OFF, mentions=False, dms=True, spoiler=True,
)  # fmt: skip


def panel(chosen: Preferences, **changes: Any) -> Panel:
    usual = Panel(
        user_id=OWNER,
        chosen=chosen,
        models=CATALOGUE.video_models({"runway", "gemini"}),
        usual="Runway Gen-4.5",
        ratios=("16:9", "9:16", "1:1"),
        has_voices=True,
    )
    return replace(usual, **changes)


def menus(view: ui.LayoutView) -> list[ui.Select[Any]]:
    return [item for item in view.walk_children() if isinstance(item, ui.Select)]


def chosen_in(view: ui.LayoutView) -> list[str]:
    return [option.label for menu in menus(view) for option in menu.options if option.default]


# What is shown


def test_everything_that_was_chosen_is_shown() -> None:
    view = settings_view(panel(FULL))

    assert chosen_in(view) == [
        "Length: 20 s",
        "Shape: 9:16",
        "Model: Seedance 2 (through Runway)",
        "Language: 日本語",
        "Captions: none",
    ]
    said = text(view)
    assert "**Voice** · Rosie" in said
    assert "**Mention: off.**" in said
    assert "**DM: on.**" in said
    assert "**Spoiler: on.**" in said


def test_dms_that_were_refused_say_why_until_somebody_decides_anew() -> None:
    refused = Preferences(dms_refused=True)

    assert "Discord did not let me write to you" in text(settings_view(panel(refused)))
    assert Preferences.from_json(refused.to_json()) == refused
    assert [switched(refused, Field.DMS, wanted) for wanted in (True, False)] == [Preferences(dms=True), Preferences()]


def test_nothing_can_be_reset_where_nothing_was_chosen() -> None:
    disabled = {label: is_disabled for label, _, is_disabled in buttons(settings_view(panel(Preferences())))}

    assert disabled["Reset to defaults"]
    assert not {label: is_off for label, _, is_off in buttons(settings_view(panel(FULL)))}["Reset to defaults"]


def test_a_model_that_is_not_offered_any_more_is_told() -> None:
    view = settings_view(panel(Preferences(model="gen3")))

    usual = menus(view)[2].options[0]
    assert (usual.default, usual.description) == (True, "gen3 is not offered here any more")


def test_any_number_of_models_is_shown_in_pages() -> None:
    models = [replace(GEN45, id=f"model-{number}", label=f"Model {number}") for number in range(3 * ON_A_PAGE - 1)]
    pages = [settings_view(panel(Preferences(model="model-30"), models=models, page=page)) for page in (1, 2, 3)]

    seen = [option.value for view in pages for option in menus(view)[2].options if option.value.startswith("model-")]
    assert seen == [model.id for model in models]
    assert [max(len(menu.options) for menu in menus(view)) <= 25 for view in pages] == [True] * 3
    assert menus(pages[0])[2].placeholder == "Model: Model 30"
    assert [menus(view)[2].options[-1].value for view in pages[:2]] == [f"{PAGE}2", f"{PAGE}3"]


def test_the_panel_is_taken_by_discord_whatever_voices_are_called() -> None:
    long = settings_view(panel(replace(FULL, voice_name="界" * 80)))

    assert is_taken_by_discord(long)
    assert is_taken_by_discord(settings_view(panel(Preferences(), has_voices=False)))


# What can be chosen


@pytest.mark.parametrize(
    ("field", "value", "want"),
    [
        (Field.LENGTH, "30", Preferences(seconds=30)),
        (Field.LENGTH, USUAL, Preferences()),
        (Field.RATIO, "1:1", Preferences(ratio="1:1")),
        (Field.MODEL, "gen4_turbo", Preferences(model="gen4_turbo")),
        (Field.LANGUAGE, "de", Preferences(language=Language.GERMAN)),
        (Field.CAPTIONS, "burnt", Preferences(captions=Captions.BURNT)),
    ],
)
def test_each_menu_chooses_one_thing(field: Field, value: str, want: Preferences) -> None:
    assert changed(Preferences(), field, value, panel(Preferences())) == want


@pytest.mark.parametrize("field", [Field.LENGTH, Field.RATIO, Field.MODEL, Field.LANGUAGE, Field.CAPTIONS])
def test_what_is_not_on_offer_is_refused(field: Field) -> None:
    with pytest.raises(EditRefused):
        changed(Preferences(), field, "nonsense", panel(Preferences()))


@pytest.mark.parametrize("field", [Field.MENTIONS, Field.DMS, Field.SPOILER])
def test_a_switch_goes_to_and_fro(field: Field) -> None:
    once = switched(Preferences(), field)

    assert once != Preferences()
    assert switched(once, field) == Preferences()


@pytest.mark.parametrize("which", [Field.MENTIONS, Field.DMS, Field.SPOILER])
async def test_a_switch_that_is_pressed_twice_at_once_counts_once(menu: Menu, which: Field) -> None:
    usual = Preferences()
    shown = [
        CustomId.parse(getattr(item, "custom_id", None) or "") for item in settings_view(panel(usual)).walk_children()
    ]
    (button,) = [each for each in shown if each and each.version == which]
    assert button.ref == MINE

    for _ in range(2):
        await menu.press(button)

    assert await menu.rows.of(OWNER) == switched(usual, which)


# What presses do


class Choir(Voices):
    """Knows Rosie."""

    def __init__(self) -> None: ...

    async def named(self, id_or_name: str) -> Voice | None:
        return Voice(id="v1", name="Rosie", labels=()) if id_or_name.casefold() in {"v1", "rosie"} else None


class Menu(Counter):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.rows = PreferenceRows(database)
        self.desk.voices = Choir()
        self.menu = SettingsMenu(self.desk, self.rows)

    async def press(
        self, custom_id: CustomId, *, values: Sequence[str] = (), user_id: int = OWNER, typed: str | None = None
    ) -> Press:
        pressed = Press(custom_id, user_id)
        data: Any = pressed.data
        if values:
            data["values"] = list(values)
        if typed is not None:
            pressed.type = discord.InteractionType.modal_submit
            data["components"] = [{"component": {"custom_id": "voice", "value": typed}}]
        interaction: Any = pressed
        await Router(self.desk, self.projects, presses=self.menu.presses).handle(interaction)
        return pressed


@pytest.fixture
def menu(database: Database) -> Menu:
    return Menu(database)


def field(which: Field) -> CustomId:
    return CustomId(Action.PREFER, MINE, int(which))


async def test_a_choice_is_kept_and_shown_in_place(menu: Menu) -> None:
    await menu.press(field(Field.LENGTH), values=["15"])
    pressed = await menu.press(field(Field.DMS))

    assert await menu.rows.of(OWNER) == Preferences(seconds=15, dms=True)
    assert "Length: 15 s" in chosen_in(pressed.views[0])
    assert "**DM: on.**" in text(pressed.views[0])


async def test_another_page_of_models_changes_nothing(menu: Menu) -> None:
    pressed = await menu.press(field(Field.MODEL), values=[f"{PAGE}2"])

    assert pressed.views
    assert await menu.rows.of(OWNER) == Preferences()


async def test_a_voice_is_chosen_by_its_name_and_left_again(menu: Menu) -> None:
    narrator = CustomId(Action.NARRATOR, MINE)
    named = await menu.press(narrator, typed=" rosie ")
    assert "**Voice** · Rosie" in text(named.views[0])
    assert (await menu.rows.of(OWNER)).voice == "v1"

    unknown = await menu.press(narrator, typed="Nobody")
    assert unknown.views == []
    assert "no voice of that name" in unknown.words[0]
    assert (await menu.rows.of(OWNER)).voice == "v1"

    await menu.press(narrator, typed="")
    assert await menu.rows.of(OWNER) == Preferences()


async def test_everything_is_as_at_first_after_a_reset(menu: Menu) -> None:
    await menu.rows.change(OWNER, lambda _: FULL)

    pressed = await menu.press(CustomId(Action.UNPREFER, MINE))

    assert await menu.rows.of(OWNER) == Preferences()
    assert "**DM: off.**" in text(pressed.views[0])


@pytest.mark.parametrize(
    "custom_id",
    [
        CustomId(Action.PREFER, MINE, int(Field.SPOILER)),
        CustomId(Action.UNPREFER, MINE),
    ],
)
async def test_nobody_changes_what_is_anothers(menu: Menu, custom_id: CustomId) -> None:
    await menu.rows.change(OWNER, lambda _: FULL)

    pressed = await menu.press(custom_id, user_id=STRANGER)

    assert pressed.views == []
    assert "belongs to" in pressed.words[0]
    assert await menu.rows.of(OWNER) == FULL
    assert await menu.rows.of(STRANGER) == Preferences()


async def test_another_language_model_offer_leaves_the_panel_whole(menu: Menu) -> None:
    nothing = SettingsMenu(menu.with_offer(replace(RUNWAY, video_models=())), menu.rows)

    assert is_taken_by_discord(settings_view(nothing._panel(OWNER, Preferences())))


async def test_the_panel_speaks_the_language_that_was_just_chosen(menu: Menu) -> None:
    german = await menu.press(field(Field.LANGUAGE), values=["de"])

    with speaking(Language.GERMAN):
        want = settings_view(panel(Preferences(language=Language.GERMAN))).to_components()  # type: ignore[no-untyped-call]
    assert text(german.views[0]).splitlines()[0] == want[0]["components"][0]["content"].splitlines()[0]
    assert await menu.rows.of(OWNER) == Preferences(language=Language.GERMAN)
