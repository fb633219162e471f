"""What is kept of people, in words: for `/privacy`, and for the question before everything of theirs is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.ui.card_layout import BAD, PAST, READY, count, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import listed, owner_ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What this installation keeps, and for how many days; `None` where that is until it is deleted.

    `link_days` is how long links to films in the object store lead anywhere.
    """

    services: tuple[str, ...] = ()
    has_store: bool = False
    link_days: int | None = 7
    uploads_days: int | None = None
    clips_days: int | None = None
    films_days: int | None = None


def privacy_view(kept: Kept, user_id: int, films: int) -> ui.LayoutView:
    """What is kept, how long and where; with the ways to take it along and to have it deleted."""
    lines = [
        "**Films**: your idea, the plans, what you say in a film's thread, the videos you add and what was seen in "
        f"them, the clips and the film. Kept until you delete them{_sooner(kept)}.",
        "**Settings** that you chose in `/settings`. Kept until you reset them or delete everything.",
        "**Recordings** of `/voice`, so that the same words cost nothing again. Kept until you delete everything.",
        "**Money**: what each order cost, when, and for whom. It counts towards what may be spent, so it stays.",
    ]
    if kept.has_store:
        lasts = "work until you delete the film" if kept.link_days is None else f"work {count(kept.link_days, 'day')}"
        lines.append(f"**Films too large for Discord**, in the operator's file store; links to them {lasts}.")
    if kept.services:
        lines.append(
            f"**Services**: {', '.join(kept.services)} get the words and pictures they work on. I delete there what "
            "can be deleted; the rest goes by their own rules."
        )
    lines.append("**Logs**: ids of films and people, and no words of yours unless the operator looks for a fault.")
    return layout(
        ui.Container(
            ui.TextDisplay(f"## 🔐 What I keep about you\n-# {count(films, 'film')} of yours · only you see this"),
            ui.TextDisplay(listed(lines)),
            ui.Separator(),
            ui.TextDisplay("`/films` deletes a single film. Here you take everything along, or have it all deleted."),
            ui.ActionRow(
                _button(Action.EXPORT, user_id, "Export my data", discord.ButtonStyle.primary),
                _button(Action.FORGET, user_id, "Delete everything of mine…", discord.ButtonStyle.danger),
            ),
            accent_colour=READY,
        )
    )


def _sooner(kept: Kept) -> str:
    """What goes by itself, "" where nothing does."""
    days = {"videos": kept.uploads_days, "clips": kept.clips_days, "films": kept.films_days}
    gone = [f"{what} {count(after, 'day')}" for what, after in days.items() if after is not None]
    return f", but files no longer than this after a film was last worked on: {', '.join(gone)}" if gone else ""


def forget_view(user_id: int, films: int, active: int) -> ui.LayoutView:
    """What deleting everything takes away and what stays, and the button that does it."""
    goes = [
        f"{count(films, 'film')} of yours, here and in the file store: ideas, plans, what you said about them, clips, "
        "the videos you added and what was seen in them",
        "what you had spoken with `/voice`, and what you chose in `/settings`",
        "my messages about your films in Discord, wherever I may delete them, and the names of their threads",
        "your Discord id in everything I keep",
    ]
    stays = [
        "what was spent, without your name: a number stands for you, so that today's budget still counts",
        "what you and others wrote in Discord, the threads, and recordings that you posted with `/voice`: those are "
        "Discord's and yours to delete",
        "the operator's backups and logs, until they expire",
    ]
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay("## 🗑️ Delete everything of yours?"),
        ui.TextDisplay(f"**This goes, for good**\n{listed(goes)}"),
        ui.TextDisplay(f"**This stays**\n{listed(stays)}"),
    ]
    if active:
        verb = "is" if active == 1 else "are"
        words = f"{count(active, 'film')} of these {verb} not over yet and stopped first. What was ordered is charged."
        parts.append(ui.TextDisplay(words))
    return layout(
        ui.Container(
            *parts,
            ui.Separator(),
            ui.ActionRow(
                _button(Action.ERASEALL, user_id, "Delete everything for good", discord.ButtonStyle.danger),
                _button(Action.PRIVACY, user_id, "Keep it", discord.ButtonStyle.secondary),
            ),
            accent_colour=BAD,
        )
    )


def forgotten_view() -> ui.LayoutView:
    words = (
        "## 🗑️ Everything of yours is being deleted\n"
        "Nobody can open or change it any more. What runs is stopped first; then everything goes, within minutes where "
        "nothing is in the way and within a day at most (stored films: two days). You can start anew at any time."
    )
    return layout(ui.Container(ui.TextDisplay(words), accent_colour=PAST))


def _button(action: Action, user_id: int, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, owner_ref(user_id))))
