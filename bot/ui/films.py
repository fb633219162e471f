"""A person's films as they browse them: a list in pages, one film with what can be done with it, and its deletion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.production.model import ProductionState, Take
from bot.production.shelf import Film, PostedMessage
from bot.speech import counted, say
from bot.studio.model import ProjectKind, ProjectState
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, GOOD, PAST, PENDING, READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.film_row import report_button
from bot.ui.held import held_buttons, held_words
from bot.ui.replies import words_for_failure
from bot.ui.wording import money, plain, seconds

#: Films on one page.
ON_A_PAGE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a person's films. `number` counts from 1; `words` is what was searched for, "" for nothing;
    `has_more`: more of them are called so.
    """

    owner_id: int
    films: Sequence[Film]
    number: int = 1
    total: int = 0
    words: str = ""
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFilm:
    """One film with its latest production's takes, and what unanswered orders may have cost.

    `viewer_id` is who looks, where that is somebody whom its owner has invited.
    """

    film: Film
    viewer_id: int | None = None
    takes: Sequence[Take] = ()
    at_risk_microusd: int = 0


def owner_ref(user_id: int) -> str:
    """A person as a button's `ref`."""
    return f"{user_id:032x}"


def owner_of(ref: str) -> int:
    return int(ref, 16)


def list_view(page: Page) -> ui.LayoutView:
    """The films of a page, each with a button that opens it."""
    return fitted(lambda room: _list_view(page, room))


def film_view(facts: OpenFilm) -> ui.LayoutView:
    """One film: how it stands, and what can be done with it."""
    return fitted(lambda room: _film_view(facts, room))


def confirm_view(film: Film) -> ui.LayoutView:
    """What deleting a film takes away, what stays, and the button that does it."""
    return fitted(lambda room: _confirm_view(film, room))


def deleted_view(title: str) -> ui.LayoutView:
    head = say("{title} is being deleted", title=plain(shorten(title, 80)))
    words = say(
        "Nobody can open, change or render it any more. What runs is stopped first; then everything goes, within "
        "minutes where nothing is in the way and within a day at most."
    )
    return layout(ui.Container(ui.TextDisplay(f"## 🗑️ {head}\n{words}"), accent_colour=PAST))


def link_to(place: PostedMessage) -> str:
    return f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}/{place.message_id}"


def _list_view(page: Page, room: int) -> ui.LayoutView:
    if not page.films:
        words = say("You have no films here yet. Start one with `/plan`.")
        if page.words:
            title = plain(shorten(page.words, 80))
            words = say("None of your films is called *{title}*. `/films` shows them all.", title=title)
        return layout(ui.Container(ui.TextDisplay(f"## 🎞️ {say('Your films')}\n{words}"), accent_colour=READY))
    pages = -(-page.total // ON_A_PAGE)
    small = [counted(page.total, "{number} film, newest first", "{number} films, newest first")]
    if pages > 1:
        small.append(say("page {page} of {pages}", page=page.number, pages=pages))
    head = say("Your films")
    if page.words:
        small = [say("newest first")]
        head = say("Your films called *{title}*", title=plain(shorten(page.words, 80)))
    head = f"## 🎞️ {head}\n-# {' · '.join([*small, say('only you see this')])}"
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(head), ui.Separator()]
    for film in page.films:
        opens = _button(Action.FILM, film.project.id, say("Open"), discord.ButtonStyle.secondary)
        icon, words, _ = standing(film)
        text = f"{icon} **{_title(film, room)}** · {words}\n{_facts(film)}"
        parts.append(ui.Section(ui.TextDisplay(text), accessory=opens))
    if page.has_more:
        parts += [ui.Separator(), ui.TextDisplay(say("… and more: type more of its title."))]
    if pages > 1 and not page.words:
        parts += [ui.Separator(), _turning(page, pages)]
    return layout(ui.Container(*parts, accent_colour=READY))


def _turning(page: Page, pages: int) -> ui.ActionRow[ui.LayoutView]:
    ref = owner_ref(page.owner_id)
    newer = _button(Action.FILMS, ref, say("← Newer"), discord.ButtonStyle.secondary, max(1, page.number - 1))
    older = _button(Action.FILMS, ref, say("Older →"), discord.ButtonStyle.secondary, page.number + 1)
    newer.disabled, older.disabled = page.number <= 1, page.number >= pages
    return ui.ActionRow(newer, older)


def _film_view(facts: OpenFilm, room: int) -> ui.LayoutView:
    film, latest = facts.film, facts.film.latest
    icon, words, colour = standing(film)
    text = f"## {icon} {_title(film, room)}\n{words[0].upper()}{words[1:]}\n{_facts(film)}"
    if film.plan is not None:
        text += f"\n> {plain(shorten(film.plan.logline, min(240, 3 * room)))}"
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(text)]
    if latest is not None and latest.failure and latest.state in {ProductionState.FAILED, ProductionState.CANCELLED}:
        parts.append(ui.TextDisplay(words_for_failure(latest.failure)))
    is_own = facts.viewer_id in {None, film.project.owner_id}
    if latest is not None and latest.state is ProductionState.HELD and is_own:
        parts.append(ui.TextDisplay(held_words(facts.takes, facts.at_risk_microusd)))
        parts.append(ui.ActionRow(*held_buttons(latest, facts.takes, facts.at_risk_microusd)))
    if not is_own:
        parts.append(ui.TextDisplay(say("A film of <@{owner_id}>, who invited you.", owner_id=film.project.owner_id)))
    rows = (_ways_on(film), _ways_out(facts)) if is_own else (_guest_ways(facts),)
    return layout(ui.Container(*parts, *(ui.ActionRow(*row) for row in rows if row), accent_colour=colour))


def _ways_on(film: Film) -> list[ui.Button[ui.LayoutView]]:
    """What its owner can have made of it."""
    ways = []
    if film.done is not None:
        ways.append(_button(Action.SEND, film.project.id, say("Send here"), discord.ButtonStyle.primary))
        ways.append(_button(Action.ANEW, film.project.id, say("Run again"), discord.ButtonStyle.secondary))
    if film.project.kind is ProjectKind.FILM:
        ways.append(_button(Action.VARY, film.project.id, say("Vary…"), discord.ButtonStyle.secondary))
    elif film.project.state is ProjectState.PLANNED:  # what was seen in the video is there to follow
        ways.append(_button(Action.LIKE, film.project.id, say("Make one like this"), discord.ButtonStyle.primary))
    return ways


def _ways_out(facts: OpenFilm) -> list[ui.Button[ui.LayoutView]]:
    film, latest = facts.film, facts.film.latest
    ways = []
    if latest is not None and latest.state in _CANCELLABLE and not latest.stopping:
        ways.append(_button(Action.CANCEL, latest.id, say("Cancel"), discord.ButtonStyle.secondary))
    ways.append(_button(Action.DELETE, film.project.id, say("Delete…"), discord.ButtonStyle.danger))
    return [*ways, _all_films(facts)]


def _guest_ways(facts: OpenFilm) -> list[ui.Button[ui.LayoutView]]:
    """What somebody can do whom its owner invited."""
    film = facts.film
    ways = [report_button(film.project.id), _all_films(facts)]
    if film.plan is None:
        return ways
    plan = _button(Action.READ, film.project.id, say("Plan"), discord.ButtonStyle.secondary, film.plan.version, 1)
    return [plan, *ways]


def _all_films(facts: OpenFilm) -> ui.Button[ui.LayoutView]:
    whose = owner_ref(facts.viewer_id or facts.film.project.owner_id)
    return _button(Action.FILMS, whose, say("All films"), discord.ButtonStyle.secondary, 1)


def _confirm_view(film: Film, room: int) -> ui.LayoutView:
    goes = [say("your idea, every version of the plan, and what was said about it")]
    if film.project.kind is ProjectKind.ANALYSIS:
        goes = [say("your question, what was seen in the video, and what was said about it")]
    if film.latest is not None:
        goes.append(say("the film, its clips and its voices, here and in the file store"))
    if film.project.asset_id is not None or film.project.attachment is not None:
        goes.append(say("the video you added and what was seen in it, unless another film uses it"))
    goes.append(
        say(
            "my messages about it in Discord, wherever I may delete them: cards, answers, the film; and its thread's "
            "name"
        )
    )
    stays = [say("what you and others wrote, and the thread itself: those are Discord's and yours to delete")]
    stays.append(say("forks of it that people whom you invited have made: those are films of their own"))
    if film.charged_microusd or film.is_active:
        stays.append(say("what it cost: deleting gives no budget back"))
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"## 🗑️ {say('Delete {title}?', title=_title(film, room))}"),
        ui.TextDisplay(f"**{say('This goes, for good')}**\n{listed(goes)}"),
        ui.TextDisplay(f"**{say('This stays')}**\n{listed(stays)}"),
    ]
    if film.is_active:
        words = say("It is not over yet, so it is stopped first. What was ordered by then is charged.")
        parts.append(ui.TextDisplay(words))
    return layout(
        ui.Container(
            *parts,
            ui.Separator(),
            ui.ActionRow(
                _button(Action.ERASE, film.project.id, say("Delete for good"), discord.ButtonStyle.danger),
                _button(Action.FILM, film.project.id, say("Keep it"), discord.ButtonStyle.secondary),
            ),
            accent_colour=BAD,
        )
    )


_CANCELLABLE = {ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING}


def standing(film: Film) -> tuple[str, str, discord.Colour]:  # noqa: C901  # one arm for each state
    """How a film stands: a sign, words and a colour."""
    production = film.latest
    if film.project.kind is ProjectKind.ANALYSIS:
        return _standing_of_analysis(film)
    if production is None:
        match film.project.state:
            case ProjectState.NEW:
                return "✍️", say("being planned"), PENDING
            case ProjectState.FAILED:
                return "❌", say("no plan yet"), BAD
            case ProjectState.PLANNED:
                return "🎬", say("planned, not greenlit yet"), READY
    match production.state:
        case ProductionState.ASKING:
            return "🖐️", say("waiting for approval"), PENDING
        case ProductionState.ACCEPTED:
            return "🕓", say("in line"), PENDING
        case ProductionState.RUNNING:
            return "⏳", say("stopping") if production.stopping else say("rendering"), PENDING
        case ProductionState.HELD:
            return "✋", say("held: it waits for you to decide"), BAD
        case ProductionState.DONE:
            newer = film.plan is not None and film.plan.version > production.version
            done = say("v{version} done, a newer plan waits", version=production.version) if newer else say("done")
            return "✅", done, GOOD
        case ProductionState.FAILED:
            return "❌", say("not finished"), BAD
        case ProductionState.CANCELLED:
            return "⏹️", say("cancelled"), PAST


def _standing_of_analysis(film: Film) -> tuple[str, str, discord.Colour]:
    match film.project.state:
        case ProjectState.NEW:
            return "👀", say("a video being looked at"), PENDING
        case ProjectState.FAILED:
            return "❌", say("a video, not looked at"), BAD
        case ProjectState.PLANNED:
            return "🔎", say("a video, answered in its thread"), GOOD


def _facts(film: Film) -> str:
    """Version, length, cost, when, and the ways to it, in a line."""
    parts = []
    if film.plan is not None:
        parts.append(say("plan v{version}", version=film.plan.version))
        made = film.done.film_duration if film.done is not None else None
        planned = seconds(film.plan.duration)
        parts.append(seconds(round(made, 1)) if made else say("{length} planned", length=planned))
    if film.charged_microusd:
        parts.append(say("cost {price}", price=money(film.charged_microusd)))
    elif film.latest is not None and film.is_active:
        parts.append(say("at most {price}", price=money(film.latest.price_microusd)))
    parts.append(f"<t:{int(film.at)}:R>")
    if film.posted is not None:
        parts.append(f"[{say('watch it')}]({link_to(film.posted)})")
    if film.project.thread_id is not None:
        place = f"{film.project.guild_id or '@me'}/{film.project.thread_id}"
        parts.append(f"[{say('thread')}](https://discord.com/channels/{place})")
    return " · ".join(parts)


def _title(film: Film, room: int) -> str:
    return plain(shorten(film.title, min(60, 2 * room)))


def listed(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _button(
    action: Action, ref: str, label: str, style: discord.ButtonStyle, version: int | None = None, *numbers: int
) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, ref, version, numbers)))
