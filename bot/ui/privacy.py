"""What is kept of people, in words: for `/privacy`, and for the question before everything of theirs is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.speech import counted, say
from bot.ui.card_layout import BAD, PAST, READY, layout
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
        _films(kept),
        say("**Questions** about videos, their answers and the videos, as with films. Kept until you delete them."),
        say("**Messages** that you chose in a menu for me: until you sent the form that followed, a day at most."),
        say("**Settings** that you chose in `/settings`. Kept until you reset them or delete everything."),
        say("**That you are old enough**, once you said so, and **reports** you made: until you delete everything."),
        say(
            "**Who takes part** in a film, **blocks**, and a budget of your own that an operator set: while they hold."
        ),
        say("**Recordings** of `/voice`, so that the same words cost nothing again. Kept until you delete everything."),
        say("**Money**: what each order cost, when, and for whom. It counts towards what may be spent, so it stays."),
    ]
    if kept.has_store:
        lines.append(_stored(kept))
    if kept.services:
        lines.append(
            say(
                "**Services**: {services} get the words and pictures they work on. I delete there what can be deleted; "
                "the rest goes by their own rules.",
                services=", ".join(kept.services),
            )
        )
    lines.append(say("**Logs**: ids of films and people, and no words of yours unless the operator looks for a fault."))
    yours = counted(films, "{number} film of yours", "{number} films of yours")
    return layout(
        ui.Container(
            ui.TextDisplay(f"## 🔐 {say('What I keep about you')}\n-# {yours} · {say('only you see this')}"),
            ui.TextDisplay(listed(lines)),
            ui.Separator(),
            ui.TextDisplay(
                say("`/films` deletes a single film. Here you take everything along, or have it all deleted.")
            ),
            ui.ActionRow(
                _button(Action.EXPORT, user_id, say("Export my data"), discord.ButtonStyle.primary),
                _button(Action.FORGET, user_id, say("Delete everything of mine…"), discord.ButtonStyle.danger),
            ),
            accent_colour=READY,
        )
    )


def _films(kept: Kept) -> str:
    """What is kept of films, and what of them goes by itself."""
    gone = []
    if (days := kept.uploads_days) is not None:
        gone.append(counted(days, "videos {number} day", "videos {number} days"))
    if (days := kept.clips_days) is not None:
        gone.append(counted(days, "clips {number} day", "clips {number} days"))
    if (days := kept.films_days) is not None:
        gone.append(counted(days, "films {number} day", "films {number} days"))
    if not gone:
        return say(
            "**Films**: your idea, the plans, what you say in a film's thread, the videos you add and what was seen in "
            "them, the clips and the film. Kept until you delete them."
        )
    return say(
        "**Films**: your idea, the plans, what you say in a film's thread, the videos you add and what was seen in "
        "them, the clips and the film. Kept until you delete them, but files no longer than this after a film was last "
        "worked on: {files}.",
        files=", ".join(gone),
    )


def _stored(kept: Kept) -> str:
    if kept.link_days is None:
        return say(
            "**Films too large for Discord**, in the operator's file store; links to them work until you delete the "
            "film."
        )
    return counted(
        kept.link_days,
        "**Films too large for Discord**, in the operator's file store; links to them work {number} day.",
        "**Films too large for Discord**, in the operator's file store; links to them work {number} days.",
    )


def forget_view(user_id: int, films: int, active: int) -> ui.LayoutView:
    """What deleting everything takes away and what stays, and the button that does it."""
    goes = [
        counted(
            films,
            "{number} film of yours, here and in the file store: ideas, plans, what you said about them, clips, the "
            "videos you added and what was seen in them",
            "{number} films of yours, here and in the file store: ideas, plans, what you said about them, clips, the "
            "videos you added and what was seen in them",
        ),
        say("what you had spoken with `/voice`, and what you chose in `/settings`"),
        say("my messages about your films in Discord, wherever I may delete them, and the names of their threads"),
        say("your Discord id in everything I keep"),
    ]
    stays = [
        say("what was spent, without your name: a number stands for you, so that today's budget still counts"),
        say("blocks, a budget of your own, and what you reported or decided: under that number, without your words"),
        say(
            "what you and others wrote in Discord, the threads, and recordings that you posted with `/voice`: those "
            "are Discord's and yours to delete"
        ),
        say("the operator's backups and logs, until they expire"),
    ]
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"## 🗑️ {say('Delete everything of yours?')}"),
        ui.TextDisplay(f"**{say('This goes, for good')}**\n{listed(goes)}"),
        ui.TextDisplay(f"**{say('This stays')}**\n{listed(stays)}"),
    ]
    if active:
        words = counted(
            active,
            "{number} film of these is not over yet and stopped first. What was ordered is charged.",
            "{number} films of these are not over yet and stopped first. What was ordered is charged.",
        )
        parts.append(ui.TextDisplay(words))
    return layout(
        ui.Container(
            *parts,
            ui.Separator(),
            ui.ActionRow(
                _button(Action.ERASEALL, user_id, say("Delete everything for good"), discord.ButtonStyle.danger),
                _button(Action.PRIVACY, user_id, say("Keep it"), discord.ButtonStyle.secondary),
            ),
            accent_colour=BAD,
        )
    )


def forgotten_view() -> ui.LayoutView:
    words = say(
        "Nobody can open or change it any more. What runs is stopped first; then everything goes, within minutes where "
        "nothing is in the way and within a day at most (stored films: two days). You can start anew at any time."
    )
    text = f"## 🗑️ {say('Everything of yours is being deleted')}\n{words}"
    return layout(ui.Container(ui.TextDisplay(text), accent_colour=PAST))


def _button(action: Action, user_id: int, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, owner_ref(user_id))))
