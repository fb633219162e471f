"""`/admin limits` as cards: all accounts, or one with where each of its limits comes from. Pure renderings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.settings import Amount
from bot.speech import later, say
from bot.studio.limit_book import LimitLine
from bot.studio.limiter import Limiter, Origin, Place, What
from bot.ui.admin.pieces import button, moment, rate_words, ref_of, turning, usage_words
from bot.ui.card_layout import READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import titled
from ratelimit import Allowance, KeyView, Limits

ON_A_PAGE = 6
#: Models of one account with the same limits that are named, and places in a menu.
_NAMED, _IN_A_MENU = 4, 25

_ORIGINS = {
    Origin.ASSUMED: later("{limit} (assumed)"),
    Origin.SETTINGS: later("{limit} (settings)"),
    Origin.TOLD: later("{limit} (told by the service)"),
    Origin.SET: later("**{limit} (set here)**"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """One account, or (without a `view`) every account of a service; `models` are what may have limits of their own."""

    place: Place
    models: Sequence[str]
    view: KeyView | None = None
    note: str = ""


def place_ref(place: Place) -> str:
    """A place as a button's or menu's `ref`: found again among those there are."""
    return ref_of(f"{place.provider}\n{place.account or ''}\n{place.model or ''}")


def limits_view(
    accounts: Sequence[tuple[str, KeyView]], services: Sequence[str], limiter: Limiter, number: int, note: str = ""
) -> ui.LayoutView:
    """All accounts, a few on a page, each with the way to its own card."""
    pages = max(1, -(-len(accounts) // ON_A_PAGE))
    number = min(max(1, number), pages)
    shown = accounts[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    return fitted(lambda room: _limits_view(shown, services, limiter, (number, pages), note, most=max(3, room // 40)))


def _limits_view(
    accounts: Sequence[tuple[str, KeyView]],
    services: Sequence[str],
    limiter: Limiter,
    page: tuple[int, int],
    note: str,
    *,
    most: int,
) -> ui.LayoutView:
    number, pages = page
    head = say("## 📏 Limits of the accounts")
    if pages > 1:
        head += "\n-# " + say("page {number} of {pages}", number=number, pages=pages)
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{note}" if note else head)]
    for service, view in accounts:
        place = Place(service, view.account)
        words = "\n".join(
            [f"**{titled(service)}** · `{view.account}`", *_lines(view.limits, place, limiter, view)][:most]
        )
        opens = button(Action.OPLIMIT, say("Open"), ref=place_ref(place))
        parts += [ui.Separator(), ui.Section(ui.TextDisplay(words), accessory=opens)]
    if not accounts:
        parts.append(ui.TextDisplay(say("No key is lent, so there is nothing to limit.")))
    if pages > 1:
        parts.append(turning(Action.OPLIMITS, number, pages))
    if services:
        every = [
            button(Action.OPLIMIT, say("Every {service} account", service=titled(name)), ref=place_ref(Place(name)))
            for name in services[:5]
        ]
        parts += [ui.Separator(), ui.ActionRow(*every)]
    return layout(ui.Container(*parts, accent_colour=READY))


def account_view(facts: AccountFacts, limiter: Limiter) -> ui.LayoutView:
    """One account: what holds, where that comes from, and a menu of what can be changed."""
    return fitted(lambda room: _account_view(facts, limiter, most=max(4, room // 25)))


def _account_view(facts: AccountFacts, limiter: Limiter, most: int) -> ui.LayoutView:
    place = facts.place
    whose = say("every account") if place.account is None else f"`{place.account}`"
    head = f"## 📏 {titled(place.provider)} · {whose}"
    lines = _lines(limiter.limits(place.provider, place.account), place, limiter, facts.view)
    were_set = limiter.lines(place.provider, place.account)
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"{head}\n{facts.note}" if facts.note else head),
        ui.TextDisplay("\n".join(lines[:most])),
    ]
    if were_set:
        parts.append(ui.TextDisplay("\n".join(_set_line(line, limiter) for line in were_set[:most])))
    parts += [
        ui.Separator(),
        ui.TextDisplay(
            say(
                "-# *Assumed* is what the service publishes or we chose; *settings* are yours. What is set here holds "
                "over restarts, in their place. What the service itself grants stays what it is."
            )
        ),
        ui.ActionRow(_menu(facts, limiter)),
        ui.ActionRow(
            button(
                Action.OPLIMITUNDO,
                say("As the settings say"),
                ref=place_ref(place),
                style=discord.ButtonStyle.danger,
                disabled=not were_set,
            ),
            button(Action.OPLIMITS, say("All accounts"), version=1),
        ),
    ]
    return layout(ui.Container(*parts, accent_colour=READY))


def _menu(facts: AccountFacts, limiter: Limiter) -> ui.Select[Any]:
    place = facts.place
    options = [discord.SelectOption(label=say("All models together"), value=place_ref(place))]
    for model in facts.models[: _IN_A_MENU - 1]:
        at = Place(place.provider, place.account, model)
        words = ", ".join(_plainly(limiter.limits(place.provider, place.account).for_model(model)))
        options.append(discord.SelectOption(label=model[:100], value=place_ref(at), description=words[:100] or None))
    menu: ui.Select[Any] = ui.Select(
        custom_id=str(CustomId(Action.OPLIMITSET, place_ref(place))), placeholder=say("Change…"), options=options
    )
    return menu


def _lines(limits: Limits, place: Place, limiter: Limiter, view: KeyView | None) -> list[str]:
    """What holds: over all models, for each, and for those that have limits of their own; and what of it is used."""
    lines = []
    if allowed := _told(limits.account, place, limiter):
        lines.append("- " + say("over all: {limits}", limits=allowed))
    if each := _told(limits.each_model, place, limiter):
        lines.append("- " + say("each model: {limits}", limits=each))
    alike: dict[str, list[str]] = {}
    for model, allowance in limits.models.items():
        told = _told(allowance, Place(place.provider, place.account, model), limiter)
        alike.setdefault(told or say("no limit"), []).append(f"`{model}`")
    for words, models in alike.items():
        shown = ", ".join(models[:_NAMED])
        if len(models) > _NAMED:
            shown = say("{models} and {number} more", models=shown, number=len(models) - _NAMED)
        lines.append("- " + say("{model}: {limits}", model=shown, limits=words))
    if not lines:
        lines.append("- " + say("no limit is known"))
    if view is not None:
        if used := usage_words(view):
            lines.append("- " + say("used: {usage}", usage="; ".join(used)))
        lines += [
            "- " + say("{model} rests until {when}", model=f"`{model}`", when=moment(until))
            for model, until in view.resting_models.items()
            if until < float("inf")
        ]
    return lines


def _told(allowance: Allowance, place: Place, limiter: Limiter) -> str:
    """The limits of one place, each with where it comes from."""
    found = []
    for rate in allowance.rates:
        limited: dict[What, int | None] = {"requests": rate.requests, "tokens": rate.tokens}
        origins = [limiter.origin_of(place, what, rate.period) for what in limited if limited[what] is not None]
        origin = max(origins, key=list(Origin).index, default=Origin.ASSUMED)
        found.append(say(_ORIGINS[origin], limit=rate_words(rate)))
    if allowance.room is not None:
        words = say("{room} open at once", room=allowance.room)
        found.append(say(_ORIGINS[limiter.origin_of_room(place)], limit=words))
    return ", ".join(found)


def _plainly(allowance: Allowance) -> list[str]:
    limits = [rate_words(rate) for rate in allowance.rates]
    if allowance.room is not None:
        limits.append(say("{room} open at once", room=allowance.room))
    return limits


def _set_line(line: LimitLine, limiter: Limiter) -> str:
    """Who set what, and whether that is more than the settings say."""
    where = say("all models together") if line.said.model is None else f"`{line.said.model}`"
    words = "✏️ " + say(
        "{where}: {limits}, set by {who} {when}",
        where=where,
        limits=f"`{line.said}`",
        who=f"<@{line.by}>",
        when=moment(line.at),
    )
    if looser := limiter.looser(line):
        words += "\n-# ⚠️ " + looser_words(looser)
    return words


def looser_words(without: Sequence[Amount | int]) -> str:
    """What would hold without it, where that is less."""
    told = [say("{room} open at once", room=each) if isinstance(each, int) else str(each) for each in without]
    return say(
        "That is more than holds without it ({limits}). The service may refuse what is above its own limits.",
        limits=", ".join(told),
    )
