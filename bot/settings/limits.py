"""What the operator knows better than we of a service's limits: for every account, for one, for a model, or for both.

Each says where it holds and what is allowed there, without spaces, so that a shell can read it as it stands:

    @studio=60/min+1500/day,gemini-omni-1.1-flash=5/min+room:2,@studio/gemini-3.8-flash=250000tokens/min
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.settings.services import Provider

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.settings.environment import Environment

_PERIODS = {"min": 60.0, "hour": 3_600.0, "day": 86_400.0}
_PLACE = r"@(?P<account>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})(?:/(?P<own>[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}))?"
_MODEL = r"(?P<model>[A-Za-z0-9][A-Za-z0-9._:/-]{0,127})"
_AMOUNT = r"(?P<number>[0-9]{1,12})(?P<what>requests|tokens)?/(?:(?P<unit>min|hour|day)|(?P<seconds>[0-9]{1,6})s)"
_ROOM = r"room:(?P<room>[0-9]{1,4})"


@dataclass(frozen=True, slots=True)
class Amount:
    """So many requests or tokens in `period` seconds."""

    number: int
    what: Literal["requests", "tokens"]
    period: float

    def __str__(self) -> str:
        """As it is written in the settings."""
        unit = next((unit for unit, period in _PERIODS.items() if period == self.period), f"{self.period:g}s")
        return f"{self.number}{'' if self.what == 'requests' else 'tokens'}/{unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSetting:
    """What holds at one place: for every account and model where neither is named. What it leaves out stays as it is.

    Args:
        room: operations open at once.
    """

    account: str | None = None
    model: str | None = None
    amounts: tuple[Amount, ...] = ()
    room: int | None = None

    def __str__(self) -> str:
        """What it says, as it is written in the settings."""
        room = [] if self.room is None else [f"room:{self.room}"]
        return "+".join([*map(str, self.amounts), *room])


def read_limits(environment: Environment, provider: Provider, accounts: Collection[str]) -> tuple[LimitSetting, ...]:
    """Those of one service, the more general first. `accounts` are those that have keys; with none, none is checked."""
    everywhere = _read_everywhere(environment, provider)
    settings = _read_list(environment, provider, accounts)
    settings.sort(key=lambda setting: (setting.account is not None) * 2 + (setting.model is not None))
    return (everywhere, *settings) if everywhere != LimitSetting() else tuple(settings)


def _read_everywhere(environment: Environment, provider: Provider) -> LimitSetting:
    amounts: list[Amount] = []
    whats: tuple[Literal["requests", "tokens"], ...] = ("requests", "tokens") if provider.has_tokens else ("requests",)
    for unit, period in (("MINUTE", 60.0), ("DAY", 86_400.0)):
        for what in whats:
            number = environment.integer(f"{provider.prefix}_{what.upper()}_PER_{unit}")
            if number is not None:
                amounts.append(Amount(number, what, period))
    return LimitSetting(amounts=tuple(amounts), room=environment.integer(f"{provider.prefix}_ROOM"))


def _read_list(environment: Environment, provider: Provider, accounts: Collection[str]) -> list[LimitSetting]:
    variable = _variable(provider)
    found: dict[tuple[str | None, str | None], LimitSetting] = {}
    for position, item in enumerate(environment.items(variable), start=1):
        setting = _read_item(environment, provider, item, position)
        if setting is None:
            continue
        if accounts and setting.account is not None and setting.account not in accounts:
            environment.fault(
                variable,
                f"names an account in item {position} that no key has",
                f"take a name that stands before a key in {provider.prefix}_API_KEYS",
            )
        elif (setting.account, setting.model) in found:
            environment.fault(
                variable, f"names the same place again in item {position}", "write it once, with + between its limits"
            )
        else:
            found[setting.account, setting.model] = setting
    return list(found.values())


def _read_item(environment: Environment, provider: Provider, item: str, position: int) -> LimitSetting | None:
    variable = _variable(provider)
    place, equals, said = item.partition("=")
    match = re.fullmatch(f"{_PLACE}|{_MODEL}", place)
    if not equals or match is None:
        environment.fault(
            variable,
            f"does not say where item {position} holds",
            "begin it with @account=, a model and =, or @account/model=",
        )
        return None
    amounts: dict[tuple[str, float], Amount] = {}
    rooms: list[int] = []
    for part in said.split("+"):
        if (room := re.fullmatch(_ROOM, part)) is not None:
            rooms.append(int(room["room"]))
            is_new = len(rooms) == 1
        elif (amount := read_amount(part, provider)) is not None:
            is_new = (amount.what, amount.period) not in amounts
            amounts[amount.what, amount.period] = amount
        else:
            tokens = ", 250000tokens/min" if provider.has_tokens else ""
            environment.fault(
                variable,
                f"has a limit that cannot be read in item {position}",
                f"write 60/min, 1500/day{tokens} or room:2, and + between them",
            )
            return None
        if not is_new:
            environment.fault(variable, f"limits the same thing twice in item {position}", "keep one of them")
            return None
    if 0 in rooms or any(amount.number == 0 for amount in amounts.values()):
        environment.fault(variable, f"allows nothing at all in item {position}", "give a number from 1 on")
        return None
    return LimitSetting(
        account=match["account"],
        model=match["own"] or match["model"],
        amounts=tuple(amounts.values()),
        room=rooms[0] if rooms else None,
    )


def read_amount(text: str, provider: Provider) -> Amount | None:
    """One amount as it is written in the settings, such as 60/min; `None` where it cannot be read."""
    match = re.fullmatch(_AMOUNT, text)
    if match is None or (match["what"] == "tokens" and not provider.has_tokens):
        return None
    period = _PERIODS[match["unit"]] if match["unit"] else float(match["seconds"])
    what: Literal["requests", "tokens"] = "tokens" if match["what"] == "tokens" else "requests"
    return Amount(int(match["number"]), what, period) if period else None


def _variable(provider: Provider) -> str:
    return f"{provider.prefix}_LIMITS"
