"""Who takes part in a film, as its owner and those who do see it in private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.speech import later, say
from bot.studio.participants import Participant
from bot.studio.rights import Role
from bot.ui.card_layout import PAST, READY, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.role_names import ROLE_NAMES

#: What a role may do, in a few words behind its name.
ROLE_TOLD = {
    Role.DIRECTOR: later("talks with me about the plan and changes it; orders nothing"),
    Role.APPROVER: later("greenlights and cancels it, at its owner's cost; changes nothing"),
    Role.VIEWER: later("sees every version, the takes and the film; changes nothing"),
}
_REMOVED = "none"


def people_view(
    project_id: str, owner_id: int | None, people: Sequence[Participant], *, told: str = "", is_own: bool = False
) -> ui.LayoutView:
    """The list. `told` is what has just been done; without an owner it is all there is to read."""
    if owner_id is None:
        return layout(ui.Container(ui.TextDisplay(told), accent_colour=PAST))
    lines = [say("## 👥 People of this film")]
    if told:
        lines.append(f"**{told}**")
    lines.append("- " + say("<@{owner_id}> · owner: may do everything, and pays for it", owner_id=owner_id))
    lines += [f"- <@{each.user_id}> · {say(ROLE_NAMES[each.role])}: {say(ROLE_TOLD[each.role])}" for each in people]
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines)), ui.Separator()]
    if is_own:
        words = say(
            "Whom you invite may also fork it: a film of their own with this plan, at their own cost, which stays when "
            "you delete yours."
        )
        parts += [ui.ActionRow(_choosing(project_id, has_people=bool(people))), ui.TextDisplay(f"-# {words}")]
    else:
        leave: ui.Button[Any] = ui.Button(
            style=discord.ButtonStyle.secondary,
            label=say("Leave this film"),
            custom_id=str(CustomId(Action.WITHDRAW, project_id)),
        )
        parts.append(ui.ActionRow(leave))
    return layout(ui.Container(*parts, accent_colour=READY))


def role_view(project_id: str, user_id: int, role: Role | None) -> ui.LayoutView:
    """What somebody shall be: a menu of roles, and of none for whoever has one."""
    words = say("## 👥 What shall <@{user_id}> be?", user_id=user_id)
    options = [
        discord.SelectOption(
            label=say(ROLE_NAMES[each]).capitalize(),
            value=f"{each}:{user_id}",
            description=say(ROLE_TOLD[each])[:100],
            default=each is role,
        )
        for each in Role
    ]
    if role is not None:
        gone = say("The film then is none of theirs any more")
        options.append(discord.SelectOption(label=say("Remove"), value=f"{_REMOVED}:{user_id}", description=gone))
    menu: ui.Select[Any] = ui.Select(
        custom_id=str(CustomId(Action.ROLE, project_id)), options=options, placeholder=say("Choose a role")
    )
    back: ui.Button[Any] = ui.Button(
        style=discord.ButtonStyle.secondary, label=say("Back"), custom_id=str(CustomId(Action.PEOPLE, project_id))
    )
    return layout(ui.Container(ui.TextDisplay(words), ui.ActionRow(menu), ui.ActionRow(back), accent_colour=READY))


def role_of_choice(value: str) -> tuple[Role | None, int] | None:
    """The role and the person that an option means; no role removes them. `None` for anything we did not write."""
    role, _, user_id = value.partition(":")
    if not user_id.isdecimal() or role not in {*Role, _REMOVED}:
        return None
    return (None if role == _REMOVED else Role(role)), int(user_id)


def _choosing(project_id: str, *, has_people: bool) -> ui.UserSelect[Any]:
    """Discord's own menu of people: names are not ours to keep, so whoever takes part is chosen there, too."""
    words = say("Invite, change or remove…") if has_people else say("Invite somebody…")
    return ui.UserSelect(custom_id=str(CustomId(Action.INVITE, project_id)), placeholder=words, required=True)
