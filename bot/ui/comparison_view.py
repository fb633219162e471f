"""Two versions of a plan side by side, as whoever asked sees them in private; and the way back to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.speech import counted, say
from bot.studio.comparison import ShotDifference
from bot.studio.text import shorten
from bot.studio.versions import Compared
from bot.ui.card_layout import READY, fitted, layout, title
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import money, plain, price_change, seconds

#: Options that Discord takes in one menu.
IN_A_MENU = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """`may_change` and `may_fork` say what whoever looks may do from here."""

    project_id: str
    compared: Compared
    may_change: bool
    may_fork: bool


def comparison_view(facts: Comparing) -> ui.LayoutView:
    """What is different, per shot and in price, with menus to choose any two versions."""
    return fitted(lambda room: _view(facts, room))


def pair_of(value: str) -> tuple[int, int] | None:
    """The two versions that a chosen option means; `None` for anything we did not write."""
    left, _, right = value.partition(":")
    return (int(left), int(right)) if left.isdecimal() and right.isdecimal() else None


def _view(facts: Comparing, room: int) -> ui.LayoutView:
    left, right = facts.compared.left, facts.compared.right
    head = say(
        "## 🔍 {title}\n**v{left}** compared with **v{right}**",
        title=title(right.plan, room),
        left=left.plan.version,
        right=right.plan.version,
    )
    parts: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(head),
        ui.Separator(),
        ui.TextDisplay("\n".join(_differences(facts.compared, room))),
        ui.Separator(),
        ui.TextDisplay(_price(facts.compared)),
    ]
    versions = _listed(facts.compared)
    if len(versions) > 1:
        parts += [_menu(facts, versions, 0), _menu(facts, versions, 1)]
    buttons = _buttons(facts)
    if buttons:
        parts.append(ui.ActionRow(*buttons))
    return layout(ui.Container(*parts, accent_colour=READY))


def _differences(compared: Compared, room: int) -> list[str]:
    found = compared.comparison
    if found.is_same:
        return [say("They are the same, word for word.")]
    lines = [f"- {plain(shorten(change, 2 * room))}" for change in found.film]
    lines += [_line(each, compared, room) for each in found.shots]
    same = len(compared.right.plan.shots) - sum(each.after is not None for each in found.shots)
    if same:
        lines.append(
            f"-# {counted(same, '{number} shot is the same in both.', '{number} shots are the same in both.')}"
        )
    return lines


def _line(shot: ShotDifference, compared: Compared, room: int) -> str:
    name = plain(shorten(shot.title, min(60, room)))
    if shot.before is None:
        return say(
            "**Shot {number}. {title}** is new in v{version}.",
            number=shot.after,
            title=name,
            version=compared.right.plan.version,
        )
    if shot.after is None:
        return say(
            "**Shot {number}. {title}** is only in v{version}.",
            number=shot.before,
            title=name,
            version=compared.left.plan.version,
        )
    where = f" ({say('shot {number} before', number=shot.before)})" if shot.before != shot.after else ""
    line = f"**{say('Shot {number}', number=shot.after)}. {name}**{where}"
    changes = plain(shorten("; ".join(shot.changes), max(60, room)))
    return f"{line}: {changes}" if changes else line


def _price(compared: Compared) -> str:
    lines = []
    for each in (compared.left, compared.right):
        price = (
            say("nobody here can make it any more")
            if each.price_microusd is None
            else say("at most {price}", price=money(each.price_microusd))
        )
        lines.append(f"**v{each.plan.version}** · {seconds(each.plan.duration)} · {price}")
    if compared.difference_microusd is not None:
        change = price_change(compared.difference_microusd)
        lines.append(say("v{version}: {change}.", version=compared.right.plan.version, change=change))
    return "\n".join(lines)


def _listed(compared: Compared) -> Sequence[int]:
    """The versions in the menus: the newest, as many as go in, and the two that are compared."""
    newest = range(compared.newest, max(0, compared.newest - IN_A_MENU + 2), -1)
    return sorted({*newest, compared.left.plan.version, compared.right.plan.version}, reverse=True)


def _menu(facts: Comparing, versions: Sequence[int], place: int) -> ui.ActionRow[Any]:
    """Chooses the first or the second of the two; the other stays."""
    pair = (facts.compared.left.plan.version, facts.compared.right.plan.version)
    options = []
    for version in versions:
        label = say("v{version}, the newest", version=version) if version == facts.compared.newest else f"v{version}"
        chosen = (version, pair[1]) if place == 0 else (pair[0], version)
        text = say("Compare {version}", version=label) if place == 0 else say("with {version}", version=label)
        options.append(
            discord.SelectOption(label=text, value=f"{chosen[0]}:{chosen[1]}", default=version == pair[place])
        )
    custom_id = CustomId(Action.COMPARE, facts.project_id, pair[1], (pair[0], place))
    menu: ui.Select[Any] = ui.Select(custom_id=str(custom_id), options=options[:IN_A_MENU])
    return ui.ActionRow(menu)


def _buttons(facts: Comparing) -> list[ui.Button[Any]]:
    newest = facts.compared.newest
    pair = (facts.compared.left.plan.version, facts.compared.right.plan.version)
    earlier = next((version for version in pair if version != newest), None)
    buttons: list[ui.Button[Any]] = []
    if earlier is None:
        return buttons
    if facts.may_change:
        custom_id = CustomId(Action.BACK, facts.project_id, newest, (earlier,))
        buttons.append(_button(say("Go back to v{version}", version=earlier), custom_id))
    if facts.may_fork:
        custom_id = CustomId(Action.FORK, facts.project_id, earlier)
        buttons.append(_button(say("Fork v{version}", version=earlier), custom_id))
    return buttons


def _button(label: str, custom_id: CustomId) -> ui.Button[Any]:
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=str(custom_id))
