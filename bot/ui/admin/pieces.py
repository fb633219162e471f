"""What the cards of `/admin` have in common: buttons, and how long, how full and how well things are, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui

from bot.speech import counted, lasting, say
from bot.ui.answering import turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from bot.ui.wording import plain
from ratelimit import DayLimit, KeyHealth, KeyView, Rate

#: A button that is about nothing in particular.
NOTHING = "0" * 32

SYMBOLS = {
    KeyHealth.HEALTHY: "🟢",
    KeyHealth.PROBING: "🟡",
    KeyHealth.COOLING: "🟡",
    KeyHealth.OUT: "🔴",
    KeyHealth.PAUSED: "⏸️",
    KeyHealth.RETIRED: "⚪",
}


#: What a press shows in the place of the card it stands on.
Act = Callable[[Asker, CustomId], Awaitable[ui.LayoutView]]


def in_place(rights: Rights, act: Act) -> Press:
    """Answers a press by changing the card; who pressed is asked each time."""

    async def press(interaction: discord.Interaction, custom_id: CustomId) -> None:
        await turn(interaction, lambda: act(rights.of(interaction), custom_id))

    return press


def ref_of(name: str) -> str:
    """A key's or service's name as a button's `ref`: found again among those there are, and no secret is drawn in."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def button(
    action: Action,
    label: str,
    *,
    ref: str = NOTHING,
    version: int | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, ref, version)), disabled=disabled)


def turning(action: Action, number: int, pages: int) -> ui.ActionRow[ui.LayoutView]:
    """The two buttons that turn the pages of a list."""
    back, on = max(1, number - 1), min(pages, number + 1)
    return ui.ActionRow(
        button(action, say("← Back"), version=back, disabled=number <= 1),
        # Two buttons of one message may not carry the same id, which they would on a list of one page.
        button(action, say("On →"), version=on if on != back else on + 1, disabled=number >= pages),
    )


def moment(at: float) -> str:
    """A time as Discord shows it: how far off it is, in the reader's own language."""
    return f"<t:{int(at)}:R>"


def health_words(view: KeyView) -> str:
    """How a key fares, until when and why, and what to do about it; never by its symbol alone."""
    symbol = SYMBOLS[view.health]
    match view.health:
        case KeyHealth.HEALTHY:
            return say("{symbol} works", symbol=symbol)
        case KeyHealth.PROBING:
            return say("{symbol} is tried with the next request, after a rest", symbol=symbol)
        case KeyHealth.PAUSED:
            return say("{symbol} paused: what it has begun goes on", symbol=symbol)
        case KeyHealth.RETIRED:
            open_now = counted(view.open, "{number} order is", "{number} orders are")
            return say("{symbol} retired: gone once {orders} over", symbol=symbol, orders=open_now)
        case KeyHealth.COOLING:
            until = moment(view.until) if view.until is not None else say("later")
            return say("{symbol} rests, on again {until}: {why}", symbol=symbol, until=until, why=why_words(view.why))
        case KeyHealth.OUT:
            until = moment(view.until) if view.until is not None else say("later")
            return say("{symbol} out, tried again {until}: {why}", symbol=symbol, until=until, why=why_words(view.why))


def why_words(why: str) -> str:
    """What a service had against a key, and what to do."""
    match why:
        case "throttled":
            return say("the service wanted fewer requests")
        case "exhausted":
            return say("its quota or credit is used up; top it up, or add another key")
        case "rejected":
            return say("the service does not accept it; renew it there and add the new one")
        case "unavailable":
            return say("the service failed; it goes on by itself")
        case "used up":
            return say("the service says that nothing is left for now")
        case _:
            return plain(why)


def _span(period: float) -> str:
    match period:
        case 60.0:
            return say("min")
        case 3_600.0:
            return say("hour")
        case 86_400.0:
            return say("day")
        case _:
            return lasting(period)


def rate_words(rate: Rate) -> str:
    """One limit over time: "60 requests per min"."""
    counts = []
    if rate.requests is not None:
        counts.append(counted(rate.requests, "{number} request", "{number} requests"))
    if rate.tokens is not None:
        counts.append(counted(rate.tokens, "{number} token", "{number} tokens"))
    words = say("{counts} per {span}", counts=", ".join(counts), span=_span(rate.period))
    return f"{words} ({rate.zone})" if isinstance(rate, DayLimit) else words


def usage_words(view: KeyView) -> list[str]:
    """Every window of the account that anything is spent or bounded in, and its room: "12 of 60 requests per min"."""
    lines = []
    for usage in view.usage:
        limit = usage.limit
        counts = []
        if limit.requests is not None:
            counts.append(say("{used} of {most} requests", used=usage.requests, most=limit.requests))
        elif usage.requests:
            counts.append(counted(usage.requests, "{number} request", "{number} requests"))
        if limit.tokens is not None:
            counts.append(say("{used} of {most} tokens", used=usage.tokens, most=limit.tokens))
        if not counts:
            continue
        words = say("{counts} per {span}", counts=", ".join(counts), span=_span(limit.period))
        lines.append(words if usage.model is None else f"`{usage.model}`: {words}")
    room = view.limits.account.room
    if room is not None:
        lines.append(say("{open} of {room} places taken", open=view.open, room=room))
    for model, is_open in view.open_by_model.items():
        most = view.limits.for_model(model).room if model is not None else None
        if model is not None and most is not None:
            words = say("{open} of {room} places taken", open=is_open, room=most)
            lines.append(f"`{model}`: {words}")
    return lines
