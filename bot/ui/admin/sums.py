"""Sums of money as operators type them into a form, and as cards of `/admin` tell them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from discord import ui

from bot.speech import say
from bot.studio.budget import Bound
from bot.studio.cap_book import CapBook
from bot.ui.wording import money

#: The field of the form.
SUM_FIELD = "sum"
#: Dollars; more is a slip of the finger.
_MOST = Decimal(1_000_000)
_NONE = frozenset({"none", "no", "unlimited", "∞"})
_DEFAULT = frozenset({"", "default", "settings"})


class NoSum(Exception):
    """What was typed is no sum."""


@dataclass(frozen=True, slots=True)
class Sum:
    """`None` for no bound at all; `is_default` for what holds without it."""

    microusd: int | None = None
    is_default: bool = False


def read_sum(text: str) -> Sum:
    """Read "25", "$12.50", "none" or "default". Raises `NoSum`."""
    typed = text.strip().casefold().removeprefix("$").replace(",", ".").strip()
    if typed in _DEFAULT:
        return Sum(is_default=True)
    if typed in _NONE:
        return Sum()
    try:
        dollars = Decimal(typed)
    except InvalidOperation as error:
        raise NoSum from error
    if not dollars.is_finite() or not 0 <= dollars <= _MOST:
        raise NoSum
    return Sum(int(dollars * 1_000_000))


async def set_typed(book: CapBook, bound: Bound, typed: str, *, by: int, user_id: int | None = None) -> str:
    """Let the sum hold that was typed, for everybody or for one person; words on what came of it."""
    try:
        wish = read_sum(typed)
    except NoSum:
        return say("⚠️ I can't read that sum, so nothing was changed. Write it like 25 or 12.50, or none.")
    if wish.is_default:
        await book.drop(bound, by=by, user_id=user_id)
    else:
        await book.put(bound, wish.microusd, by=by, user_id=user_id)
    return say("✅ Changed. It holds from the next order on.")


def sum_words(microusd: int | None) -> str:
    return say("no bound") if microusd is None else money(microusd)


def sum_form(title: str, custom_id: str, description: str) -> ui.Modal:
    """The form that takes a sum."""
    modal = ui.Modal(title=title[:45], custom_id=custom_id, timeout=None)
    field: ui.TextInput[ui.Modal] = ui.TextInput(
        custom_id=SUM_FIELD, required=False, max_length=20, placeholder=say("25, 12.50, none, or default")
    )
    modal.add_item(ui.Label(text=say("US dollars"), description=description[:100], component=field))
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal
