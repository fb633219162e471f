"""A film with its price in few lines: what somebody in a hurry decides by."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.casting import Quote
from bot.studio.model import Plan, Project
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, PENDING, READY, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.maximum import is_above, over_maximum
from bot.ui.replies import words_for_failure
from bot.ui.safer_words import is_refused_idea, safer_button
from bot.ui.wording import money, plain, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A planned film and what it costs; `quote` is `None` where nobody here can make it. `label` is who makes it."""

    project: Project
    plan: Plan
    quote: Quote | None
    label: str = ""


def writing_card(words: str) -> ui.LayoutView:
    """While the plan is being written; `words` tell where it comes as well."""
    text = f"## 🎬 {say('Writing your film')}\n{words}\n-# " + say("Its price comes here in a moment.")
    return layout(ui.Container(ui.TextDisplay(text), accent_colour=PENDING))


def late_card(words: str) -> ui.LayoutView:
    """Where the plan takes longer than Discord lets us answer here."""
    text = f"## 🎬 {say('Still writing')}\n{words}\n-# " + say("It takes longer than usual: its card comes there.")
    return layout(ui.Container(ui.TextDisplay(text), accent_colour=PENDING))


def unplanned_card(project: Project) -> ui.LayoutView:
    again: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.primary, label=say("Try again"), custom_id=str(CustomId(Action.RETRY, project.id))
    )
    text = f"## 🎬 {say('No plan yet')}\n{words_for_failure(project.failure or '')}"
    ways = [safer_button(project.id), again] if is_refused_idea(project) else [again]
    return layout(ui.Container(ui.TextDisplay(text), ui.ActionRow(*ways), accent_colour=BAD))


def quote_card(quoted: Quoted) -> ui.LayoutView:
    """The film, its price, and the button that orders it."""
    return fitted(lambda room: _quote_card(quoted, room))


def _quote_card(quoted: Quoted, room: int) -> ui.LayoutView:
    plan, quote = quoted.plan, quoted.quote
    shots = counted(len(plan.shots), "one shot", "{number} shots")
    lines = [
        f"## 🎬 {title(plan, room)}",
        " · ".join(filter(None, [f"**{seconds(plan.duration)}**", plan.ratio, shots, quoted.label])),
        f"> {plain(shorten(plan.logline, min(240, 3 * room)))}",
    ]
    lines += [
        f"{number}. {plain(shorten(shot.title, min(60, room)))} · {seconds(shot.duration)}"
        for number, shot in enumerate(plan.shots, 1)
    ]
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines)), ui.Separator()]
    parts += [ui.TextDisplay(_price(quoted)), _buttons(quoted)]
    above = quote is None or is_above(quoted.project, quote.price_microusd)
    return layout(ui.Container(*parts, accent_colour=BAD if above else READY))


def _price(quoted: Quoted) -> str:
    if quoted.quote is None:
        return say("No video service that can make this is set up here, so it can't be made; the plan is kept.")
    price = money(quoted.quote.price_microusd)
    if is_above(quoted.project, quoted.quote.price_microusd):
        return over_maximum(quoted.project, price)
    return say("**At most {price}.** Nothing is ordered before you press **Greenlight**.", price=price)


def _buttons(quoted: Quoted) -> ui.ActionRow[ui.LayoutView]:
    project, plan, quote = quoted.project, quoted.plan, quoted.quote
    shown = () if quote is None else (quote.price_microusd,)
    greenlight: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.success,
        label=say("Greenlight"),
        custom_id=str(CustomId(Action.GREENLIGHT, project.id, plan.version, shown)),
        disabled=quote is None or is_above(project, quote.price_microusd),
    )
    change: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.secondary,
        label=say("Change…"),
        custom_id=str(CustomId(Action.CHANGE, project.id, plan.version)),
    )
    buttons = [greenlight, change]
    if project.thread_id is not None:
        place = f"{project.guild_id or '@me'}/{project.thread_id}"
        buttons.append(ui.Button(label=say("Talk it over"), url=f"https://discord.com/channels/{place}"))
    return ui.ActionRow(*buttons)
