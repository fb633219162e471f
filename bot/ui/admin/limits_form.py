"""The form with the limits of one place: today's values, and what was typed instead, read with exact errors."""

from __future__ import annotations

import re

from discord import ui

from bot.settings import Amount, LimitSetting
from bot.settings.limits import read_amount
from bot.settings.services import PROVIDERS, Provider
from bot.speech import say
from bot.studio.errors import LimitRefused
from bot.studio.limiter import Place, What
from bot.ui.wording import titled
from ratelimit import Allowance

#: The fields of the form.
REQUESTS, TOKENS, ROOM = "requests", "tokens", "room"
#: More open at once than any service grants.
_MOST_ROOM = 9_999


def limits_form(place: Place, now: Allowance, custom_id: str) -> ui.Modal:
    """Today's values to change. An emptied field is what the settings say."""
    modal = ui.Modal(
        title=say("Limits at {service}", service=titled(place.provider))[:45], custom_id=custom_id, timeout=None
    )
    _add(
        modal,
        REQUESTS,
        say("Requests"),
        say("As 60/min+1500/day. Above what the service grants you, it still refuses."),
        _typed(now, "requests"),
    )
    if _service(place.provider).has_tokens:
        _add(modal, TOKENS, say("Tokens"), say("As 250000/min. Empty is as the settings say."), _typed(now, "tokens"))
    room = "" if now.room is None else str(now.room)
    _add(modal, ROOM, say("Open at once"), say("A number. Empty is as the settings or the service say."), room)
    modal.stop()  # sent but not stored: its submission comes to the router
    return modal


def read_form(place: Place, *, requests: str, tokens: str, room: str) -> LimitSetting:
    """What was typed, for this place. Raises `LimitRefused`, with what is wrong and how it is written."""
    service = _service(place.provider)
    amounts = _read(requests, "requests", service)
    if service.has_tokens:
        amounts += _read(tokens, "tokens", service)
    return LimitSetting(account=place.account, model=place.model, amounts=tuple(amounts), room=_read_room(room))


def _read(typed: str, what: What, service: Provider) -> list[Amount]:
    found: dict[float, Amount] = {}
    for part in filter(None, re.split(r"[+\s]+|,(?!\d)", typed.strip())):
        number, _, span = part.removesuffix(what).partition("/")
        amount = read_amount(f"{number.removesuffix(what)}{what}/{span}", service)
        if amount is None:
            raise LimitRefused(
                say(
                    "“{part}” can't be read. Write so many per min, hour, day or seconds, with + between them: "
                    "60/min+1500/day, or 5/30s.",
                    part=part[:40],
                )
            )
        if not amount.number:
            raise LimitRefused(
                say("“{part}” allows nothing at all. Give a number from 1 on, or pause with `/admin pause`.", part=part)
            )
        if amount.period in found:
            raise LimitRefused(
                say(
                    "“{one}” and “{other}” limit the same stretch of time. Keep one of them.",
                    one=found[amount.period],
                    other=amount,
                )
            )
        found[amount.period] = amount
    return list(found.values())


def _read_room(typed: str) -> int | None:
    if not (text := typed.strip()):
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _MOST_ROOM:
        raise LimitRefused(
            say("“{part}” is no number of what may be open at once: from 1 to {most}.", part=text[:40], most=_MOST_ROOM)
        )
    return int(text)


def _typed(now: Allowance, what: What) -> str:
    amounts = []
    for rate in now.rates:
        number = rate.requests if what == "requests" else rate.tokens
        if number is not None:
            amounts.append(str(Amount(number, what, rate.period)).replace("tokens", ""))
    return "+".join(amounts)


def _add(modal: ui.Modal, field: str, text: str, description: str, value: str) -> None:
    typed: ui.TextInput[ui.Modal] = ui.TextInput(custom_id=field, required=False, max_length=200, default=value or None)
    modal.add_item(ui.Label(text=text[:45], description=description[:100], component=typed))


def _service(name: str) -> Provider:
    return next(provider for provider in PROVIDERS if provider.name == name)
