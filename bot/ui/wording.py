"""Numbers and foreign text as people read them in Discord."""

from __future__ import annotations

import re

from discord.utils import escape_markdown

from bot.studio.text import clean

_MENTION = re.compile(r"<(@[!&]?|#|/|:|a:|t:|id:)")
_LINK = re.compile(r"\](?=\()")
_AT = re.compile(r"@(?=everyone|here)")


def plain(text: str) -> str:
    """Text that a user or a model wrote, to be read as it is: no markdown, pings, links or invisible characters."""
    flat = " ".join(clean(text).split())
    flat = escape_markdown(flat)
    flat = _MENTION.sub(lambda found: "<\u200b" + found.group(1), flat)
    return _AT.sub("@\u200b", unlinked(flat))


def unlinked(text: str) -> str:
    """Text in which a masked link shows its address, for what may keep its other markdown."""
    return _LINK.sub("]\u200b", text)


def money(microusd: int) -> str:
    """Dollars, rounded up to the cent: a price shown is a ceiling."""
    cents = -(-microusd // 10_000)
    return f"${cents // 100}.{cents % 100:02d}"


def money_left(microusd: int) -> str:
    """Dollars, rounded down to the cent: more is not there."""
    return money(microusd // 10_000 * 10_000)


def seconds(count: float) -> str:
    if count < 60:
        return f"{count:g} s"
    minutes, rest = divmod(round(count), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def size(count: int) -> str:
    """Bytes in the unit that Discord shows."""
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{max(1, count >> 10)} KiB"
