"""The films that are not over, in the order they are served, and one of them explained: pure renderings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.production.model import ProductionState, Take, TakeState
from bot.production.overseen import OverseenFilm
from bot.speech import counted, later, say
from bot.studio.text import shorten
from bot.ui.admin.pieces import button, moment, turning
from bot.ui.card_layout import PAST, PENDING, READY, fitted, layout
from bot.ui.custom_ids import Action
from bot.ui.wording import money, plain

#: Films on one page; each takes three components.
ON_A_PAGE = 8

_TAKES = {
    TakeState.WAITING: later("waiting"),
    TakeState.ORDERED: later("ordered, in the service's own line"),
    TakeState.RENDERING: later("being made"),
    TakeState.MADE: later("made"),
    TakeState.FAILED: later("failed"),
    TakeState.UNKNOWN: later("the order went unanswered"),
    TakeState.LEFT_OUT: later("left out"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePage:
    """One page of the films that are not over. `places` are those in line, from 1; `total` counts all pages."""

    films: Sequence[OverseenFilm]
    places: Mapping[str, int]
    total: int
    running: int
    in_line: int
    at_once: int
    is_paused: bool
    sees_money: bool
    number: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One film, and what there is to say of its turn.

    Args:
        place: in the line, from 1; `None` where it is not in it.
        own_before: how many of those before it are its owner's.
        following: the film whose turn it is next.
        waits: why takes wait, by shot.
        may_move: whoever looks may move it; `sees_money`: may know what it costs.
    """

    film: OverseenFilm
    takes: Sequence[Take] = ()
    place: int | None = None
    own_before: int = 0
    following: OverseenFilm | None = None
    running: int = 0
    at_once: int = 0
    is_paused: bool = False
    waits: Mapping[int, str] = field(default_factory=dict)
    may_move: bool = False
    sees_money: bool = False


def line_view(page: LinePage) -> ui.LayoutView:
    """The films, each with a button that opens it."""
    return fitted(lambda room: _line_view(page, room))


def job_view(job: Job, note: str = "") -> ui.LayoutView:
    """One film: why it waits, whose turn it is, and what can be done."""
    return fitted(lambda room: _job_view(job, note, room))


def _line_view(page: LinePage, room: int) -> ui.LayoutView:
    pages = max(1, -(-page.total // ON_A_PAGE))
    facts = [
        say("{number} of {most} running", number=page.running, most=page.at_once)
        if page.at_once
        else say("{number} running", number=page.running),
        say("{number} in line", number=page.in_line),
    ]
    if page.is_paused:
        facts.append(say("⏸️ paused: no film begins"))
    if pages > 1:
        facts.append(say("page {number} of {pages}", number=page.number, pages=pages))
    head = say("## 🎬 Films under way") + f"\n-# {' · '.join(facts)}"
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{page.note}" if page.note else head)]
    if page.films:
        parts.append(ui.Separator())
    else:
        parts.append(ui.TextDisplay(say("Nobody waits, and nothing is being made.")))
    for film in page.films:
        opens = button(Action.OPJOB, say("Explain"), ref=film.production.id)
        parts.append(ui.Section(ui.TextDisplay(_line(film, page, room)), accessory=opens))
    if pages > 1:
        parts.append(turning(Action.OPLINE, page.number, pages))
    if page.sees_money:  # an operator: the rest of what they may see
        parts += [ui.Separator(), ui.ActionRow(button(Action.OPSTATUS, say("Status")))]
    return layout(ui.Container(*parts, accent_colour=PENDING if page.is_paused else READY))


def _line(film: OverseenFilm, page: LinePage, room: int) -> str:
    production = film.production
    facts = [f"<@{production.owner_id}>"]
    if page.sees_money:
        facts.append(say("at most {price}", price=money(production.price_microusd)))
    facts.append(state_words(film, page.places.get(production.id)))
    return f"**{plain(shorten(film.title, min(80, room)))}**\n{' · '.join(facts)}"


def state_words(film: OverseenFilm, place: int | None) -> str:
    """How a film stands, in a few words."""
    production = film.production
    match production.state:
        case ProductionState.RUNNING if production.stopping:
            return say("⏹️ stopping")
        case ProductionState.RUNNING:
            return say("▶️ begun {when}", when=moment(production.started_at or production.accepted_at))
        case ProductionState.ACCEPTED:
            words = say("⏳ in line since {when}", when=moment(production.accepted_at))
            if place is not None:
                words = say("⏳ Place {place} in line, since {when}", place=place, when=moment(production.accepted_at))
            moved = _moved(film)
            return f"{words} ({moved})" if moved else words
        case ProductionState.ASKING:
            return say("✋ waits for approval")
        case ProductionState.HELD:
            return say("✋ held for its owner's decision")
        case _:
            return say("over")


def _moved(film: OverseenFilm) -> str:
    if film.moved is None:
        return ""
    return say("moved to the front") if film.moved < 0 else say("moved to the back")


def _job_view(job: Job, note: str, room: int) -> ui.LayoutView:
    production = job.film.production
    title = plain(shorten(job.film.title, min(80, room)))
    facts = [f"<@{production.owner_id}>", f"`{production.id[:8]}`"]
    if job.sees_money:
        facts.append(say("at most {price}", price=money(production.price_microusd)))
    if job.film.thread_id is not None and production.guild_id is not None:
        facts.append(f"<#{job.film.thread_id}>")
    head = f"## 🎬 {title}\n-# {' · '.join(facts)}"
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"{head}\n{note}" if note else head),
        ui.TextDisplay("\n".join(_explained(job, room))),
    ]
    return layout(ui.Container(*parts, ui.Separator(), _buttons(job), accent_colour=_colour(job)))


def _explained(job: Job, room: int) -> list[str]:
    """Why it stands where it stands."""
    production = job.film.production
    lines = [state_words(job.film, job.place)]
    if production.state is ProductionState.ACCEPTED:
        lines += _turn(job, room)
    elif production.state is ProductionState.RUNNING:
        for take in job.takes[: max(3, room // 20)]:
            words = job.waits.get(take.shot) or say(_TAKES[take.state])
            lines.append("- " + say("shot {number}: {words}", number=take.shot, words=words))
    elif production.state is ProductionState.ASKING:
        lines.append(say("Its price needs an approver; its card has the buttons for that."))
    elif production.state is ProductionState.HELD:
        lines.append(say("An order went unanswered. Only its owner, or an operator, goes on with it on its job card."))
    return lines


def _turn(job: Job, room: int) -> list[str]:
    """Whose turn it is, and what that has to do with this film."""
    lines = []
    if job.is_paused:
        lines.append("- " + say("An operator paused all new films; it keeps its place until `/admin resume`."))
    if job.place is None:
        return [*lines, "- " + say("It is just taking its place.")]
    if job.at_once and job.running >= job.at_once:
        words = counted(
            job.at_once,
            "One film is made at a time, and another runs; it has to end first.",
            "{number} films are made at once, and as many run; one has to end first.",
        )
        lines.append("- " + words)
    if job.place == 1:
        lines.append("- " + say("It is next."))
    else:
        before = counted(job.place - 1, "{number} film goes before it", "{number} films go before it")
        if job.own_before:
            before += counted(job.own_before, ", {number} of its owner's", ", {number} of its owner's")
        lines.append(f"- {before}.")
    if job.following is not None and job.place != 1:
        name = plain(shorten(job.following.title, min(60, room)))
        owner = f"<@{job.following.production.owner_id}>"
        lines.append("- " + say("Next is **{title}** of {owner}.", title=name, owner=owner))
    if job.film.moved is None:
        lines.append("- " + say("Turns go round between people by what their films cost, not by who came first."))
    return lines


def _buttons(job: Job) -> ui.ActionRow[ui.LayoutView]:
    production = job.film.production
    buttons = []
    if job.may_move and production.state is ProductionState.ACCEPTED:
        front = button(Action.OPFRONT, say("To the front"), ref=production.id, style=discord.ButtonStyle.primary)
        buttons += [front, button(Action.OPBACK, say("To the back"), ref=production.id)]
        if job.film.moved is not None:
            buttons.append(button(Action.OPFAIR, say("Its fair place"), ref=production.id))
    is_stoppable = production.state is ProductionState.RUNNING and not production.stopping
    if is_stoppable or production.state in {ProductionState.ACCEPTED, ProductionState.ASKING}:
        buttons.append(button(Action.OPSTOP, say("Stop it"), ref=production.id, style=discord.ButtonStyle.danger))
    return ui.ActionRow(*buttons, button(Action.OPLINE, say("All films"), version=1))


def _colour(job: Job) -> discord.Colour:
    match job.film.production.state:
        case ProductionState.RUNNING:
            return READY
        case ProductionState.ACCEPTED | ProductionState.ASKING | ProductionState.HELD:
            return PENDING
        case _:
            return PAST
