"""A person's settings as a private panel: each is shown, and changed in place. Pure functions of what they chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import discord
from discord import ui

from bot.speech import Language, later, say
from bot.studio.errors import EditRefused
from bot.studio.model import Captions
from bot.studio.preferences import Preferences
from bot.studio.text import shorten
from bot.ui.card_layout import READY, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.wording import money, plain, seconds
from providers.catalogue import VideoModel

#: The value of an option that leaves it to us; Discord takes no empty ones.
USUAL = "-"
#: What begins the value of an option that leads to another page of models.
PAGE = ">"
LENGTHS = (6, 10, 15, 20, 30, 45, 60, 90, 120)
#: Models on one page: Discord takes 25 options, and three lead elsewhere.
ON_A_PAGE = 22
_LABEL = 100


class Field(IntEnum):
    """What can be chosen, as the panel's menus and buttons number it; a number is never given anew."""

    LENGTH = 1
    RATIO = 2
    MODEL = 3
    LANGUAGE = 4
    CAPTIONS = 5
    MENTIONS = 6
    DMS = 7
    SPOILER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What the panel shows. `usual` is the model that is taken where nobody names one; `page` of the models from 1."""

    user_id: int
    chosen: Preferences
    models: Sequence[VideoModel]
    usual: str
    ratios: Sequence[str]
    has_voices: bool
    page: int = 1


_CAPTIONS = {
    Captions.SOFT: later("Captions: a track to switch on in a player"),
    Captions.BURNT: later("Captions: in the picture"),
    Captions.OFF: later("Captions: none"),
}


def settings_view(panel: Panel) -> ui.LayoutView:
    """All of them, each with its menu or button."""
    chosen = panel.chosen
    head = say(
        "## ⚙️ Your settings\n-# I take these where you ask for nothing else · they hold everywhere · only you see this"
    )
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(head),
        _menu(panel, Field.LENGTH, _lengths(chosen)),
        _menu(panel, Field.RATIO, _ratios(panel)),
        _model_menu(panel),
        _menu(panel, Field.LANGUAGE, _languages(chosen)),
        _menu(panel, Field.CAPTIONS, _captions(chosen)),
    ]
    if panel.has_voices:
        parts.append(_voice(panel))
    told = [say("**When a film is done**"), f"- {_mention_words(chosen)}", f"- {_dm_words(chosen)}"]
    told.append(f"- {_spoiler_words(chosen)}")
    parts += [ui.Separator(), ui.TextDisplay("\n".join(told)), _switches(panel)]
    again = _button(Action.UNPREFER, panel.user_id, say("Reset to defaults"), discord.ButtonStyle.danger)
    again.disabled = chosen == Preferences()
    parts += [ui.Separator(), ui.ActionRow(again)]
    return layout(ui.Container(*parts, accent_colour=READY))


def voice_modal(user_id: int, chosen: Preferences, field: str) -> ui.Modal:
    """Asks for a voice by name; empty means the house's own."""
    custom_id = str(CustomId(Action.NARRATOR, owner_ref(user_id)))
    modal = ui.Modal(title=say("Who narrates your films?"), custom_id=custom_id, timeout=None)
    name: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=field,
        default=chosen.voice_name or None,
        placeholder=say("a name, such as Rosie"),
        required=False,
        max_length=80,
    )
    about = say("Leave it empty for the usual voice. /voice suggests names while you type.")
    modal.add_item(ui.Label(text=say("Name of the voice"), description=shorten(about, 100), component=name))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal


def changed(chosen: Preferences, field: Field, value: str, panel: Panel) -> Preferences:  # a table
    """What somebody wants who chose this value of a menu. Raises `EditRefused` for what is not on offer."""
    usual = value == USUAL
    match field:
        case Field.LENGTH if usual or value in map(str, LENGTHS):
            return replace(chosen, seconds=None if usual else int(value))
        case Field.RATIO if usual or value in panel.ratios:
            return replace(chosen, ratio="" if usual else value)
        case Field.MODEL if usual or value in {model.id for model in panel.models}:
            return replace(chosen, model="" if usual else value)
        case Field.LANGUAGE if usual or value in set(Language):
            return replace(chosen, language=None if usual else Language(value))
        case Field.CAPTIONS if value in set(Captions):
            return replace(chosen, captions=Captions(value))
        case _:
            raise EditRefused(say("That is not on offer any more. Use `/settings` for what is."))


def switched(chosen: Preferences, field: Field, wanted: bool | None = None) -> Preferences:
    """What somebody wants who pressed one of the switches. A press that reaches us twice counts once.

    `wanted` is `None` on panels of older versions of us: whichever it was not so far.
    """
    match field:
        case Field.MENTIONS:
            return replace(chosen, mentions=not chosen.mentions if wanted is None else wanted)
        case Field.DMS:
            return replace(chosen, dms=not chosen.dms if wanted is None else wanted, dms_refused=False)
        case Field.SPOILER:
            return replace(chosen, spoiler=not chosen.spoiler if wanted is None else wanted)
        case _:
            raise AssertionError(field)


def _lengths(chosen: Preferences) -> list[discord.SelectOption]:
    usual = _option(say("Length: as its plan needs"), USUAL, is_chosen=chosen.seconds is None)
    return [
        usual,
        *(
            _option(say("Length: {length}", length=seconds(each)), str(each), is_chosen=chosen.seconds == each)
            for each in LENGTHS
        ),
    ]


def _ratios(panel: Panel) -> list[discord.SelectOption]:
    words = {"16:9": say("wide"), "9:16": say("upright, for phones"), "1:1": say("square")}
    usual = _option(say("Shape: the usual one"), USUAL, is_chosen=panel.chosen.ratio not in panel.ratios)
    return [
        usual,
        *(
            _option(
                say("Shape: {ratio}", ratio=ratio), ratio, is_chosen=panel.chosen.ratio == ratio, about=words.get(ratio)
            )
            for ratio in panel.ratios[:24]
        ),
    ]


def _model_menu(panel: Panel) -> ui.ActionRow[ui.LayoutView]:
    """The models in pages. What was chosen may be on another page, or not be offered any more: then it is said."""
    models, chosen = panel.models, panel.chosen.model
    pages = max(1, -(-len(models) // ON_A_PAGE))
    page = min(max(1, panel.page), pages)
    known = next((model for model in models if model.id == chosen), None)
    usual = _option(say("Model: the usual one"), USUAL, is_chosen=known is None, about=panel.usual)
    options = [usual]
    for model in models[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]:
        about = say("{price} a second", price=money(model.price_per_second_microusd))
        label = say("Model: {model}", model=model.label)
        options.append(_option(label, model.id, is_chosen=model is known, about=about))
    if page > 1:
        options.append(_option(say("← More models"), f"{PAGE}{page - 1}"))
    if page < pages:
        options.append(_option(say("More models →"), f"{PAGE}{page + 1}"))
    if chosen and known is None:
        options[0].description = shorten(say("{model} is not offered here any more", model=chosen), _LABEL)
    placeholder = say("Model: {model}", model=known.label) if known is not None else None
    return _menu(panel, Field.MODEL, options, placeholder=placeholder)


def _languages(chosen: Preferences) -> list[discord.SelectOption]:
    usual = _option(say("Language: that of your Discord"), USUAL, is_chosen=chosen.language is None)
    return [
        usual,
        *(
            _option(say("Language: {language}", language=each.own_name), each.value, is_chosen=chosen.language is each)
            for each in Language
        ),
    ]


def _captions(chosen: Preferences) -> list[discord.SelectOption]:
    return [_option(say(words), each.value, is_chosen=chosen.captions is each) for each, words in _CAPTIONS.items()]


def _voice(panel: Panel) -> ui.Section[ui.LayoutView]:
    chosen = panel.chosen
    change = _button(Action.NARRATOR, panel.user_id, say("Change voice…"), discord.ButtonStyle.secondary)
    who = plain(shorten(chosen.voice_name or chosen.voice, 80)) if chosen.voice else say("the usual one")
    return ui.Section(ui.TextDisplay(say("**Voice** · {voice}", voice=who)), accessory=change)


def _mention_words(chosen: Preferences) -> str:
    if chosen.mentions:
        return say("**Mention: on.** The message with your film pings you.")
    return say("**Mention: off.** The message with your film pings nobody.")


def _dm_words(chosen: Preferences) -> str:
    if chosen.dms:
        return say("**DM: on.** I write to you, too, with the way to it.")
    if chosen.dms_refused:
        return say(
            "**DM: off.** Discord did not let me write to you. Allow direct messages from members of a server that we "
            "share, then switch this on again."
        )
    return say("**DM: off.** I write to you only where you ask for it on a film's card.")


def _spoiler_words(chosen: Preferences) -> str:
    if chosen.spoiler:
        return say("**Spoiler: on.** Your films are covered until somebody wants to see them.")
    return say("**Spoiler: off.** Your films are seen at once, unless a channel covers all of them.")


def _switches(panel: Panel) -> ui.ActionRow[ui.LayoutView]:
    chosen = panel.chosen
    mention = say("Don't mention me") if chosen.mentions else say("Mention me")
    dm = say("Don't DM me") if chosen.dms else say("DM me")
    spoiler = say("Don't cover my films") if chosen.spoiler else say("Cover my films")
    return ui.ActionRow(
        _switch(panel, Field.MENTIONS, mention, wanted=not chosen.mentions),
        _switch(panel, Field.DMS, dm, wanted=not chosen.dms),
        _switch(panel, Field.SPOILER, spoiler, wanted=not chosen.spoiler),
    )


def _switch(panel: Panel, field: Field, label: str, *, wanted: bool) -> ui.Button[Any]:
    custom_id = CustomId(Action.PREFER, owner_ref(panel.user_id), int(field), (int(wanted),))
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=str(custom_id))


def _menu(
    panel: Panel, field: Field, options: list[discord.SelectOption], *, placeholder: str | None = None
) -> ui.ActionRow[ui.LayoutView]:
    custom_id = str(CustomId(Action.PREFER, owner_ref(panel.user_id), int(field)))
    select: ui.Select[ui.LayoutView] = ui.Select(custom_id=custom_id, options=options, placeholder=placeholder)
    return ui.ActionRow(select)


def _option(label: str, value: str, *, is_chosen: bool = False, about: str | None = None) -> discord.SelectOption:
    description = shorten(about, _LABEL) if about else None
    return discord.SelectOption(label=shorten(label, _LABEL), value=value, default=is_chosen, description=description)


def _button(action: Action, user_id: int, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, owner_ref(user_id))))
