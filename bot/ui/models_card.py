"""Video models as people compare them: what each can and costs, and how its service stands now; pure renderings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import discord
from discord import ui

from bot.speech import counted, later, say
from bot.studio.text import dollars, shorten, spans
from bot.ui.card_layout import PAST, READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import plain
from providers.catalogue import VideoModel
from providers.video import Task

#: Models on one page, and the seconds of a typical film.
ON_A_PAGE, TYPICAL = 8, 15
#: `ref` of buttons that are about nobody.
NOBODY = "0" * 32

_FROM = {
    Task.TEXT: later("words"),
    Task.IMAGE: later("a picture"),
    Task.LAST_IMAGE: later("a first and a last picture"),
    Task.REFERENCES: later("pictures to go by"),
    Task.EXTEND: later("a clip to go on from"),
    Task.EDIT: later("a clip to change"),
    Task.PERFORM: later("a clip to act out"),
    Task.UPSCALE: later("a clip to make larger"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model, and how it stands here. `service` is its provider as people know it.

    `places` are how many orders its service takes at once, `None` where nobody tells; `taken` are under way; `waiting`
    wait for its keys; `rests_until` is when a key serves it again where none does now, infinity for nobody knows.
    `is_offered` says that films can be made with it here.
    """

    model: VideoModel
    service: str
    is_offered: bool = True
    is_usual: bool = False
    is_over: bool = False
    successor: str | None = None
    places: int | None = None
    taken: int = 0
    waiting: int = 0
    rests_until: float | None = None


def models_view(models: Sequence[ModelFacts], page: int = 1, sounds: Sequence[str] = ()) -> ui.LayoutView:
    """A page of all of them, those on offer first; `sounds` are lines on what speaks and plays."""
    return fitted(lambda _: _models_view(models, page, sounds))


def model_view(facts: ModelFacts, page: int = 1) -> ui.LayoutView:
    """All of one."""
    lines = _lines(facts)
    head = f"## {plain(facts.model.label)}\n-# {_standing(facts)}"
    back = _turn(say("← All models"), page)
    colour = READY if facts.is_offered else PAST
    return layout(
        ui.Container(ui.TextDisplay(head), ui.TextDisplay("\n".join(lines)), ui.ActionRow(back), accent_colour=colour)
    )


def pages_of(models: Sequence[ModelFacts]) -> int:
    return max(1, -(-len(models) // ON_A_PAGE))


def _models_view(models: Sequence[ModelFacts], page: int, sounds: Sequence[str]) -> ui.LayoutView:
    pages = pages_of(models)
    page = min(max(1, page), pages)
    shown = models[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    offered = sum(facts.is_offered for facts in models)
    head = say("## 🎥 Models") + "\n-# "
    head += counted(offered, "{number} that I can use here", "{number} that I can use here")
    head += " · " + say("page {page} of {pages}", page=page, pages=pages)
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(head), ui.Separator()]
    if not shown:
        parts.append(ui.TextDisplay(say("No video model is known.")))
    parts += [ui.TextDisplay(_row(facts)) for facts in shown]
    if sounds and page == pages:
        parts += [ui.Separator(), ui.TextDisplay("\n".join([say("**Sound, by other models**"), *sounds]))]
    if shown:
        options = [
            discord.SelectOption(label=shorten(facts.model.label, 100), value=facts.model.id[:100]) for facts in shown
        ]
        custom_id = str(CustomId(Action.MODEL, NOBODY, page))
        menu: ui.Select[ui.LayoutView] = ui.Select(
            custom_id=custom_id, placeholder=say("Look at one of them…"), options=options
        )
        parts += [ui.Separator(), ui.ActionRow(menu)]
    newer, older = _turn(say("← Back"), max(1, page - 1)), _turn(say("More →"), min(pages, page + 1))
    newer.disabled, older.disabled = page <= 1, page >= pages
    if pages > 1:
        # Both would have the same id on the first and the last page, for a disabled one leads to the page itself.
        parts.append(ui.ActionRow(*[button for button in (newer, older) if not button.disabled]))
    return layout(ui.Container(*parts, accent_colour=READY))


def _row(facts: ModelFacts) -> str:
    model = facts.model
    bits = [_price(model), _lengths(model), ", ".join(model.ratios), _sound(model)]
    lines = [f"**{plain(model.label)}** · {_standing(facts)}", " · ".join(filter(None, bits))]
    if facts.is_offered:
        lines.append(f"-# {_now(facts)}")
    if (ends := _ends(facts)) is not None:
        lines.append(f"-# {ends}")
    return "\n".join(lines)


def _lines(facts: ModelFacts) -> list[str]:
    model = facts.model
    sources = ", ".join(say(_FROM[task]) for task in model.can)
    sizes = [
        say("{size} (for drafts)", size=size) if size == model.draft_resolution else size for size in model.resolutions
    ]
    lines = [
        say("**Makes clips from** {sources}", sources=sources),
        say("**Length of a shot** {lengths}", lengths=_lengths(model)),
        say("**Shape** {ratios}", ratios=", ".join(model.ratios) or say("that of its source")),
        say("**Size** {sizes}", sizes=", ".join(sizes)),
        say("**Sound** {sound}", sound=_sound(model)),
    ]
    if model.prices:
        lines.append(say("**Costs** {price}", price=_price(model)))
        others = [f"{size} {dollars(rate)}" for size, rate in model.prices.items() if size != model.resolution]
        if others:
            lines.append(say("**At other sizes, a second** {prices}", prices=", ".join(others)))
    if facts.is_offered:
        lines.append(say("**Now** {now}", now=_now(facts)))
    if (ends := _ends(facts)) is not None:
        lines.append(ends)
    lines.append(say("-# Limits and prices as of {day}", day=model.checked.isoformat()))
    return lines


def _standing(facts: ModelFacts) -> str:
    if facts.is_over:
        return say("{service} · switched off", service=facts.service)
    if not facts.is_offered:
        if not facts.model.makes_films:
            return say("{service} · makes no shots of films", service=facts.service)
        return say("{service} · I have no key for it", service=facts.service)
    if facts.rests_until == math.inf:
        if facts.is_usual:
            return say("{service} · away just now · the usual one", service=facts.service)
        return say("{service} · away just now", service=facts.service)
    if facts.is_usual:
        return say("{service} · ready here · the usual one", service=facts.service)
    return say("{service} · ready here", service=facts.service)


def _price(model: VideoModel) -> str:
    if not model.prices:
        return say("its price is not known, so it is not ordered")
    rate = model.price_per_second_microusd
    film = dollars(-(-rate * TYPICAL // 10_000) * 10_000)
    return say("{rate} a second, {film} a film of {seconds} s", rate=dollars(rate), film=film, seconds=TYPICAL)


def _lengths(model: VideoModel) -> str:
    return say("{spans} s", spans=spans(model.durations)) if model.durations else say("as long as its source")


def _sound(model: VideoModel) -> str:
    return say("with sound") if model.native_audio else say("silent")


def _now(facts: ModelFacts) -> str:
    """How its service stands: places, who waits, and until when all keys rest."""
    if facts.rests_until is not None:
        if facts.rests_until == math.inf:
            return say("no key serves it just now, and nobody can tell until when")
        return say("all keys rest, until <t:{until}:R>", until=math.ceil(facts.rests_until))
    free = say("{taken} of {places} places taken", taken=facts.taken, places=facts.places)
    if facts.places is None:
        free = counted(facts.taken, "{number} order under way", "{number} orders under way")
    waiting = counted(
        facts.waiting, "{number} waits for {service}", "{number} wait for {service}", service=facts.service
    )
    return f"{free} · {waiting}" if facts.waiting else say("{free} · nobody waits", free=free)


def _ends(facts: ModelFacts) -> str | None:
    """Its last day, and who takes over."""
    if facts.model.retires is None:
        return None
    last = int(datetime.combine(facts.model.retires, time.max, UTC).timestamp())
    when = say("Switched off <t:{last}:D>", last=last) if facts.is_over else say("Retires <t:{last}:D>", last=last)
    return when if facts.successor is None else say("{when}; then {model}", when=when, model=facts.successor)


def _turn(label: str, page: int) -> ui.Button[Any]:
    custom_id = str(CustomId(Action.MODELS, NOBODY, page))
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=custom_id)
