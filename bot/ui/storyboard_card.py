"""The storyboard's card: its pictures, what became of each, and the ways on. Rendered from rows by a pure function.

It is posted once, when all is drawn: Discord takes no new pictures into a message that stands (discord-api-docs#7529).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import discord
from discord import ui

from bot.production.storyboards import Still, StillState, Storyboard
from bot.speech import counted, say
from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui.card_layout import BAD, PAST, READY, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.film_row import report_button
from bot.ui.replies import words_for_failure
from bot.ui.safer_words import refused_stills, safer_button
from bot.ui.talk_facts import way_to_change
from bot.ui.wording import money, plain

#: Pictures of one gallery, and characters of a description, that Discord takes (docs, 2026-08).
_GALLERY, _ALT = 10, 1024
#: Buttons of one row.
_ROW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryboardFacts:
    """What the card shows.

    `shown` are the shots whose pictures lie there; `price_again_microusd` is what having the missing ones drawn costs,
    `None` where that cannot be had; `can_start` says that the film's model starts from pictures; `replaced_by` links to
    a newer storyboard; `hears_all` is as in `TalkFacts`.
    """

    storyboard: Storyboard
    plan: Plan
    stills: Sequence[Still]
    model_label: str
    shown: Collection[int] = ()
    price_again_microusd: int | None = None
    can_start: bool = True
    replaced_by: str | None = None
    hears_all: bool = True


def storyboard_card(facts: StoryboardFacts) -> ui.LayoutView:
    """The pictures are attached by `picture_name`."""
    if facts.replaced_by is not None:
        text = f"### 🖼️ {title(facts.plan)} · {say('storyboard of plan v{version}', version=facts.plan.version)}"
        newer = f"[{say('a newer storyboard')}]({facts.replaced_by})"
        newer = say("Replaced by {newer}; stills that are the same stand there.", newer=newer)
        return layout(ui.Container(ui.TextDisplay(f"{text}\n{newer}"), accent_colour=PAST))
    return fitted(lambda room: _card(facts, room))


def picture_name(shot: int) -> str:
    """Of the attached file."""
    return f"storyboard-shot-{shot}.jpg"


def _card(facts: StoryboardFacts, room: int) -> ui.LayoutView:
    board = facts.storyboard
    head = f"## 🖼️ {say('Storyboard')} · {title(facts.plan, room)}"
    about = " · ".join(
        [
            f"<@{board.owner_id}>",
            say("plan v{version}", version=facts.plan.version),
            facts.model_label,
            say("cost {price}", price=money(board.cost_microusd or 0)),
        ]
    )
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{about}")]
    pictures = [_picture(facts, still) for still in facts.stills if still.shot in facts.shown]
    parts += [ui.MediaGallery(*pictures[at : at + _GALLERY]) for at in range(0, len(pictures), _GALLERY)]
    parts.append(ui.TextDisplay("\n".join(_line(facts, still, room) for still in facts.stills)))
    parts.append(ui.TextDisplay(_foot(facts)))
    buttons = _buttons(facts)
    parts += [ui.ActionRow(*buttons[at : at + _ROW]) for at in range(0, len(buttons), _ROW)]
    return layout(ui.Container(*parts, accent_colour=READY if pictures else BAD))


def _picture(facts: StoryboardFacts, still: Still) -> discord.MediaGalleryItem:
    """A picture with its words, for those who do not see it."""
    shot = facts.plan.shots[still.shot - 1]
    alt = say(
        "Shot {number} of {count}, {title}: {words}",
        number=still.shot,
        count=len(facts.stills),
        title=shot.title,
        words=shot.prompt,
    )
    return discord.MediaGalleryItem(f"attachment://{picture_name(still.shot)}", description=shorten(alt, _ALT))


def _line(facts: StoryboardFacts, still: Still, room: int) -> str:
    shot = facts.plan.shots[still.shot - 1]
    name = plain(shorten(shot.title, min(60, room)))
    return f"{_ICONS[still.state]} **{still.shot}. {name}** · {_words(facts, still)}"


_ICONS = {StillState.DRAWN: "🖼️", StillState.FAILED: "❌", StillState.UNKNOWN: "✋", StillState.WAITING: "▫️"}


def _words(facts: StoryboardFacts, still: Still) -> str:
    match still.state:
        case StillState.DRAWN if still.shot in facts.shown:
            return say("drawn") if still.price_microusd else say("drawn before, not paid again")
        case StillState.DRAWN:
            return say("drawn, but its picture is not kept any more")
        case StillState.UNKNOWN:
            return say("the service went silent while it was drawn. You are not charged for it, whatever became of it.")
        case _:
            return words_for_failure(still.failure or "")


def _foot(facts: StoryboardFacts) -> str:
    lines = []
    if facts.can_start and facts.shown:
        lines.append(say("A shot can start from its picture: the video then begins with exactly that."))
    small = say("Nothing of the film is made yet. Of a shot that changes, only its own still is drawn anew.")
    lines.append(f"-# {small} {way_to_change(hears_all=facts.hears_all)}")
    return "\n".join(lines)


def _buttons(facts: StoryboardFacts) -> list[ui.Button[ui.LayoutView]]:
    board = facts.storyboard
    buttons: list[ui.Button[ui.LayoutView]] = []
    missing = len(facts.stills) - len(facts.shown)
    if missing and facts.price_again_microusd is not None:
        label = counted(
            missing,
            "Draw the missing one · {price}",
            "Draw the {number} missing ones · {price}",
            price=money(facts.price_again_microusd),
        )
        custom_id = CustomId(Action.STORYBOARD, board.project_id, board.version, (facts.price_again_microusd,))
        buttons.append(_button(label, custom_id, discord.ButtonStyle.primary))
        if refused_stills(facts.stills):
            buttons.insert(0, safer_button(board.project_id, board.version))
    if facts.can_start:
        for shot in sorted(facts.shown):
            label = say("Start shot {number} from its picture", number=shot)
            custom_id = CustomId(Action.FROMSTILL, board.project_id, board.version, (shot,))
            buttons.append(_button(label, custom_id, discord.ButtonStyle.secondary))
    return [*buttons, report_button(board.project_id)]


def _button(label: str, custom_id: CustomId, style: discord.ButtonStyle) -> ui.Button[ui.LayoutView]:
    return ui.Button(style=style, label=label, custom_id=str(custom_id))
