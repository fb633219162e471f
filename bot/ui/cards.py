"""What people see of a film, rendered from rows by pure functions: the plan card and the job card.

Cards are Components V2. Discord's bounds (2026-08): 40 components and 4,000 characters of text in one message, and an
error above about 10,000 bytes of text. How long a text becomes is known only once it is escaped, so a card is rendered
with less and less room for foreign words until it fits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import discord
from discord import ui

from bot.production.model import ACTIVE, Production, ProductionState, Stage, Take, TakeState
from bot.studio.casting import Quote
from bot.studio.model import Plan, Project, ProjectState, Shot, ShotStart
from bot.studio.text import shorten
from bot.ui.custom_ids import Action, CustomId
from bot.ui.replies import words_for_failure
from bot.ui.wording import money, plain, seconds
from providers.catalogue import utf16_units

_PLANNING = discord.Colour(0xF0B232)
_PLANNED = discord.Colour(0x5865F2)
_RUNNING = discord.Colour(0xF0B232)
_DONE = discord.Colour(0x23A55A)
_FAILED = discord.Colour(0xF23F43)
_OLD = discord.Colour(0x80848E)

#: Of all text in one message; bytes in UTF-8 with 12 for each component (discord-api-docs#8562 and #8554, 2026-08).
MAX_CHARACTERS = 4_000
MAX_BYTES = 10_170
#: Characters that one foreign text may take, from generous to terse.
_ROOMS = (700, 450, 300, 200, 130, 80, 50, 30, 16)


class CardKind(StrEnum):
    PLAN = "plan"
    JOB = "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What a plan card shows. `plan` is `None` until it is written; `replaced_by` links to the newer card."""

    project: Project
    plan: Plan | None
    quote: Quote | None = None
    model_label: str = ""
    newest_version: int | None = None
    replaced_by: str | None = None
    production: Production | None = None
    can_render: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What a job card shows. `position` counts from 1 in the line; `film_link` leads to the delivered film."""

    production: Production
    plan: Plan
    takes: Sequence[Take]
    position: int | None = None
    film_link: str | None = None


def plan_card(facts: PlanFacts) -> ui.LayoutView:
    """The plan in one version: written or being written, newest or replaced."""
    if facts.plan is None:
        return _planning_card(facts.project)
    plan = facts.plan
    if facts.newest_version is not None and facts.newest_version > plan.version:
        link = f" · [see v{facts.newest_version}]({facts.replaced_by})" if facts.replaced_by else ""
        text = f"### 🎬 {_title(plan)} · plan v{plan.version}\nReplaced by **v{facts.newest_version}**{link}"
        return _layout(ui.Container(ui.TextDisplay(text), accent_colour=_OLD))
    return _fitted(lambda room: _written_card(facts, plan, room))


def job_card(facts: JobFacts) -> ui.LayoutView:
    """A production: where it stands in the line, each shot's state and measured progress, how it ended."""
    return _fitted(lambda room: _job_card(facts, room))


def fits(card: ui.LayoutView) -> bool:
    """Whether Discord takes so much text in one message."""
    texts = [item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay)]
    weight = sum(len(text.encode()) for text in texts) + 12 * card.total_children_count
    return sum(map(utf16_units, texts)) <= MAX_CHARACTERS and weight <= MAX_BYTES


def _fitted(render: Callable[[int], ui.LayoutView]) -> ui.LayoutView:
    for room in _ROOMS:
        card = render(room)
        if fits(card):
            break
    return card


def _written_card(facts: PlanFacts, plan: Plan, room: int) -> ui.LayoutView:
    project = facts.project
    head = (
        f"## 🎬 {_title(plan, room)} · plan v{plan.version}\n"
        f"for <@{project.owner_id}> · **{seconds(plan.duration)}** · {plan.ratio} · "
        f"{_count(len(plan.shots), 'shot')} · {facts.model_label}\n> {plain(shorten(plan.logline, min(240, 3 * room)))}"
    )
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(head), ui.Separator()]
    kept = facts.quote.kept if facts.quote is not None else ()
    for number, shot in enumerate(plan.shots, 1):
        text = _shot_text(number, shot, room, kept=number in kept)
        parts += [ui.TextDisplay(text), ui.Separator(visible=False)]
    parts[-1] = ui.Separator()
    parts.append(ui.TextDisplay(_foot(facts, plan, room)))
    if project.state is ProjectState.NEW or project.attachment is not None:
        parts.append(ui.TextDisplay("-# Looking at the video you added…"))
    elif project.failure is not None:
        parts.append(ui.TextDisplay(f"Your video could not be added. {words_for_failure(project.failure)}"))
    parts.append(_plan_buttons(facts))
    return _layout(ui.Container(*parts, accent_colour=_PLANNED))


def _job_card(facts: JobFacts, room: int) -> ui.LayoutView:
    production, plan = facts.production, facts.plan
    icon, word, colour = _headline(production)
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(f"## {icon} {word} · {_title(plan, room)}\n<@{production.owner_id}> · plan v{plan.version}")
    ]
    if production.state is ProductionState.DONE:
        where = f"[Here is your film]({facts.film_link})" if facts.film_link else "Sending your film…"
        return _layout(ui.Container(*parts, ui.TextDisplay(where), accent_colour=colour))
    made = sum(take.state is TakeState.MADE for take in facts.takes)
    lines = [_progress_line(facts, made)]
    lines += [_take_line(take, plan, room) for take in facts.takes]
    parts += [ui.Separator(), ui.TextDisplay("\n".join(lines))]
    if production.state in {ProductionState.FAILED, ProductionState.HELD}:
        parts.append(ui.TextDisplay(_what_failed(production, facts.takes, made)))
    if production.state in ACTIVE:
        if production.started_at is not None:
            parts.append(
                ui.TextDisplay(f"-# Started <t:{int(production.started_at)}:R>. I will mention you when it is done.")
            )
        label = "Stopping…" if production.stopping else "Cancel"
        button: ui.Button[ui.LayoutView] = ui.Button(
            style=discord.ButtonStyle.secondary,
            label=label,
            custom_id=str(CustomId(Action.CANCEL, production.id)),
            disabled=production.stopping,
        )
        parts.append(ui.ActionRow(button))
    return _layout(ui.Container(*parts, accent_colour=colour))


def fingerprint(card: ui.LayoutView) -> str:
    """Tells renderings apart, so that nothing is edited in vain."""
    components = card.to_components()  # type: ignore[no-untyped-call]  # untyped in discord.py 2.7.1
    return hashlib.sha256(json.dumps(components, sort_keys=True).encode()).hexdigest()


def _planning_card(project: Project) -> ui.LayoutView:
    idea = f"> {plain(shorten(project.idea, 300))}"
    head = f"for <@{project.owner_id}>\n{idea}"
    if project.state is ProjectState.FAILED:
        words = words_for_failure(project.failure or "")
        again: ui.Button[ui.LayoutView] = ui.Button(
            style=discord.ButtonStyle.primary, label="Try again", custom_id=str(CustomId(Action.RETRY, project.id))
        )
        text = f"{words}\n-# Or write here what the film should be about; you can attach another video, too."
        parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"## 🎬 No plan yet\n{head}"), ui.TextDisplay(text)]
        return _layout(ui.Container(*parts, ui.ActionRow(again), accent_colour=_FAILED))
    if project.attachment is not None:
        doing = "📥 Fetching and checking your video…"
    elif project.asset_id is not None:
        doing = "👀 Watching your video and writing the plan…"
    else:
        doing = "✍️ Writing the plan…"
    return _layout(
        ui.Container(ui.TextDisplay(f"## 🎬 Planning\n{head}"), ui.TextDisplay(doing), accent_colour=_PLANNING)
    )


def _shot_text(number: int, shot: Shot, room: int, *, kept: bool) -> str:
    line = f"**{number}. {plain(shorten(shot.title, min(60, room)))}** · {seconds(shot.duration)} · "
    line += plain(shorten(shot.camera or "steady camera", min(60, room)))
    if shot.start is ShotStart.PREVIOUS:
        line += f" · continues shot {number - 1}"
    elif shot.start is ShotStart.UPLOAD:
        line += " · starts from your video"
    if kept:
        line += " · already made"
    line += f"\n{plain(shorten(shot.prompt, room))}"
    if shot.narration:
        line += f"\n🗣️ *{plain(shorten(shot.narration, max(16, room // 3)))}*"
    return line


def _foot(facts: PlanFacts, plan: Plan, room: int) -> str:
    lines = []
    if _is_made(facts):
        lines.append("**The film of this plan is made.** Change something to make another.")
    elif facts.quote is not None:
        price = f"**Cost** at most {money(facts.quote.price_microusd)}"
        if facts.quote.kept:
            price += f" · {_count(len(facts.quote.kept), 'shot')} already made, not paid again"
        lines.append(price)
    if plan.changes:
        lines.append(f"**Changed since v{plan.version - 1}:** {plain(shorten(plan.changes, min(300, 4 * room)))}")
    if not facts.can_render:
        lines.append("No video service that can make this is set up, so it can't be rendered yet; the plan is kept.")
    lines.append("-# Write in this thread to change anything.")
    return "\n".join(lines)


def _plan_buttons(facts: PlanFacts) -> ui.ActionRow[ui.LayoutView]:
    assert facts.plan is not None
    busy = facts.production is not None and facts.production.state in ACTIVE
    greenlight: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.success,
        label="Rendering…" if busy else "Rendered" if _is_made(facts) else "Greenlight",
        custom_id=str(CustomId(Action.GREENLIGHT, facts.project.id, facts.plan.version)),
        disabled=busy or _is_made(facts) or not facts.can_render,
    )
    change: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.secondary,
        label="Change…",
        custom_id=str(CustomId(Action.CHANGE, facts.project.id, facts.plan.version)),
    )
    return ui.ActionRow(greenlight, change)


def _is_made(facts: PlanFacts) -> bool:
    """Whether this very version has its film: rendering it again would make the same."""
    production = facts.production
    assert facts.plan is not None
    return (
        production is not None and production.state is ProductionState.DONE and production.version == facts.plan.version
    )


def _headline(production: Production) -> tuple[str, str, discord.Colour]:
    match production.state:
        case ProductionState.ACCEPTED:
            return "🕓", "In line", _RUNNING
        case ProductionState.RUNNING:
            return "⏳", "Stopping" if production.stopping else "Rendering", _RUNNING
        case ProductionState.DONE:
            return "✅", "Done", _DONE
        case ProductionState.CANCELLED:
            return "⏹️", "Cancelled", _OLD
        case ProductionState.HELD:
            return "✋", "Held", _FAILED
        case ProductionState.FAILED:
            return "❌", "Not finished", _FAILED


def _progress_line(facts: JobFacts, made: int) -> str:
    production, total = facts.production, len(facts.takes)
    if production.state is ProductionState.ACCEPTED:
        return _position(facts.position)
    if production.stage is Stage.VOICE:
        return "🎙️ All shots are made. Recording the voice…"
    if production.stage is Stage.CUT:
        return "🎞️ All shots are made. Cutting the film…"
    if production.state is ProductionState.CANCELLED:
        return f"**{made} of {total} shots** were made and are kept."
    whole = sum(_share(take) for take in facts.takes) / max(1, total)
    filled = round(whole * 12)
    return f"`{'▓' * filled}{'░' * (12 - filled)}` **{made} of {total} shots** · {int(whole * 100)} %"


def _position(position: int | None) -> str:
    if position is None:
        return "Taking its place in the line…"
    if position == 1:
        return "**Next** in line; it starts when a film before it is done."
    return f"**{position}.** in line; films start one after the other, fairly between everybody."


def _share(take: Take) -> float:
    return 1.0 if take.state is TakeState.MADE else (take.progress or 0.0) * 0.99


def _take_line(take: Take, plan: Plan, room: int) -> str:
    title = plain(shorten(plan.shots[take.shot - 1].title, min(50, room)))
    match take.state:
        case TakeState.WAITING:
            return f"▫️ **{take.shot}** {title} · waiting"
        case TakeState.ORDERED:
            return f"🕓 **{take.shot}** {title} · ordered, waiting at the service"
        case TakeState.RENDERING:
            measured = f" {round(take.progress * 100)} %" if take.progress is not None else ""
            return f"🔄 **{take.shot}** {title} · rendering{measured}"
        case TakeState.MADE:
            return f"✅ **{take.shot}** {title} · made"
        case TakeState.FAILED:
            return f"❌ **{take.shot}** {title} · {shorten(words_for_failure(take.failure or ''), 4 * room)}"
        case TakeState.UNKNOWN:
            return f"✋ **{take.shot}** {title} · ordered, but no answer came"


def _what_failed(production: Production, takes: Sequence[Take], made: int) -> str:
    words = words_for_failure(production.failure or "")
    kept = (
        f" {_count(made, 'shot')} made so far {'is' if made == 1 else 'are'} kept and not paid again." if made else ""
    )
    if any(take.state is TakeState.FAILED for take in takes):
        words = "One or more shots could not be made; the reason is beside each."
    return f"{words}{kept}"


def _title(plan: Plan, room: int = 80) -> str:
    return plain(shorten(plan.title, min(80, 2 * room)))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _layout(container: ui.Container[ui.LayoutView]) -> ui.LayoutView:
    """A view that Discord shows and the library forgets: buttons are handled by our router, after restarts, too."""
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    view.stop()
    return view
