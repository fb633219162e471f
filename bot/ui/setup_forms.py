"""The forms of `/setup`: a role's rule, and the words that are not taken."""

from __future__ import annotations

import re

import discord
from discord import ui

from bot.speech import say
from bot.studio.errors import EditRefused
from bot.studio.guilds import LEAST_WEIGHT, MOST_WEIGHT, GuildSettings, RoleRule
from bot.ui.answering import submitted
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref

_WEIGHT, _DAY, _WAITING, _WORDS = "weight", "day", "waiting", "words"
#: What a member may be let spend a day at most, in dollars; the operator's own cap holds all the same.
_MOST_DOLLARS = 10_000
#: Films of one member that may wait at most: more never do anywhere.
_MOST_WAITING = 10
#: Characters of one word, and words, that a server refuses.
_LONGEST_WORD, _MOST_WORDS = 40, 200


def role_form(settings: GuildSettings, guild_id: int, role_id: int) -> ui.Modal:
    """A role's rule, filled in as it is; the server's own id is everybody's role."""
    rule = next((each for each in settings.roles if each.role_id == role_id), RoleRule(role_id=role_id))
    modal = ui.Modal(
        title=say("A rule for everybody") if role_id == guild_id else say("A rule for this role"),
        custom_id=str(CustomId(Action.SETROLE, owner_ref(role_id))),
        timeout=None,
    )
    weight = f"{rule.weight:g}"
    day = "" if rule.day_microusd is None else f"{rule.day_microusd / 1_000_000:g}"
    waiting = "" if rule.waiting is None else str(rule.waiting)
    _ask(modal, _WEIGHT, say("Counts how many times in the line?"), say("1 is like everybody else"), weight)
    _ask(modal, _DAY, say("Dollars a member may spend here a day?"), say("Empty: only the operator's bounds"), day)
    _ask(modal, _WAITING, say("Films of a member that may wait?"), say("Empty: as many as anywhere"), waiting)
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal


def word_form(settings: GuildSettings, guild_id: int) -> ui.Modal:
    custom_id = str(CustomId(Action.SETWORDS, owner_ref(guild_id)))
    modal = ui.Modal(title=say("Words I don't take here"), custom_id=custom_id, timeout=None)
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id=_WORDS,
        required=False,
        default=", ".join(sorted(settings.blocked_words))[:4000],
        max_length=4000,
    )
    label = say("Separated by commas")
    modal.add_item(ui.Label(text=label, description=say("Found as whole words, in any case."), component=field))
    modal.stop()
    return modal


def words_from(interaction: discord.Interaction) -> frozenset[str]:
    """What was typed into the form of words."""
    words = [word.strip().casefold() for word in re.split(r"[,\n]", submitted(interaction, _WORDS))]
    return frozenset([word[:_LONGEST_WORD] for word in words if word][:_MOST_WORDS])


def _ask(modal: ui.Modal, name: str, label: str, hint: str, default: str) -> None:
    field: ui.TextInput[ui.Modal] = ui.TextInput(custom_id=name, required=False, default=default or None, max_length=10)
    modal.add_item(ui.Label(text=label, description=hint, component=field))


def rule_from(interaction: discord.Interaction, role_id: int) -> RoleRule:
    """What was typed into a role's form. Raises `EditRefused`."""
    weight = _number(submitted(interaction, _WEIGHT), LEAST_WEIGHT, MOST_WEIGHT)
    day = _number(submitted(interaction, _DAY), 0, _MOST_DOLLARS)
    waiting = _number(submitted(interaction, _WAITING), 1, _MOST_WAITING)
    return RoleRule(
        role_id=role_id,
        weight=1.0 if weight is None else weight,
        day_microusd=None if day is None else round(day * 1_000_000),
        waiting=None if waiting is None else int(waiting),
    )


def _number(typed: str, least: float, most: float) -> float | None:
    """A number within bounds, with a point or a comma; `None` for nothing typed. Raises `EditRefused`."""
    text = typed.strip().lstrip("$").replace(",", ".")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,2})?", text) or not least <= float(text) <= most:
        words = say("Give a number from {least:g} to {most:g}. Nothing was changed.", least=least, most=most)
        raise EditRefused(words)
    return float(text)
