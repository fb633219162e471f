"""What films cost, in words: receipts, budgets, and what waits for somebody's approval."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from bot.production.bill import Bill
from bot.production.model import Production
from bot.studio.budget import Spending, Standing
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import money


def receipt(bill: Bill, price_microusd: int) -> str:
    """What was charged for what, of at most the price shown; "" where nothing was."""
    lost = bill.unanswered_microusd
    if not bill.parts and not lost:
        return ""
    parts = " · ".join(f"{part} {money(amount)}" for part, amount in bill.parts.items()) or "nothing charged"
    line = f"-# {parts} — of at most {money(price_microusd)}"
    if bill.charged_microusd > price_microusd:
        line += f"; what it cost beyond {money(price_microusd)} is not charged to you"
    if lost:
        line += f"; {money(lost)} that went unanswered is not charged to you"
    return line


def asking(production: Production) -> list[ui.Item[ui.LayoutView]]:
    """What a card of a film says that waits for approval, with the buttons for those who may give it."""
    words = (
        f"It costs up to **{money(production.price_microusd)}**, and that needs the approval of a moderator "
        "or operator. Nothing is ordered before; the money is kept aside. If nobody decides within three days, it ends."
    )
    return [
        ui.TextDisplay(words),
        ui.ActionRow(
            _button(Action.APPROVE, production.id, "Approve", discord.ButtonStyle.success),
            _button(Action.DECLINE, production.id, "Decline", discord.ButtonStyle.danger),
            _button(Action.CANCEL, production.id, "Cancel", discord.ButtonStyle.secondary),
        ),
    ]


def quota(standing: Standing, *, sees_bot: bool) -> str:
    """How somebody stands; the whole bot's day is for operators."""
    lines = [_line("You, today", standing.user)]
    if standing.guild is not None:
        lines.append(_line("This server, this month", standing.guild))
    if sees_bot:
        lines.append(_line("The whole bot, today", standing.bot))
    return "\n".join(lines)


def _line(who: str, spending: Spending) -> str:
    cap = "" if spending.cap_microusd is None else f" of {money(spending.cap_microusd)}"
    held = spending.held_microusd
    aside = f", {money(held)} of that kept aside for what is not over yet" if held else ""
    return f"**{who}**: {money(spending.used_microusd)}{cap}{aside} · starts anew <t:{int(spending.resets_at)}:R>"


def _button(action: Action, production_id: str, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, production_id)))
