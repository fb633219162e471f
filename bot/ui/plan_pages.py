"""Every word of a plan, in as many private pages as it takes: the shared card shortens what does not fit.

Whoever turns a page turns their own, so nobody turns it for the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui.card_layout import READY, fits, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.plan_card import WHOLE, changes_line, shot_text, sound_line
from bot.ui.wording import money, plain, seconds

#: Shots on one page at most, however short they are: a page is read at one glance.
ON_A_PAGE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotPage:
    """`number` counts from 1; `kept` are the shots that are made already; `buttons` lead on from here."""

    project_id: str
    plan: Plan
    number: int
    model_label: str = ""
    price_microusd: int | None = None
    kept: Collection[int] = ()
    buttons: Sequence[ui.Button[Any]] = ()


def pages_of(plan: Plan) -> list[range]:
    """Which shots stand on which page, by their numbers from 1."""
    pages: list[range] = []
    first = 1
    for number in range(1, len(plan.shots) + 1):
        shots = range(first, number + 1)
        if len(shots) > ON_A_PAGE or (len(shots) > 1 and not fits(_sample(plan, shots))):
            pages.append(range(first, number))
            first = number
    return [*pages, range(first, len(plan.shots) + 1)]


def page_view(page: ShotPage) -> ui.LayoutView:
    """One page; the last one where there are not so many. Only what no message holds whole is shortened."""
    whole = _page_view(page, WHOLE)
    return whole if fits(whole) else fitted(lambda room: _page_view(page, room))


def _page_view(page: ShotPage, room: int) -> ui.LayoutView:
    pages = pages_of(page.plan)
    number = min(max(1, page.number), len(pages))
    plan = page.plan
    head = say("## 📜 {title} · plan v{version}", title=title(plan), version=plan.version)
    facts = [seconds(plan.duration), plan.ratio, counted(len(plan.shots), "{number} shot", "{number} shots")]
    if page.model_label:
        facts.append(page.model_label)
    if page.price_microusd is not None:
        facts.append(say("at most {price}", price=money(page.price_microusd)))
    if len(pages) > 1:
        facts.append(say("page {page} of {pages}", page=number, pages=len(pages)))
    lines = [head, f"-# {' · '.join(facts)}", *(_about_film(plan, room) if number == 1 else [])]
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines)), ui.Separator()]
    parts += _shots(plan, pages[number - 1], page.kept, room)
    if len(pages) > 1:
        parts += [ui.Separator(), _turning(page, number, pages)]
    if page.buttons:
        parts.append(ui.ActionRow(*page.buttons))
    return layout(ui.Container(*parts, accent_colour=READY))


def _about_film(plan: Plan, room: int) -> list[str]:
    """The words that are about all of it, which the first page begins with."""
    told = [f"> {plain(shorten(plan.logline, room))}", sound_line(plan, room).strip(), changes_line(plan, room)]
    return [line for line in told if line]


def _shots(plan: Plan, shots: range, kept: Collection[int], room: int) -> list[ui.Item[ui.LayoutView]]:
    parts: list[ui.Item[ui.LayoutView]] = []
    for number in shots:
        text = shot_text(number, plan.shots[number - 1], room, kept=number in kept)
        parts += [ui.TextDisplay(text), ui.Separator(visible=False)]
    return parts[:-1]


def _sample(plan: Plan, shots: range) -> ui.LayoutView:
    """About what a page with these shots becomes, with room for its head and its buttons."""
    about = _about_film(plan, WHOLE) if shots[0] == 1 else []
    head = ui.TextDisplay[ui.LayoutView]("\n".join([title(plan), *about, " " * 300]))
    return layout(ui.Container(head, *_shots(plan, shots, shots, WHOLE)))


def _turning(page: ShotPage, number: int, pages: Sequence[range]) -> ui.ActionRow[ui.LayoutView]:
    before, after = max(1, number - 1), min(len(pages), number + 1)
    back, on = ("←", "→")
    if before != number:
        back = f"← {_named(pages[before - 1])}"
    if after != number:
        on = f"{_named(pages[after - 1])} →"
    return ui.ActionRow(
        _button(page, before, 0, back, disabled=before == number),
        _button(page, number, 1, f"{number}/{len(pages)}", disabled=True),
        _button(page, after, 2, on, disabled=after == number),
    )


def _named(shots: range) -> str:
    if len(shots) == 1:
        return say("Shot {number}", number=shots[0])
    return say("Shots {first}–{last}", first=shots[0], last=shots[-1])


def _button(page: ShotPage, leads_to: int, place: int, label: str, *, disabled: bool) -> ui.Button[Any]:
    """`place` keeps the ids of the row apart, where two lead to the same page."""
    custom_id = CustomId(Action.READ, page.project_id, page.plan.version, (leads_to, place))
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=str(custom_id), disabled=disabled)
