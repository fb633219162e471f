"""The buttons of a job card beside Cancel: watch what is made, try again what is not, get what there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.production.model import Production, ProductionState, Take, TakeState
from bot.speech import counted, say
from bot.ui.custom_ids import Action, CustomId
from bot.ui.safer_words import refused_shots, safer_button
from bot.ui.wording import money

#: Failures that the very same words only meet again.
_OF_THE_WORDS = {"ContentRejected", "InvalidRequest"}


def can_help_to_retry(takes: Sequence[Take]) -> bool:
    """Whether ordering what failed once more may bring it; where the words were refused, only others help."""
    failures = {(take.failure or "").partition(":")[0] for take in takes if take.state is TakeState.FAILED}
    return not failures or bool(failures - _OF_THE_WORDS)


def watch_buttons(production: Production, takes: Sequence[Take]) -> list[ui.Button[Any]]:
    """While a film is made: its finished shots to watch; none before there is one."""
    made = sum(take.state is TakeState.MADE for take in takes)
    if not made or production.state is not ProductionState.RUNNING or production.stopping:
        return []
    label = counted(made, "Watch the finished shot", "Watch the {number} finished shots")
    return [_button(Action.WATCH, production, label)]


def after_failure_buttons(production: Production, made: int, retry_microusd: int | None) -> list[ui.Button[Any]]:
    """The ways on from a film that was not finished; `retry_microusd` is what ordering the missing costs, if it can."""
    buttons: list[ui.Button[Any]] = []
    if retry_microusd is not None:
        action = Action.DRAFT if production.draft else Action.GREENLIGHT
        price = money(retry_microusd)
        label = say("Retry only that · {price}", price=price) if made else say("Try again · {price}", price=price)
        custom_id = CustomId(action, production.project_id, production.version, (retry_microusd,))
        buttons.append(ui.Button(style=discord.ButtonStyle.primary, label=label, custom_id=str(custom_id)))
    if made:
        buttons.append(_button(Action.WATCH, production, say("Get what is done")))
    return buttons


def failed_view(production: Production, takes: Sequence[Take], retry_microusd: int | None) -> ui.View | None:
    """The same ways on below the message that tells of it; `None` where there are none."""
    made = sum(take.state is TakeState.MADE for take in takes)
    buttons = after_failure_buttons(production, made, retry_microusd if can_help_to_retry(takes) else None)
    if refused_shots(takes):
        buttons.insert(0, safer_button(production.project_id, production.version))
    if not buttons:
        return None
    view = ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    view.stop()
    return view


def details_button(production: Production) -> ui.Button[Any]:
    return _button(Action.DETAILS, production, say("Prompt & settings"))


def _button(action: Action, production: Production, label: str) -> ui.Button[Any]:
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, custom_id=str(CustomId(action, production.id)))
