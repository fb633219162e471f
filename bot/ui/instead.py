"""Another model offered in place of one that is gone or has no room: never taken silently, always at a shown price."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import ui

from bot.speech import say
from bot.studio.text import shorten
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import money


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """What is offered. `gone` says that the plan's own model was switched off, and when, or that its service is away;
    else it has no room now.

    `price_microusd` is the whole film's by that model, at most.
    """

    label: str
    price_microusd: int
    gone: str = ""

    @property
    def offer(self) -> str:
        """A sentence for a card."""
        label, price = self.label, money(self.price_microusd)
        if self.gone:
            return f"{self.gone} {say('**{label}** would make it for at most {price}.', label=label, price=price)}"
        return say(
            "**{label}** would make it for at most {price}; nothing is ordered before you greenlight that.",
            label=label,
            price=price,
        )


def instead_button(instead: Instead, project_id: str, version: int) -> ui.Button[ui.LayoutView]:
    return ui.Button(
        style=discord.ButtonStyle.primary,
        label=shorten(say("Use {label}", label=instead.label), 80),
        custom_id=str(CustomId(Action.INSTEAD, project_id, version)),
    )
