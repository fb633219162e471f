"""What can be had of a plan before its film is paid for: a storyboard and a draft, in words and buttons of its card."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.storyboard import StoryboardQuote
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import money


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOffer:
    """The film in its model's small size: what making it costs now; `is_made` says that it stands in the thread."""

    resolution: str
    price_microusd: int
    is_made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tryouts:
    """What is on offer for a plan; `None` where nobody here draws, or its model has no cheaper size.

    `is_drawing` says that the storyboard is being drawn, `is_shown` that it stands in the thread as it would be drawn
    now.
    """

    storyboard: StoryboardQuote | None = None
    is_drawing: bool = False
    is_shown: bool = False
    draft: DraftOffer | None = None


def tryout_lines(offered: Tryouts) -> list[str]:
    """What is told at the foot of the plan's card."""
    lines = []
    if (board := offered.storyboard) is not None:
        lines.append(_storyboard_line(board, offered))
    if (draft := offered.draft) is not None:
        price = money(draft.price_microusd)
        if draft.is_made:
            lines.append(say("**Draft** in {size}: it stands in this thread.", size=draft.resolution))
        else:
            lines.append(
                say("**Draft** of the whole film in {size}, at most {price}", size=draft.resolution, price=price)
            )
    return lines


def tryout_row(offered: Tryouts, project_id: str, version: int) -> list[ui.ActionRow[ui.LayoutView]]:
    """The buttons; no row where nothing is on offer."""
    buttons: list[ui.Button[ui.LayoutView]] = []
    if (board := offered.storyboard) is not None:
        label = say("Storyboard")
        if offered.is_drawing:
            label = say("Drawing the storyboard…")
        elif board.price_microusd:
            label = say("Storyboard · {price}", price=money(board.price_microusd))
        custom_id = CustomId(Action.STORYBOARD, project_id, version, (board.price_microusd,))
        buttons.append(_button(label, custom_id, disabled=offered.is_drawing))
    if (draft := offered.draft) is not None and not draft.is_made:
        label = say("Draft ({size}) · {price}", size=draft.resolution, price=money(draft.price_microusd))
        buttons.append(_button(label, CustomId(Action.DRAFT, project_id, version, (draft.price_microusd,))))
    return [ui.ActionRow(*buttons)] if buttons else []


def _storyboard_line(board: StoryboardQuote, offered: Tryouts) -> str:
    if offered.is_drawing:
        return say("**Storyboard** is being drawn; it comes here in a moment.")
    if not board.missing:
        if offered.is_shown:
            return say("**Storyboard**: it stands in this thread.")
        return say("**Storyboard**: every still of it is drawn already.")
    price = money(board.price_microusd)
    there = len(board.stills) - len(board.missing)
    line = counted(
        len(board.missing),
        "**Storyboard**: {number} still, at most {price}",
        "**Storyboard**: {number} stills, at most {price}",
        price=price,
    )
    if there:
        line += f" · {say('{number} drawn already', number=there)}"
    return line


def _button(label: str, custom_id: CustomId, *, disabled: bool = False) -> ui.Button[ui.LayoutView]:
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=str(custom_id), disabled=disabled)
