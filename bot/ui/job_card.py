"""The job card: a film in the line, being made, or how it ended. Rendered from rows by a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.production.model import ACTIVE, TERMINAL, Production, ProductionState, Stage, Take, TakeState
from bot.production.prospects import Prospect
from bot.speech import counted, say
from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, GOOD, PAST, PENDING, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.film_row import dm_button
from bot.ui.held import held_buttons, held_words
from bot.ui.instead import Instead, instead_button
from bot.ui.job_buttons import after_failure_buttons, details_button, watch_buttons
from bot.ui.prospect_words import FORETOLD, when_it_begins, why_in_line
from bot.ui.receipts import asking
from bot.ui.remarks import remarks_on
from bot.ui.replies import words_for_failure, words_for_undelivered
from bot.ui.safer_words import refused_shots, safer_button
from bot.ui.takes_menu import shots_button
from bot.ui.wording import money, number, percent, plain

#: Places in the line that are told exactly.
TOLD_EXACTLY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What a job card shows.

    `position` counts from 1 in the line; `waits` says by shot what a waiting take waits for, where that is known;
    `film_link` leads to the delivered film; `instead` is a model that could make what this one had no room for;
    `at_risk_microusd` may have been charged for orders that went unanswered; `is_paused` says that the operator lets
    no film begin, and `paused` names services of this one that they let take no orders; `prospect` tells, as of `now`,
    why a film in the line waits and until when; `receipt` is a line on what was charged; `retry_microusd` what ordering
    what failed once more costs.
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
    paused: Sequence[str] = ()
    prospect: Prospect | None = None
    now: float = 0.0
    receipt: str = ""
    retry_microusd: int | None = None


def job_card(facts: JobFacts) -> ui.LayoutView:
    """A production: where it stands in the line, each shot's state and measured progress, how it ended."""
    return fitted(lambda room: _job_card(facts, room))


def _job_card(facts: JobFacts, room: int) -> ui.LayoutView:
    production, plan = facts.production, facts.plan
    icon, word, colour = _headline(production)
    pressed = (
        "" if production.greenlit_by is None else say(" · greenlit by <@{user_id}>", user_id=production.greenlit_by)
    )
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(
            f"## {icon} {word} · {title(plan, room)}\n"
            f"<@{production.owner_id}> · {say('plan v{version}', version=plan.version)}{_of_draft(production)}{pressed}"
        )
    ]
    if production.state is ProductionState.DONE:
        return layout(ui.Container(*parts, *_where_it_is(facts), accent_colour=colour))
    made = sum(take.state is TakeState.MADE for take in facts.takes)
    lines = [_progress_line(facts, made)]
    lines += [_take_line(facts, take, room) for take in facts.takes]
    parts += [ui.Separator(), ui.TextDisplay("\n".join(lines))]
    if production.state is ProductionState.HELD:
        buttons = held_buttons(production, facts.takes, facts.at_risk_microusd)
        parts += [ui.TextDisplay(held_words(facts.takes, facts.at_risk_microusd)), ui.ActionRow(*buttons)]
    if production.state is ProductionState.FAILED:
        parts += _after_failure(facts, made)
    if production.state not in ACTIVE and production.started_at is not None:
        cost = f"-# {say('Cost so far {price}', price=money(production.cost_microusd or 0))}"
        parts.append(ui.TextDisplay("\n".join(filter(None, [cost, facts.receipt]))))
    if production.state is ProductionState.ASKING:
        parts += asking(production)
    if production.state is ProductionState.CANCELLED and production.failure:
        parts.append(ui.TextDisplay(words_for_failure(production.failure)))
    if production.state in ACTIVE:
        if production.started_at is not None:
            moment = f"<t:{int(production.started_at)}:R>"
            words = say("Started {moment}. The film comes as a new message.", moment=moment)
            parts.append(ui.TextDisplay(f"-# {words}"))
        watch = watch_buttons(production, facts.takes)
        parts.append(ui.ActionRow(*watch, _cancel_button(production), *_dm_button(production)))
    return layout(ui.Container(*parts, accent_colour=colour))


def _of_draft(production: Production) -> str:
    return f" · {say('**draft**, in a small size')}" if production.draft else ""


def _where_it_is(facts: JobFacts) -> list[ui.Item[ui.LayoutView]]:
    """The way to a film that is done; where it could not be posted, the way to have that tried again."""
    if facts.film_link is not None:
        spent = money(facts.production.cost_microusd or 0)
        here = say("Here is your draft") if facts.production.draft else say("Here is your film")
        found = f"[{here}]({facts.film_link}) · {say('cost {price}', price=spent)}"
        lines = [found, *remarks_on(facts.production.notes)]
        lines += [facts.receipt] if facts.receipt else []
        shots = [] if facts.production.draft else [shots_button(facts.production.project_id)]
        return [ui.TextDisplay("\n".join(lines)), ui.ActionRow(*shots, details_button(facts.production))]
    if facts.production.delivered_at is None:
        again_at = facts.production.delivery_at
        is_late = facts.production.undelivered is not None and again_at is not None
        words = say("Sending your film…")
        if is_late and again_at:
            moment = f"<t:{int(again_at)}:R>"
            words += f" {say('Discord did not take it yet; I try again {moment}.', moment=moment)}"
        return [ui.TextDisplay(words)]
    again: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.primary,
        label=say("Send again"),
        custom_id=str(CustomId(Action.RESEND, facts.production.id)),
    )
    words = words_for_undelivered(facts.production.undelivered or "")
    return [ui.TextDisplay(words), ui.ActionRow(again)]


def _after_failure(facts: JobFacts, made: int) -> list[ui.Item[ui.LayoutView]]:
    """What went wrong, and the ways on from there."""
    production = facts.production
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(_what_failed(production, facts.takes, made))]
    buttons = after_failure_buttons(production, made, facts.retry_microusd)
    buttons += [shots_button(production.project_id)] if made and not production.draft else []
    if refused_shots(facts.takes):
        words = say("A content policy refused some words. **Safer words** rewrites just these shots; you look first.")
        parts.append(ui.TextDisplay(words))
        buttons.insert(0, safer_button(production.project_id, production.version))
    if facts.instead is not None:
        parts.append(ui.TextDisplay(facts.instead.offer))
        instead = instead_button(facts.instead, production.project_id, production.version)
        if facts.retry_microusd is None:
            buttons.insert(0, instead)
        else:  # one way on stands out, and others follow it
            instead.style = discord.ButtonStyle.secondary
            buttons.insert(1, instead)
    return [*parts, ui.ActionRow(*buttons)] if buttons else parts


def _cancel_button(production: Production) -> ui.Button[ui.LayoutView]:
    return ui.Button(
        style=discord.ButtonStyle.secondary,
        label=say("Stopping…") if production.stopping else say("Cancel"),
        custom_id=str(CustomId(Action.CANCEL, production.id)),
        disabled=production.stopping,
    )


def _dm_button(production: Production) -> list[ui.Button[ui.LayoutView]]:
    """Where it is talked over in a DM, its end comes there anyway."""
    return [] if production.guild_id is None or production.stopping else [dm_button(production.id)]


def _headline(production: Production) -> tuple[str, str, discord.Colour]:
    match production.state:
        case ProductionState.ASKING:
            return "🖐️", say("Waiting for approval"), PENDING
        case ProductionState.ACCEPTED:
            return "🕓", say("In line"), PENDING
        case ProductionState.RUNNING:
            return "⏳", say("Stopping") if production.stopping else say("Rendering"), PENDING
        case ProductionState.DONE:
            return "✅", say("Done"), GOOD
        case ProductionState.CANCELLED:
            return "⏹️", say("Cancelled"), PAST
        case ProductionState.HELD:
            return "✋", say("Held"), BAD
        case ProductionState.FAILED:
            return "❌", say("Not finished"), BAD


def _progress_line(facts: JobFacts, made: int) -> str:
    production, total = facts.production, len(facts.takes)
    if production.state is ProductionState.ACCEPTED:
        return "\n".join([place_in_words(facts.position, facts.is_paused), *_why_and_when(facts)])
    if production.state is ProductionState.ASKING:
        return say("Nothing is ordered yet.")
    if production.stage is Stage.VOICE:
        return say("🎙️ Recording the voice, before anything else is ordered…")
    if production.stage is Stage.CUT:
        return say("🎞️ All shots are made. Cutting the film…")
    if production.state is ProductionState.CANCELLED:
        return counted(
            total,
            "**{made} of {number} shots** were made and are kept.",
            "**{made} of {number} shots** were made and are kept.",
            made=made,
        )
    whole = sum(_share(take) for take in facts.takes) / max(1, total)
    filled = round(whole * 12)
    done = counted(total, "**{made} of {number} shots**", "**{made} of {number} shots**", made=made)
    return f"`{'▓' * filled}{'░' * (12 - filled)}` {done} · {percent(int(whole * 100))}"


def _why_and_when(facts: JobFacts) -> list[str]:
    """What a film in the line waits for, and when it probably begins, where that can be told of its place."""
    if facts.position is None or facts.is_paused:
        return []
    if facts.position > FORETOLD:
        return [f"-# {say('`/queue` tells when it probably begins.')}"]
    if facts.prospect is None:
        return []
    when = f"-# {when_it_begins(facts.prospect, facts.now, paused=facts.paused)}"
    if facts.position == 1 and not facts.paused:  # its place says why already
        return [when]
    return [why_in_line(facts.prospect.ahead, paused=facts.paused), when]


def place_in_words(position: int | None, is_paused: bool) -> str:
    """Where a film stands. Far back it is told roughly, so that not every card changes with each film that begins."""
    if is_paused:
        return say("In line, and paused by the operator: no film begins for now. It keeps its place.")
    if position is None:
        return say("Taking its place in the line…")
    if position == 1:
        return say("**Next** in line; it starts when a film before it is done.")
    within = _roughly(position)
    if within == position:
        return say(
            "Place **{place}** in line; films start one after the other, fairly between everybody.", place=position
        )
    return say(
        "Among the first **{place}** in line; films start one after the other, fairly between everybody.",
        place=number(within),
    )


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
            return "✅", say("made")
        case TakeState.FAILED:
            return "❌", shorten(words_for_failure(take.failure or ""), 4 * room)
        case TakeState.UNKNOWN:
            return "✋", say("ordered, but no answer came")
        case TakeState.LEFT_OUT:
            return "▫️", say("left out")
        case _ if facts.production.state is ProductionState.CANCELLED:
            return "⏹️", say("stopped")  # whatever its row says: nothing of it goes on
        case _ if facts.production.state in TERMINAL:
            return "▫️", say("not made")
        case TakeState.ORDERED:
            return "🕓", say("ordered, waiting at the service")
        case TakeState.RENDERING:
            return "🔄", _rendering(take)
        case TakeState.WAITING:
            return "▫️", facts.waits.get(take.shot) or say("waiting")


def _rendering(take: Take) -> str:
    if take.progress is None:
        return say("rendering")
    return say("rendering {percent}", percent=percent(round(take.progress * 100)))


def _what_failed(production: Production, takes: Sequence[Take], made: int) -> str:
    words = words_for_failure(production.failure or "")
    if any(take.state is TakeState.FAILED for take in takes):
        words = say("One or more shots could not be made; the reason is beside each.")
    if not made:
        return words
    kept = counted(
        made,
        "{number} shot made so far is kept and not paid again.",
        "{number} shots made so far are kept and not paid again.",
    )
    return f"{words} {kept}"
