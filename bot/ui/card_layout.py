"""What both kinds of cards share: Discord's bounds, fitting text into them, and telling renderings apart.

Cards are Components V2. Discord's bounds (2026-08): 40 components and 4,000 characters of text in one message, and an
error above about 10,000 bytes of text. How long a text becomes is known only once it is escaped, so a card is rendered
with less and less room for foreign words until it fits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from enum import StrEnum

import discord
from discord import ui

from bot.studio.model import Plan
from bot.studio.text import shorten
from bot.ui.wording import plain
from providers.catalogue import utf16_units

PENDING = discord.Colour(0xF0B232)
READY = discord.Colour(0x5865F2)
GOOD = discord.Colour(0x23A55A)
BAD = discord.Colour(0xF23F43)
PAST = discord.Colour(0x80848E)

#: Of all text in one message; bytes in UTF-8 with 12 for each component (discord-api-docs#8562 and #8554, 2026-08).
MAX_CHARACTERS = 4_000
MAX_BYTES = 10_170
#: Characters that one foreign text may take, from generous to terse.
_ROOMS = (700, 450, 300, 200, 130, 80, 50, 30, 16)


class CardKind(StrEnum):
    PLAN = "plan"
    JOB = "job"
    ANALYSIS = "analysis"
    STORYBOARD = "storyboard"


def fits(card: ui.LayoutView) -> bool:
    """Whether Discord takes so much text in one message."""
    texts = [item.content for item in card.walk_children() if isinstance(item, ui.TextDisplay)]
    weight = sum(len(text.encode()) for text in texts) + 12 * card.total_children_count
    return sum(map(utf16_units, texts)) <= MAX_CHARACTERS and weight <= MAX_BYTES


def fitted(render: Callable[[int], ui.LayoutView]) -> ui.LayoutView:
    """The card with as much room for foreign words as Discord takes."""
    for room in _ROOMS:
        card = render(room)
        if fits(card):
            break
    return card


def fitted_words(render: Callable[[int], str], units: int) -> str:
    """Words without a card, with as much room for foreign ones as so many UTF-16 units leave."""
    for room in _ROOMS:
        words = render(room)
        if utf16_units(words) <= units:
            break
    return words


def fingerprint(card: ui.LayoutView) -> str:
    """Tells renderings apart, so that nothing is edited in vain."""
    components = card.to_components()  # type: ignore[no-untyped-call]  # untyped in discord.py 2.7.1
    return hashlib.sha256(json.dumps(components, sort_keys=True).encode()).hexdigest()


def title(plan: Plan, room: int = 80) -> str:
    return plain(shorten(plan.title, min(80, 2 * room)))


def layout(container: ui.Container[ui.LayoutView]) -> ui.LayoutView:
    """A view that Discord shows and the library forgets: buttons are handled by our router, after restarts, too."""
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    view.stop()
    return view
