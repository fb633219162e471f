"""A held film in words and buttons: what happened, and what its owner can choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.production.decisions import Decision
from bot.production.model import Production, Take, TakeState
from bot.speech import counted, later, say
from bot.studio.text import shorten
from bot.ui.custom_ids import Action, CustomId
from bot.ui.replies import words_for_failure
from bot.ui.safer_words import refused_shots, safer_button
from bot.ui.wording import enumerated, money

DECISIONS = {
    Action.AGAIN: Decision.AGAIN,
    Action.WITHOUT: Decision.WITHOUT,
    Action.STOP: Decision.STOP,
}
_DECIDED = {
    Decision.AGAIN: later("It goes on. What went unanswered is ordered again; nothing else is."),
    Decision.WITHOUT: later("I finish it without what is missing; the film comes as a new message."),
    Decision.STOP: later("Stopped. Shots already made are kept and not paid again."),
}


def held_words(takes: Sequence[Take], at_risk_microusd: int) -> str:
    """What became of each shot that is missing; `at_risk_microusd` may have been charged for them."""
    silent = [take.shot for take in takes if take.state is TakeState.UNKNOWN and take.failure == "OutcomeUnknown"]
    sentences = []
    if silent:
        sentences.append(
            counted(
                len(silent),
                "Shot {shots} of {total}: the service went silent while I was ordering it. It may or may not have been "
                "charged (about {price}).",
                "Shots {shots} of {total}: the service went silent while I was ordering them. They may or may not have "
                "been charged (about {price}).",
                shots=enumerated(silent),
                total=len(takes),
                price=money(at_risk_microusd),
            )
        )
    reasons: dict[str, list[int]] = {}
    for take in takes:
        if take.shot not in silent and take.state in {TakeState.UNKNOWN, TakeState.FAILED}:
            reasons.setdefault(words_for_failure(take.failure or ""), []).append(take.shot)
    for words, shots in reasons.items():
        sentences.append(
            counted(
                len(shots),
                "Shot {shots} of {total}: {reason}",
                "Shots {shots} of {total}: {reason}",
                shots=enumerated(shots),
                total=len(takes),
                reason=shorten(words, 300),
            )
        )
    missing = _missing(takes)
    behind = [take.shot for take in takes if take.shot in missing and take.state is TakeState.WAITING]
    if behind:
        sentences.append(
            counted(
                len(behind),
                "Shot {shots} would go on from there, so without it it is left out, too.",
                "Shots {shots} would go on from there, so without it they are left out, too.",
                shots=enumerated(behind),
            )
        )
    if len(missing) < len(takes):
        sentences.append(say("The other shots are safe."))
    return " ".join(sentences) or say("It waits for you to decide.")


def held_buttons(production: Production, takes: Sequence[Take], at_risk_microusd: int) -> list[ui.Button[Any]]:
    """Order again, finish without, stop; other words for what a policy refused, which no second order brings."""
    missing = _missing(takes)
    again = say("Look again")
    if at_risk_microusd:
        again = say("Order again (may cost {price} twice)", price=money(at_risk_microusd))
    finish = say("Finish it")  # nothing is missing any more: what was late has come
    if missing:
        finish = counted(len(missing), "Finish without it", "Finish without shots {shots}", shots=enumerated(missing))
    buttons = [_button(Action.AGAIN, production.id, again, discord.ButtonStyle.primary)]
    if len(missing) < len(takes):
        buttons.append(_button(Action.WITHOUT, production.id, finish[:80], discord.ButtonStyle.secondary))
    if refused_shots(takes):
        safer = safer_button(production.project_id, production.version)
        safer.style = discord.ButtonStyle.secondary  # one way on stands out
        buttons.append(safer)
    return [*buttons, _button(Action.STOP, production.id, say("Stop"), discord.ButtonStyle.danger)]


def held_view(production: Production, takes: Sequence[Take], at_risk_microusd: int) -> ui.View:
    """The buttons below a message of words; handled by our router, after restarts, too."""
    view = ui.View(timeout=None)
    for button in held_buttons(production, takes, at_risk_microusd):
        view.add_item(button)
    view.stop()
    return view


def decided(decision: Decision) -> str:
    return say(_DECIDED[decision])


def _missing(takes: Sequence[Take]) -> list[int]:
    return [take.shot for take in takes if take.state is not TakeState.MADE]


def _button(action: Action, production_id: str, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, production_id)))
