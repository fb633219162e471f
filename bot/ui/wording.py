"""Numbers and foreign text as people read them in Discord, numbers as their language writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal
from discord.utils import escape_markdown

from bot.settings.services import title_of
from bot.speech import Language, dollars, say, spoken
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
    return dollars(microusd)


def money_left(microusd: int) -> str:
    """Dollars, rounded down to the cent: more is not there."""
    return money(microusd // 10_000 * 10_000)


def price_change(difference_microusd: int) -> str:
    """How much more, or less, something costs than before."""
    if difference_microusd == 0:
        return say("costs the same")
    amount = money(abs(difference_microusd))
    return (
        say("costs {amount} more", amount=amount)
        if difference_microusd > 0
        else say("costs {amount} less", amount=amount)
    )


def seconds(count: float) -> str:
    if count < 60:
        return say("{seconds} s", seconds=number(count))
    minutes, rest = divmod(round(count), 60)
    return (
        say("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
        if rest
        else say("{minutes} min", minutes=minutes)
    )


def size(count: int) -> str:
    """Bytes in the unit that Discord shows."""
    if count >= 1 << 20:
        return say("{number} MiB", number=format_decimal(count / (1 << 20), "#,##0.0", locale=spoken().code))
    return say("{number} KiB", number=max(1, count >> 10))


def number(count: float) -> str:
    """A number, with three decimals at most."""
    return str(format_decimal(count, locale=spoken().code))


def percent(hundredths: int) -> str:
    return say("{number} %", number=hundredths)


def day(when: date) -> str:
    """A date as it is written out."""
    return str(format_date(when, "dd MMMM y" if spoken() is Language.ENGLISH else "long", locale=spoken().code))


def enumerated(items: Sequence[object]) -> str:
    """A list of what is all meant: "1, 2 and 3"."""
    locale = "en_GB" if spoken() is Language.ENGLISH else spoken().code  # without a comma before the "and"
    return str(format_list([str(item) for item in items], locale=locale))


def titled(service: str) -> str:
    """A service as people write it."""
    return plain(title_of(service))
