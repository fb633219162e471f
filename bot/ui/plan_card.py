"""The plan card: a plan in one version, being written, newest or replaced. Rendered from rows by a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.production.model import OPEN, Production, ProductionState
from bot.speech import counted, later, say
from bot.studio.casting import Quote
from bot.studio.model import MAX_IDEA, Captions, Plan, Project, ProjectState, Shot, ShotStart
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, PAST, PENDING, READY, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.instead import Instead, instead_button
from bot.ui.maximum import is_above, over_maximum
from bot.ui.replies import words_for_failure
from bot.ui.safer_words import is_refused_idea, safer_button
from bot.ui.talk_facts import TalkFacts, people_line, price_line, talk_lines, undo_button, version_buttons
from bot.ui.tryouts import Tryouts, tryout_lines, tryout_row
from bot.ui.wording import money, plain, seconds

#: Shots that stand apart, each a component of its own: of the 40 that Discord takes, the rest of a card needs some 20.
_APART = 8
#: More room than any text of a plan takes, so that nothing is shortened.
WHOLE = 4 * MAX_IDEA


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What a plan card shows.

    `plan` is `None` until it is written; `replaced_by` links to the newer card; `remarks` are sentences on what will
    not be as wished, or was not seen; `tryouts` what can be had before it is paid for; `instead` is the model to take
    where the plan's own has gone; `talk` is what there is to tell of those who talk it over.
    """

    project: Project
    plan: Plan | None
    quote: Quote | None = None
    model_label: str = ""
    newest_version: int | None = None
    replaced_by: str | None = None
    production: Production | None = None
    can_render: bool = True
    remarks: Sequence[str] = ()
    instead: Instead | None = None
    talk: TalkFacts = field(default_factory=TalkFacts)
    tryouts: Tryouts | None = None


_CAPTIONS = {
    Captions.OFF: later("no captions"),
    Captions.SOFT: later("captions to switch on"),
    Captions.BURNT: later("captions"),
}


def plan_card(facts: PlanFacts) -> ui.LayoutView:
    """The plan in one version: written or being written, newest or replaced."""
    if facts.plan is None:
        return _planning_card(facts)
    plan = facts.plan
    if facts.newest_version is not None and facts.newest_version > plan.version:
        newer = f"**v{facts.newest_version}**"
        newer = f"[{newer}]({facts.replaced_by})" if facts.replaced_by else newer
        text = f"### 🎬 {title(plan)} · {_version(plan)}\n{say('Replaced by {newer}', newer=newer)}"
        return layout(ui.Container(ui.TextDisplay(text), accent_colour=PAST))
    return fitted(lambda room: _written_card(facts, plan, room))


def _written_card(facts: PlanFacts, plan: Plan, room: int) -> ui.LayoutView:
    project = facts.project
    head = (
        f"## 🎬 {title(plan, room)} · {_version(plan)}\n"
        f"{_for(project)}{people_line(facts.talk)} · **{seconds(plan.duration)}** · {plan.ratio} · "
        f"{counted(len(plan.shots), '{number} shot', '{number} shots')} · {facts.model_label}"
        f"{sound_line(plan, room)}\n"
        f"> {plain(shorten(plan.logline, _at_most(240, 3 * room)))}"
    )
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(head), ui.Separator()]
    # While it renders, shots are made one by one: the job card tells that, and this one stays as it was greenlit.
    kept = facts.quote.kept if facts.quote is not None and _under_way(facts) is None else ()
    texts = [shot_text(number, shot, room, kept=number in kept) for number, shot in enumerate(plan.shots, 1)]
    if len(texts) > _APART:
        texts = ["\n\n".join(texts)]
    for text in texts:
        parts += [ui.TextDisplay(text), ui.Separator(visible=False)]
    parts[-1] = ui.Separator()
    parts.append(ui.TextDisplay(_foot(facts, plan, room)))
    if project.state is ProjectState.NEW or project.attachment is not None:
        parts.append(ui.TextDisplay(f"-# {say('Looking at the video you added…')}"))
    elif project.failure is not None:
        why = words_for_failure(project.failure)
        parts.append(ui.TextDisplay(say("Your video could not be added. {why}", why=why)))
    parts.append(_plan_buttons(facts))
    parts += tryout_row(facts.tryouts, project.id, plan.version) if facts.tryouts is not None else []
    parts.append(version_buttons(project.id, plan.version, is_cut=_words(plan, room) != _words(plan, WHOLE)))
    return layout(ui.Container(*parts, accent_colour=READY))


def _planning_card(facts: PlanFacts) -> ui.LayoutView:
    project = facts.project
    idea = f"> {plain(shorten(project.idea, 300))}"
    head = f"{_for(project)}\n{idea}"
    if project.state is ProjectState.FAILED:
        words = words_for_failure(project.failure or "")
        again: ui.Button[ui.LayoutView] = ui.Button(
            style=discord.ButtonStyle.primary, label=say("Try again"), custom_id=str(CustomId(Action.RETRY, project.id))
        )
        if facts.talk.hears_all:
            other = say("Or write here what the film should be about; you can attach another video, too.")
        else:
            other = say(
                "Or say what the film should be about: press **Change…**, or mention me, and attach another video with "
                "that if you like."
            )
        change = _change_button(project.id)
        parts: list[ui.Item[ui.LayoutView]] = [
            ui.TextDisplay(f"## 🎬 {say('No plan yet')}\n{head}"),
            ui.TextDisplay(f"{words}\n-# {other}"),
        ]
        ways = [safer_button(project.id), again] if is_refused_idea(project) else [again]
        return layout(ui.Container(*parts, ui.ActionRow(*ways, change), accent_colour=BAD))
    if project.attachment is not None:
        doing = say("📥 Fetching and checking your video…")
    elif project.asset_id is not None:
        doing = say("👀 Watching your video and writing the plan…")
    else:
        doing = say("✍️ Writing the plan…")
    text = f"## 🎬 {say('Planning')}\n{head}"
    return layout(ui.Container(ui.TextDisplay(text), ui.TextDisplay(doing), accent_colour=PENDING))


def _for(project: Project) -> str:
    return say("for {owner}", owner=f"<@{project.owner_id}>")


def _version(plan: Plan) -> str:
    return say("plan v{version}", version=plan.version)


def shot_text(number: int, shot: Shot, room: int, *, kept: bool) -> str:
    """A shot with so much room for each of its texts; `kept` is one that is made already."""
    line = f"**{number}. {plain(shorten(shot.title, _at_most(60, room)))}** · {seconds(shot.duration)} · "
    line += plain(shorten(shot.camera or say("steady camera"), _at_most(60, room)))
    if shot.start is ShotStart.PREVIOUS:
        line += f" · {say('continues shot {shot}', shot=number - 1)}"
    elif shot.start is ShotStart.UPLOAD:
        line += f" · {say('starts from your video')}"
    elif shot.start is ShotStart.STILL:
        line += f" · {say('starts from its picture in the storyboard')}"
    if shot.take > 1:
        line += f" · {say('take {take}', take=shot.take)}"
    if kept:
        line += f" · {say('already made')}"
    line += f"\n{plain(shorten(shot.prompt, room))}"
    if shot.sound:
        line += f"\n🔊 {plain(shorten(shot.sound, max(16, room // 4)))}"
    if shot.narration:
        line += f"\n🗣️ *{plain(shorten(shot.narration, max(16, room // 3)))}*"
    return line


def _at_most(characters: int, room: int) -> int:
    """Room for a text that is kept short on a card, and whole where everything is."""
    return room if room >= WHOLE else min(characters, room)


def _words(plan: Plan, room: int) -> list[str]:
    """What a card with so much room shows of a plan's own words."""
    shots = [shot_text(number, shot, room, kept=False) for number, shot in enumerate(plan.shots, 1)]
    logline = shorten(plan.logline, _at_most(240, 3 * room))
    return [title(plan, room), logline, sound_line(plan, room), changes_line(plan, room), *shots]


def changes_line(plan: Plan, room: int) -> str:
    """What is new since the version before; "" where that is not told."""
    if not plan.changes:
        return ""
    changes = plain(shorten(plan.changes, _at_most(300, 4 * room)))
    return say("**Changed since v{version}:** {changes}", version=plan.version - 1, changes=changes)


def sound_line(plan: Plan, room: int) -> str:
    """What plays under the film, who narrates, and how the words are shown."""
    parts = []
    if plan.music:
        parts.append(f"🎵 {plain(shorten(plan.music, max(16, room // 4)))}")
    if any(shot.narration for shot in plan.shots):
        parts.append(f"🗣️ {plain(shorten(plan.voice_name, _at_most(40, max(40, room)))) or say('the usual voice')}")
        parts.append(f"💬 {say(_CAPTIONS[plan.captions])}")
    return f"\n{' · '.join(parts)}" if parts else ""


def _foot(facts: PlanFacts, plan: Plan, room: int) -> str:
    lines = []
    if _is_made(facts):
        lines.append(say("**The film of this plan is made.** Change something to make another."))
    elif (production := _under_way(facts)) is not None:
        lines.append(_how_it_goes(production, plan))
    elif facts.quote is not None:
        price = say("**Cost** at most {price}", price=money(facts.quote.price_microusd))
        if kept := len(facts.quote.kept):
            paid = counted(
                kept, "{number} shot already made, not paid again", "{number} shots already made, not paid again"
            )
            price += f" · {paid}"
        lines.append(price)
        if is_above(facts.project, facts.quote.price_microusd):
            lines.append(over_maximum(facts.project, money(facts.quote.price_microusd)))
    lines += tryout_lines(facts.tryouts) if facts.tryouts is not None else []
    if facts.instead is not None:
        lines.append(facts.instead.offer)
    lines += facts.remarks
    if changed := changes_line(plan, room):
        lines.append(changed + price_line(facts.talk))
    if not facts.can_render and facts.instead is None:
        lines.append(
            say("No video service that can make this is set up, so it can't be rendered yet; the plan is kept.")
        )
    lines += talk_lines(facts.talk)
    return "\n".join(lines)


def _how_it_goes(production: Production, plan: Plan) -> str:
    """What becomes of a plan while a production of it, or of another version, is not over."""
    price = money(production.price_microusd)
    if production.state is ProductionState.ASKING:
        return say(
            "**v{version} waits for approval**, at most {price}; its job card shows how it goes.",
            version=production.version,
            price=price,
        )
    if production.state is ProductionState.HELD:
        return say("**v{version} is held**: choose on its job card how it goes on.", version=production.version)
    if production.draft:
        return say("**A draft** is being made, for at most {price}; its job card shows how it goes.", price=price)
    if production.version == plan.version:
        return say("**Greenlit** for at most {price}; its job card shows how it goes.", price=price)
    return say("v{version} is rendering now. This version can be greenlit when it is done.", version=production.version)


def _plan_buttons(facts: PlanFacts) -> ui.ActionRow[ui.LayoutView]:
    assert facts.plan is not None
    under_way = _under_way(facts)
    label = say("Rendered") if _is_made(facts) else say("Greenlight")
    if under_way is not None:
        table = _UNDER_WAY if under_way.version == facts.plan.version else _OTHER_UNDER_WAY
        label = say(table[under_way.state], version=under_way.version)
    greenlight: ui.Button[ui.LayoutView] = ui.Button(
        style=discord.ButtonStyle.success,
        label=label,
        custom_id=str(_greenlight_id(facts.project.id, facts.plan.version, facts.quote)),
        disabled=under_way is not None or _is_made(facts) or not facts.can_render or _is_too_dear(facts),
    )
    row = ui.ActionRow(greenlight, _change_button(facts.project.id, facts.plan.version))
    if facts.plan.version > 1:
        row.add_item(undo_button(facts.project.id, facts.plan.version))
    if facts.instead is not None:
        row.add_item(instead_button(facts.instead, facts.project.id, facts.plan.version))
    return row


def _change_button(project_id: str, version: int | None = None) -> ui.Button[ui.LayoutView]:
    """`version` is the plan's, `None` where there is none: then it asks for another idea."""
    custom_id = CustomId(Action.CHANGE, project_id, version)
    return ui.Button(style=discord.ButtonStyle.secondary, label=say("Change…"), custom_id=str(custom_id))


def _greenlight_id(project_id: str, version: int, quote: Quote | None) -> CustomId:
    """Carries the price that is shown, so that a press never accepts another."""
    return CustomId(Action.GREENLIGHT, project_id, version, () if quote is None else (quote.price_microusd,))


#: What the button says instead of Greenlight while a production is not over.
_UNDER_WAY = {
    ProductionState.ASKING: later("Awaiting approval"),
    ProductionState.ACCEPTED: later("Rendering…"),
    ProductionState.RUNNING: later("Rendering…"),
    ProductionState.HELD: later("Held"),
}
_OTHER_UNDER_WAY = {
    ProductionState.ASKING: later("Awaiting approval v{version}"),
    ProductionState.ACCEPTED: later("Rendering v{version}…"),
    ProductionState.RUNNING: later("Rendering v{version}…"),
    ProductionState.HELD: later("Held v{version}"),
}


def is_ordered(facts: PlanFacts) -> bool:
    """Whether this very version was ordered: then some of it is paid, and beside the one before its price tells nothing
    any more.
    """
    assert facts.plan is not None
    return facts.production is not None and facts.production.version == facts.plan.version


def is_settled(facts: PlanFacts) -> bool:
    """Whether nothing of this film can be ordered now: it is being made, or this version has its film."""
    return _under_way(facts) is not None or _is_made(facts)


def _under_way(facts: PlanFacts) -> Production | None:
    """The production of this film that is not over, of whichever version: no other can be ordered meanwhile."""
    return facts.production if facts.production is not None and facts.production.state in OPEN else None


def _is_too_dear(facts: PlanFacts) -> bool:
    return facts.quote is not None and is_above(facts.project, facts.quote.price_microusd)


def _is_made(facts: PlanFacts) -> bool:
    """Whether this very version has its film: rendering it again would make the same."""
    production = facts.production
    assert facts.plan is not None
    return (
        production is not None
        and production.state is ProductionState.DONE
        and production.version == facts.plan.version
        and not production.draft
    )
