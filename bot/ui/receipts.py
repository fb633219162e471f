"""What films cost, in words: receipts, budgets, and what waits for somebody's approval."""

from __future__ import annotations

from typing import Any

import discord
from discord import ui

from bot.production.bill import Bill, Part
from bot.production.model import Production
from bot.speech import later, say
from bot.studio.budget import Spending, Standing
from bot.ui.custom_ids import Action, CustomId
from bot.ui.wording import money

_PARTS = {
    Part.SHOTS: later("shots {price}"),
    Part.VOICE: later("voice {price}"),
    Part.NOISES: later("noises {price}"),
    Part.MUSIC: later("music {price}"),
}


def receipt(bill: Bill, price_microusd: int) -> str:
    """What was charged for what, of at most the price shown; "" where nothing was."""
    lost = bill.unanswered_microusd
    if not bill.parts and not lost:
        return ""
    parts = " · ".join(say(_PARTS[part], price=money(amount)) for part, amount in bill.parts.items())
    line = [say("{parts} — of at most {price}", parts=parts or say("nothing charged"), price=money(price_microusd))]
    if bill.charged_microusd > price_microusd:
        line.append(say("what it cost beyond {price} is not charged to you", price=money(price_microusd)))
    if lost:
        line.append(say("{price} that went unanswered is not charged to you", price=money(lost)))
    return f"-# {'; '.join(line)}"


def asking(production: Production) -> list[ui.Item[ui.LayoutView]]:
    """What a card of a film says that waits for approval, with the buttons for those who may give it."""
    words = say(
        "It costs up to **{price}**, and that needs the approval of a moderator or operator. Nothing is ordered "
        "before; the money is kept aside. If nobody decides within three days, it ends.",
        price=money(production.price_microusd),
    )
    return [
        ui.TextDisplay(words),
        ui.ActionRow(
            _button(Action.APPROVE, production.id, say("Approve"), discord.ButtonStyle.success),
            _button(Action.DECLINE, production.id, say("Decline"), discord.ButtonStyle.danger),
            _button(Action.CANCEL, production.id, say("Cancel"), discord.ButtonStyle.secondary),
        ),
    ]


def quota(standing: Standing, *, member: Spending | None = None, sees_bot: bool) -> str:
    """How somebody stands; `member` is their day in a server that bounds it. The whole bot's day is for operators."""
    lines = [spending_line(say("You, today"), standing.user)]
    if member is not None:
        lines.append(spending_line(say("You, in this server today"), member))
    if standing.guild is not None:
        lines.append(spending_line(say("This server, this month"), standing.guild))
    if sees_bot:
        lines.append(spending_line(say("The whole bot, today"), standing.bot))
    return "\n".join(lines)


def spending_line(who: str, spending: Spending) -> str:
    """What counts for somebody in their period, of what they may."""
    spent = used = money(spending.used_microusd)
    if spending.cap_microusd is not None:
        spent = say("{used} of {cap}", used=used, cap=money(spending.cap_microusd))
    if spending.held_microusd:
        held = money(spending.held_microusd)
        spent = say("{spent}, {held} of that kept aside for what is not over yet", spent=spent, held=held)
    again = say("starts anew {moment}", moment=f"<t:{int(spending.resets_at)}:R>")
    return f"**{who}**: {spent} · {again}"


def _button(action: Action, production_id: str, label: str, style: discord.ButtonStyle) -> ui.Button[Any]:
    return ui.Button(style=style, label=label, custom_id=str(CustomId(action, production_id)))
