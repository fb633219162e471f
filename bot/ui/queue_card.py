"""A person's open films, why each waits and when it will probably be done, and how the line stands; a pure rendering.

Of others' films it tells how many there are. Moments are Discord's relative times, and always two: a range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.production.model import Production, ProductionState, Stage, Take, TakeState
from bot.production.prospects import Prospect, Totals
from bot.speech import counted, say
from bot.studio.text import shorten
from bot.ui.card_layout import PENDING, READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.prospect_words import in_range, when_it_begins, why_in_line
from bot.ui.wording import plain

#: Films that are shown; a person may have ten in the line, and hardly has more that wait for a decision.
MOST = 12
_LABEL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedFilm:
    """A film that is not over. `waits` says by shot what a waiting one waits for; `busy` are services that lend nothing
    just now, and `paused` those of its own that an operator has paused, by the names that people know.
    """

    prospect: Prospect
    takes: Sequence[Take] = ()
    waits: Mapping[int, str] = field(default_factory=dict)
    busy: Sequence[str] = ()
    paused: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """`now` is when they were looked up; `note` tells what the last press came to, `is_paused` that no film begins."""

    owner_id: int
    films: Sequence[QueuedFilm]
    totals: Totals
    now: float
    is_paused: bool = False
    note: str = ""


def queue_view(facts: QueueFacts) -> ui.LayoutView:
    """Mine, and how the line stands."""
    return fitted(lambda room: _queue_view(facts, room))


def stopped_words(production: Production) -> str:
    """What asking a film to stop came to."""
    if production.state is ProductionState.RUNNING:
        return say("Stopping. Shots already made are kept and not paid again.")
    if production.state is ProductionState.HELD:
        return say("This film is held: it orders nothing. Its card has a **Stop** button to give it up.")
    if production.state is ProductionState.CANCELLED:
        if production.started_at is not None:
            return say("Cancelled. Shots already made are kept.")
        return say("Cancelled. Nothing was ordered for it.")
    return say("This film is over already; there is nothing left to stop.")


def _queue_view(facts: QueueFacts, room: int) -> ui.LayoutView:
    head = say("## 🎬 Your films in the works\n-# Only you see this")
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(head), ui.Separator()]
    if facts.note:
        parts.append(ui.TextDisplay(facts.note))
    if not facts.films:
        words = say(
            "Nothing of yours waits or runs. Start a film with `/plan`, or look at those you have with `/films`."
        )
        parts.append(ui.TextDisplay(words))
    parts += [ui.TextDisplay(_film(film, facts, room)) for film in facts.films[:MOST]]
    if len(facts.films) > MOST:
        more = len(facts.films) - MOST
        parts.append(ui.TextDisplay(counted(more, "-# and {number} more film", "-# and {number} more films")))
    parts += [ui.Separator(), ui.TextDisplay(_line(facts))]
    if stoppable := [film for film in facts.films[:25] if _can_be_stopped(film.prospect.production)]:
        parts.append(ui.ActionRow(_cancel_menu(facts.owner_id, stoppable)))
    again: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.secondary,
        label=say("Refresh"),
        custom_id=str(CustomId(Action.QUEUE, owner_ref(facts.owner_id))),
    )
    parts.append(ui.ActionRow(again))
    return layout(ui.Container(*parts, accent_colour=PENDING if facts.films else READY))


def _film(film: QueuedFilm, facts: QueueFacts, room: int) -> str:
    prospect, production = film.prospect, film.prospect.production
    title = plain(shorten(prospect.plan.title, min(60, 2 * room)))
    match production.state:
        case ProductionState.ASKING:
            lines = [
                say("🖐️ **{title}** · waiting for approval", title=title),
                say("A moderator or operator has to allow its price. Nothing is ordered before."),
            ]
        case ProductionState.HELD:
            lines = [
                say("✋ **{title}** · waiting for you", title=title),
                say("An order went unanswered. Its card in the thread asks you what to do."),
            ]
        case ProductionState.RUNNING:
            lines = _running(film, title, facts.now)
        case _:
            lines = _in_line(film, title, facts.now, is_paused=facts.is_paused)
    if (thread := _thread(film)) is not None:
        lines[0] = f"{lines[0]} · {thread}"
    return "\n".join(lines)


def _running(film: QueuedFilm, title: str, now: float) -> list[str]:
    production = film.prospect.production
    if production.stopping:
        return [say("⏳ **{title}** · stopping", title=title), say("Shots already made are kept and not paid again.")]
    made = sum(take.state is TakeState.MADE for take in film.takes)
    total = len(film.takes)
    lines = [say("⏳ **{title}** · rendering · {made} of {total} shots made", title=title, made=made, total=total)]
    if production.stage is Stage.CUT:
        lines.append(say("All shots are made. I am cutting the film."))
    elif production.stage is Stage.VOICE:
        lines.append(say("The voice is being recorded, before anything else is ordered."))
    elif film.waits:
        shot, why = min(film.waits.items())
        lines.append(say("Shot {shot}: {why}", shot=shot, why=why))
    ends = film.prospect.ends
    if ends is not None:
        lines.append(say("Probably done {range}.", range=in_range(ends, now)))
    elif film.prospect.is_late:
        lines.append(say("It takes longer than films did lately, so nobody can tell when it is done."))
    else:
        lines.append(say("Nobody can tell yet when it is done."))
    return lines


def _in_line(film: QueuedFilm, title: str, now: float, *, is_paused: bool) -> list[str]:
    prospect = film.prospect
    if prospect.place is None:
        return [say("🕓 **{title}** · taking its place in the line", title=title)]
    first = say("🕓 **{title}** · place {place} in line", title=title, place=prospect.place)
    if is_paused:
        return [first, say("Paused by the operator: no film begins for now. It keeps its place.")]
    why = why_in_line(prospect.ahead, paused=film.paused, busy=film.busy)
    return [first, why, when_it_begins(prospect, now, paused=film.paused)]


def _line(facts: QueueFacts) -> str:
    totals = facts.totals
    waiting = counted(totals.waiting, "{number} film waits", "{number} films wait")
    running = counted(totals.running, "{number} runs", "{number} run")
    people = counted(totals.people, "of {number} person", "of {number} people")
    words = say("**The line**: {waiting}, {running}, {people}.", waiting=waiting, running=running, people=people)
    if not totals.waiting and not totals.running:
        words = say("**The line** is empty: a film that you greenlight now begins at once.")
        if facts.is_paused:
            words = say(
                "**The line** is empty, and paused by the operator: a film that you greenlight now waits in it."
            )
    elif facts.is_paused:
        words = say("{words} It is paused by the operator: no film begins for now.", words=words)
    return say("{words}\n-# Films begin one after the other, fairly between everybody.", words=words)


def _cancel_menu(owner_id: int, films: Sequence[QueuedFilm]) -> ui.Select[ui.LayoutView]:
    options = [
        discord.SelectOption(
            label=shorten(" ".join(film.prospect.plan.title.split()), _LABEL) or "…",
            value=film.prospect.production.id,
            description=say("Stop it: what was ordered by then is charged")
            if film.prospect.production.started_at is not None
            else say("Take it out of the line: nothing is charged"),
        )
        for film in films
    ]
    custom_id = str(CustomId(Action.LEAVE, owner_ref(owner_id)))
    return ui.Select(custom_id=custom_id, placeholder=say("Cancel a film…"), options=options)


def _can_be_stopped(production: Production) -> bool:
    waits = production.state in {ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING}
    return waits and not production.stopping


def _thread(film: QueuedFilm) -> str | None:
    """The way to where it is talked over."""
    thread_id = film.prospect.thread_id
    if thread_id is None:
        return None
    place = f"https://discord.com/channels/{film.prospect.production.guild_id or '@me'}/{thread_id}"
    return say("[thread]({place})", place=place)
