"""A held film in words and buttons: what happened, and what its owner can choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.production.decisions import Decision
from bot.production.model import Take, TakeState
from bot.studio.text import shorten
from bot.ui.custom_ids import Action, CustomId
from bot.ui.replies import words_for_failure
from bot.ui.wording import money

DECISIONS = {
    Action.AGAIN: Decision.AGAIN,
    Action.WITHOUT: Decision.WITHOUT,
    Action.STOP: Decision.STOP,
}
_DECIDED = {
    Decision.AGAIN: "It goes on. What went unanswered is ordered again; nothing else is.",
    Decision.WITHOUT: "I finish it without what is missing, and mention you when it is done.",
    Decision.STOP: "Stopped. Shots already made are kept and not paid again.",
}


def held_words(takes: Sequence[Take], at_risk_microusd: int) -> str:
    """What became of each shot that is missing; `at_risk_microusd` may have been charged for them."""
    silent = [take.shot for take in takes if take.state is TakeState.UNKNOWN and take.failure == "OutcomeUnknown"]
    sentences = []
    if silent:
        it, may = ("it", "It may or may not have") if len(silent) == 1 else ("them", "They may or may not have")
        sentences.append(
            f"{_shots(silent)} of {len(takes)}: the service went silent while I was ordering {it}. "
            f"{may} been charged (about {money(at_risk_microusd)})."
        )
    reasons: dict[str, list[int]] = {}
    for take in takes:
        if take.shot not in silent and take.state in {TakeState.UNKNOWN, TakeState.FAILED}:
            reasons.setdefault(words_for_failure(take.failure or ""), []).append(take.shot)
    sentences += [f"{_shots(shots)} of {len(takes)}: {shorten(words, 300)}" for words, shots in reasons.items()]
    missing = _missing(takes)
    behind = [take.shot for take in takes if take.shot in missing and take.state is TakeState.WAITING]
    if behind:
        sentences.append(f"{_shots(behind)} would go on from there, so without it {_they(behind)} left out, too.")
    if len(missing) < len(takes):
        sentences.append("The other shots are safe.")
    return " ".join(sentences) or "It waits for you to decide."


def held_buttons(production_id: str, takes: Sequence[Take], at_risk_microusd: int) -> list[ui.Button[Any]]:
    """Order again, finish without, stop."""
    missing = _missing(takes)
    again = f"Order again (may cost {money(at_risk_microusd)} twice)" if at_risk_microusd else "Look again"
    finish = "Finish it"  # nothing is missing any more: what was late has come
    if missing:
        finish = "Finish without it" if len(missing) == 1 else f"Finish without {_shots(missing).lower()}"
    buttons = [_button(Action.AGAIN, production_id, again, discord.ButtonStyle.primary)]
    if len(missing) < len(takes):
        buttons.append(_button(Action.WITHOUT, production_id, finish[:80], discord.ButtonStyle.secondary))
    return [*buttons, _button(Action.STOP, production_id, "Stop", discord.ButtonStyle.danger)]


def held_view(production_id: str, takes: Sequence[Take], at_risk_microusd: int) -> ui.View:
    """The buttons below a message of words; handled by our router, after restarts, too."""
    view = ui.View(timeout=None)
    for button in held_buttons(production_id, takes, at_risk_microusd):
        view.add_item(button)
    view.stop()
    return view


def decided(decision: Decision) -> str:
    return _DECIDED[decision]


def _missing(takes: Sequence[Take]) -> list[int]:
    return [take.shot for take in takes if take.state is not TakeState.MADE]


def _button(action: Action, production_id: str, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, production_id)))


def _shots(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Shot {numbers[0]}"
    return f"Shots {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _they(numbers: Sequence[int]) -> str:
    return "it is" if len(numbers) == 1 else "they are"
