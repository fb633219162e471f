"""The job card: a film in the line, being made, or how it ended. Rendered from rows by a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.production.model import ACTIVE, TERMINAL, Production, ProductionState, Stage, Take, TakeState
from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, GOOD, PAST, PENDING, count, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.held import held_buttons, held_words
from bot.ui.instead import Instead, instead_button
from bot.ui.receipts import asking
from bot.ui.remarks import remarks_on
from bot.ui.replies import words_for_failure, words_for_undelivered
from bot.ui.takes_menu import shots_button
from bot.ui.wording import money, plain

#: Places in the line that are told exactly.
TOLD_EXACTLY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What a job card shows.

    `position` counts from 1 in the line; `waits` says by shot what a waiting take waits for, where that is known;
    `film_link` leads to the delivered film; `instead` is a model that could make what this one had no room for;
    `at_risk_microusd` may have been charged for orders that went unanswered; `is_paused` says that the operator lets
    no film begin; `receipt` is a line on what was charged.
    """

    production: Production
    plan: Plan
    takes: Sequence[Take]
    position: int | None = None
    waits: Mapping[int, str] = field(default_factory=dict)
    film_link: str | None = None
    instead: Instead | None = None
    at_risk_microusd: int = 0
    is_paused: bool = False
    receipt: str = ""


def job_card(facts: JobFacts) -> ui.LayoutView:
    """A production: where it stands in the line, each shot's state and measured progress, how it ended."""
    return fitted(lambda room: _job_card(facts, room))


def _job_card(facts: JobFacts, room: int) -> ui.LayoutView:
    production, plan = facts.production, facts.plan
    icon, word, colour = _headline(production)
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"## {icon} {word} · {title(plan, room)}\n<@{production.owner_id}> · plan v{plan.version}")
    ]
    if production.state is ProductionState.DONE:
        return layout(ui.Container(*parts, *_where_it_is(facts), accent_colour=colour))
    made = sum(take.state is TakeState.MADE for take in facts.takes)
    lines = [_progress_line(facts, made)]
    lines += [_take_line(facts, take, room) for take in facts.takes]
    parts += [ui.Separator(), ui.TextDisplay("\n".join(lines))]
    if production.state is ProductionState.HELD:
        buttons = held_buttons(production.id, facts.takes, facts.at_risk_microusd)
        parts += [ui.TextDisplay(held_words(facts.takes, facts.at_risk_microusd)), ui.ActionRow(*buttons)]
    if production.state is ProductionState.FAILED:
        parts += _after_failure(facts, made)
    if production.state not in ACTIVE and production.started_at is not None:
        cost = f"-# Cost so far {money(production.cost_microusd or 0)}"
        parts.append(ui.TextDisplay("\n".join(filter(None, [cost, facts.receipt]))))
    if production.state is ProductionState.ASKING:
        parts += asking(production)
    if production.state is ProductionState.CANCELLED and production.failure:
        parts.append(ui.TextDisplay(words_for_failure(production.failure)))
    if production.state in ACTIVE:
        if production.started_at is not None:
            parts.append(
                ui.TextDisplay(f"-# Started <t:{int(production.started_at)}:R>. I will mention you when it is done.")
            )
        parts.append(_cancel_button(production))
    return layout(ui.Container(*parts, accent_colour=colour))


def _where_it_is(facts: JobFacts) -> list[ui.Item[ui.LayoutView]]:
    """The way to a film that is done; where it could not be posted, the way to have that tried again."""
    if facts.film_link is not None:
        spent = money(facts.production.cost_microusd or 0)
        lines = [f"[Here is your film]({facts.film_link}) · cost {spent}", *remarks_on(facts.production.notes)]
        lines += [facts.receipt] if facts.receipt else []
        return [ui.TextDisplay("\n".join(lines)), ui.ActionRow(shots_button(facts.production.project_id))]
    if facts.production.delivered_at is None:
        again_at = facts.production.delivery_at
        is_late = facts.production.undelivered is not None and again_at is not None
        more = f" Discord did not take it yet; I try again <t:{int(again_at)}:R>." if is_late and again_at else ""
        return [ui.TextDisplay(f"Sending your film…{more}")]
    again: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.primary,
        label="Send again",
        custom_id=str(CustomId(Action.RESEND, facts.production.id)),
    )
    words = words_for_undelivered(facts.production.undelivered or "")
    return [ui.TextDisplay(words), ui.ActionRow(again)]


def _after_failure(facts: JobFacts, made: int) -> list[ui.Item[ui.LayoutView]]:
    """What went wrong, and the ways on from there."""
    production = facts.production
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(_what_failed(production, facts.takes, made))]
    buttons = [shots_button(production.project_id)] if made else []
    if facts.instead is not None:
        parts.append(ui.TextDisplay(facts.instead.offer))
        buttons.insert(0, instead_button(facts.instead, production.project_id, production.version))
    return [*parts, ui.ActionRow(*buttons)] if buttons else parts


def _cancel_button(production: Production) -> ui.ActionRow[ui.LayoutView]:
    button: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.secondary,
        label="Stopping…" if production.stopping else "Cancel",
        custom_id=str(CustomId(Action.CANCEL, production.id)),
        disabled=production.stopping,
    )
    return ui.ActionRow(button)


def _headline(production: Production) -> tuple[str, str, discord.Colour]:
    match production.state:
        case ProductionState.ASKING:
            return "🖐️", "Waiting for approval", PENDING
        case ProductionState.ACCEPTED:
            return "🕓", "In line", PENDING
        case ProductionState.RUNNING:
            return "⏳", "Stopping" if production.stopping else "Rendering", PENDING
        case ProductionState.DONE:
            return "✅", "Done", GOOD
        case ProductionState.CANCELLED:
            return "⏹️", "Cancelled", PAST
        case ProductionState.HELD:
            return "✋", "Held", BAD
        case ProductionState.FAILED:
            return "❌", "Not finished", BAD


def _progress_line(facts: JobFacts, made: int) -> str:
    production, total = facts.production, len(facts.takes)
    if production.state is ProductionState.ACCEPTED:
        return place_in_words(facts.position, facts.is_paused)
    if production.state is ProductionState.ASKING:
        return "Nothing is ordered yet."
    if production.stage is Stage.VOICE:
        return "🎙️ Recording the voice, before anything else is ordered…"
    if production.stage is Stage.CUT:
        return "🎞️ All shots are made. Cutting the film…"
    if production.state is ProductionState.CANCELLED:
        return f"**{made} of {total} shots** were made and are kept."
    whole = sum(_share(take) for take in facts.takes) / max(1, total)
    filled = round(whole * 12)
    return f"`{'▓' * filled}{'░' * (12 - filled)}` **{made} of {total} shots** · {int(whole * 100)} %"


def place_in_words(position: int | None, is_paused: bool) -> str:
    """Where a film stands. Far back it is told roughly, so that not every card changes with each film that begins."""
    if is_paused:
        return "In line, and paused by the operator: no film begins for now. It keeps its place."
    if position is None:
        return "Taking its place in the line…"
    if position == 1:
        return "**Next** in line; it starts when a film before it is done."
    within = _roughly(position)
    place = f"**{position}.**" if within == position else f"Among the first **{within:,}**"
    return f"{place} in line; films start one after the other, fairly between everybody."


def _roughly(position: int) -> int:
    """A place, rounded up the more the further back it is."""
    if position <= TOLD_EXACTLY:
        return position
    step: int = 10 ** (len(str(position)) - 1) // 2
    return -(-position // step) * step


def _share(take: Take) -> float:
    return 1.0 if take.state is TakeState.MADE else (take.progress or 0.0) * 0.99


def _take_line(facts: JobFacts, take: Take, room: int) -> str:
    icon, words = _take_words(facts, take, room)
    return f"{icon} **{take.shot}** {plain(shorten(facts.plan.shots[take.shot - 1].title, min(50, room)))} · {words}"


def _take_words(facts: JobFacts, take: Take, room: int) -> tuple[str, str]:
    match take.state:
        case TakeState.MADE:
            return "✅", "made"
        case TakeState.FAILED:
            return "❌", shorten(words_for_failure(take.failure or ""), 4 * room)
        case TakeState.UNKNOWN:
            return "✋", "ordered, but no answer came"
        case TakeState.LEFT_OUT:
            return "▫️", "left out"
        case _ if facts.production.state is ProductionState.CANCELLED:
            return "⏹️", "stopped"  # whatever its row says: nothing of it goes on
        case _ if facts.production.state in TERMINAL:
            return "▫️", "not made"
        case TakeState.ORDERED:
            return "🕓", "ordered, waiting at the service"
        case TakeState.RENDERING:
            return "🔄", f"rendering {round(take.progress * 100)} %" if take.progress is not None else "rendering"
        case TakeState.WAITING:
            return "▫️", facts.waits.get(take.shot, "waiting")


def _what_failed(production: Production, takes: Sequence[Take], made: int) -> str:
    words = words_for_failure(production.failure or "")
    kept = f" {count(made, 'shot')} made so far {'is' if made == 1 else 'are'} kept and not paid again." if made else ""
    if any(take.state is TakeState.FAILED for take in takes):
        words = "One or more shots could not be made; the reason is beside each."
    return f"{words}{kept}"
