"""What people read on a card, and what they can press."""

from __future__ import annotations

import discord
from discord import ui


def text(card: ui.LayoutView) -> str:
    return "\n".join(item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay))


def labels(card: ui.LayoutView) -> list[str]:
    """Of the buttons that can be pressed, in reading order."""
    buttons = [item for item in card.walk_children() if isinstance(item, ui.Button)]
    return [str(each.label) for each in buttons if not each.disabled and each.style is not discord.ButtonStyle.link]
