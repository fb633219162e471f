"""What a plan card tells of the talk about it: who takes part, what the last change costs, and how to say more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.speech import say
from bot.studio.model import Plan, Project
from bot.studio.participants import Participant, Participants
from bot.studio.versions import Versions
from bot.ui.custom_ids import Action, CustomId
from bot.ui.role_names import ROLE_NAMES
from bot.ui.wording import price_change

#: People who are named on a card; the rest are counted.
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkFacts:
    """Everything about the talk that a card shows.

    `difference_microusd` is how much more this version costs than the one before, `None` where nobody knows;
    `hears_all` is false where we hear only what names us or replies to us; `is_fork`: it began with another film's
    plan.
    """

    people: Sequence[Participant] = ()
    difference_microusd: int | None = None
    hears_all: bool = True
    is_fork: bool = False


class TalkReader:
    """Reads these facts; `hears_all` asks the client."""

    def __init__(self, participants: Participants, versions: Versions, hears_all: Callable[[], bool]) -> None:
        self._participants = participants
        self._versions = versions
        self._hears_all = hears_all

    async def of(self, project: Project, plan: Plan, *, is_ordered: bool) -> TalkFacts:
        return TalkFacts(
            people=await self._participants.of(project.id),
            difference_microusd=None if is_ordered else await self._versions.difference(project, plan),
            hears_all=self.hears(project),
            is_fork=project.forked_from is not None,
        )

    def hears(self, project: Project) -> bool:
        """Whether everything is heard where the film is talked over."""
        return hears_there(project, shows_all=self._hears_all())


def hears_there(project: Project, *, shows_all: bool) -> bool:
    """Whether whoever directs a film is heard where it is talked over without naming us, as `meaning` decides.

    `shows_all` says whether Discord shows us what is said without that. In a DM we are always the one who is spoken to.
    """
    return project.guild_id is None or (shows_all and project.thread_id != project.channel_id)


def way_to_change(*, hears_all: bool) -> str:
    """How people say what to change."""
    if hears_all:
        return say("Write here to change anything.")
    return say("Mention me, reply to me with the ping on, or press **Change…** on the plan card to change anything.")


def people_line(facts: TalkFacts) -> str:
    """Behind the owner's name: who else takes part, and as what; "" where nobody does."""
    if not facts.people:
        return ""
    named = [f"<@{each.user_id}> ({say(ROLE_NAMES[each.role])})" for each in facts.people[:NAMED]]
    line = say(" with {people}", people=", ".join(named))
    more = len(facts.people) - NAMED
    return line if more <= 0 else line + say(" and {number} more", number=more)


def price_line(facts: TalkFacts) -> str:
    """Behind what was changed: what that does to the price; "" where nobody knows."""
    return "" if facts.difference_microusd is None else f" · {price_change(facts.difference_microusd)}"


def talk_lines(facts: TalkFacts) -> list[str]:
    """The last lines of a card."""
    lines = []
    if facts.is_fork:
        lines.append(f"-# {say('A fork: it began with the plan of another film, which it leaves as it is.')}")
    return [*lines, f"-# {way_to_change(hears_all=facts.hears_all)}"]


def undo_button(project_id: str, version: int) -> ui.Button[Any]:
    return _button(Action.UNDO, project_id, version, say("Undo"))


def version_buttons(project_id: str, version: int, *, is_cut: bool) -> ui.ActionRow[Any]:
    """The second row of a card: reading on, comparing, forking and inviting; answered in private."""
    row: ui.ActionRow[Any] = ui.ActionRow()
    if is_cut:
        row.add_item(_button(Action.READ, project_id, version, say("Read all"), 1))
    for button in onward(project_id, version):
        row.add_item(button)
    return row


def onward(project_id: str, version: int) -> list[ui.Button[Any]]:
    """What can be done with a version by whoever may see it."""
    buttons = []
    if version > 1:
        buttons.append(_button(Action.COMPARE, project_id, version, say("Compare"), version - 1))
    buttons.append(_button(Action.FORK, project_id, version, say("Fork to a new thread")))
    buttons.append(_button(Action.PEOPLE, project_id, version, say("People")))
    return buttons


def _button(action: Action, project_id: str, version: int, label: str, *numbers: int) -> ui.Button[Any]:
    return ui.Button(
        style=discord.ButtonStyle.secondary,
        label=label,
        custom_id=str(CustomId(action, project_id, version, numbers)),
    )
