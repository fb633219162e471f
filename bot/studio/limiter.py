"""The limits that hold, of all that is said: by us, the settings, the services, and operators while the bot runs.

    assumed  <  settings  <  told by the service (room alone, where nobody said any)  <  set here

Of two that speak of one thing, the one about less counts: a model before all, an account before every one. At the same
place, what was set here counts before the settings, looser or not: whoever sets it reads that it is looser, so does
whoever looks at it, and it is written down. The service's own limits stay what they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from bot.jobs.wake import Listener, keep_looking
from bot.settings import Amount, LimitSetting, ProviderSettings
from bot.studio.account_limits import limits_of_all, says_room
from bot.studio.limit_book import LimitBook, LimitLine
from ratelimit import DEFAULTS, Allowance, KeyPool, Limits, Rate

logger = logging.getLogger(__name__)

What = Literal["requests", "tokens"]
#: Seconds between two looks at the book: another process may have written it.
LOOK_EVERY = 5.0
#: And between two looks at least: rows change all the time.
BREATH = 1.0


class Origin(StrEnum):
    """Where a limit comes from."""

    ASSUMED = "assumed"
    SETTINGS = "settings"
    TOLD = "told"  # by the service
    SET = "set"  # here, by an operator


@dataclass(frozen=True, slots=True)
class Place:
    """Where limits hold: at one service, for an account (`None`: every one) and a model (`None`: all together)."""

    provider: str
    account: str | None = None
    model: str | None = None


class Limiter:
    """Keeps the pools at the limits that hold. Built from the settings, they need nothing where the book is empty."""

    def __init__(self, book: LimitBook, pools: Mapping[str, KeyPool], settings: Mapping[str, ProviderSettings]) -> None:
        self._book = book
        self._pools = pools
        self._settings = settings
        self._lines: tuple[LimitLine, ...] = ()
        self._told: dict[tuple[str, str, str | None], int] = {}
        self._looking = asyncio.Lock()  # of two looks the later one counts

    async def run(self, listener: Listener) -> None:
        """Keep the pools in step with the book until cancelled."""
        await keep_looking(self.look, listener, every=LOOK_EVERY, breath=BREATH)

    async def look(self) -> None:
        """Bring the pools in step with the book, once."""
        async with self._looking:
            lines = tuple(line for line in await self._book.lines() if line.provider in self._pools)
            touched = {line.provider for line in {*lines} ^ {*self._lines}}
            self._lines = lines
        for provider in touched:
            self._apply(provider)
            logger.info("limits changed", extra={"provider": provider})

    def learn(self, provider: str, key_id: str, model: str | None, room: int) -> None:
        """A service tells how much may be open at once: it counts where nobody has said that."""
        account = self._pools[provider].key(key_id).account
        is_news = self._told.get((provider, account, model)) != room
        self._told[provider, account, model] = room
        if is_news and not says_room(self._said(provider), account, model):
            self._pools[provider].set_room(room, key_id=key_id, model=model)
            logger.debug("room learned", extra={"key_id": key_id, "model": model, "room": room})

    # Changing

    async def put(self, place: Place, wanted: LimitSetting, *, by: int) -> LimitLine | None:
        """Let these hold at a place from now on; what of it differs from what holds there without is kept.

        What is not named stays as the settings say. The line that was kept; `None` where the settings hold.
        """
        before = self.without(place)
        changed = tuple(
            amount for amount in wanted.amounts if amount.number != _number(before.rates, amount.what, amount.period)
        )
        room = None if wanted.room == before.room else wanted.room
        kept = LimitSetting(account=place.account, model=place.model, amounts=changed, room=room)
        more = ", ".join(map(str, _looser(kept, before)))
        await self._book.put(place.provider, kept, by=by, remark=f"more than {more}" if more else "")
        await self.look()
        return self.line(place)

    async def drop(self, place: Place, *, by: int) -> bool:
        """Let the settings hold again for an account, or for every one, with all its models; false where they did."""
        theirs = [
            line for line in self._lines if line.provider == place.provider and line.said.account == place.account
        ]
        for line in theirs:
            await self._book.drop(place.provider, place.account, line.said.model, by=by)
        await self.look()
        return bool(theirs)

    # Looking

    def limits(self, provider: str, account: str | None = None) -> Limits:
        """What holds for an account, or for those that nothing else is said about."""
        return self._with_told(provider, account, self._said(provider))

    def without(self, place: Place) -> Allowance:
        """What would hold at a place, had nobody set anything there."""
        said = self._said(place.provider, but_for=place)
        return allowance_at(self._with_told(place.provider, place.account, said), place.model)

    def line(self, place: Place) -> LimitLine | None:
        """What was set at exactly this place."""
        return next(
            (
                line
                for line in self._lines
                if (line.provider, line.said.account, line.said.model) == (place.provider, place.account, place.model)
            ),
            None,
        )

    def looser(self, line: LimitLine) -> list[Amount | int]:
        """What would hold without this line, of that by which it allows more: rates, and room."""
        return _looser(line.said, self.without(Place(line.provider, line.said.account, line.said.model)))

    def lines(self, provider: str, account: str | None) -> list[LimitLine]:
        """What was set of this account by itself (`None`: of every one)."""
        return [line for line in self._lines if (line.provider, line.said.account) == (provider, account)]

    def origin_of(self, place: Place, what: What, period: float) -> Origin:
        """Where a rate at this place comes from."""
        origin = Origin.ASSUMED
        for setting, is_set in self._all(place.provider):
            is_here = setting.account in {None, place.account} and setting.model == place.model
            if is_here and any((amount.what, amount.period) == (what, period) for amount in setting.amounts):
                origin = Origin.SET if is_set else Origin.SETTINGS
        return origin

    def origin_of_room(self, place: Place) -> Origin:
        """Where the room at this place comes from."""
        origin = Origin.ASSUMED
        for setting, is_set in self._all(place.provider):
            if says_room([setting], place.account or "", place.model):
                origin = Origin.SET if is_set else Origin.SETTINGS
        is_told = place.account is not None and (place.provider, place.account, place.model) in self._told
        return Origin.TOLD if origin is Origin.ASSUMED and is_told else origin

    # Inside

    def _all(self, provider: str, but_for: Place | None = None) -> list[tuple[LimitSetting, bool]]:
        """The settings' and those set here, which are marked: the more general first, and what counts more behind."""
        found = [(setting, False) for setting in self._settings[provider].limits]
        found += [
            (line.said, True)
            for line in self._lines
            if line.provider == provider
            and (but_for is None or (line.said.account, line.said.model) != (but_for.account, but_for.model))
        ]
        return sorted(found, key=lambda each: (each[0].account is not None, each[0].model is not None, each[1]))

    def _said(self, provider: str, but_for: Place | None = None) -> list[LimitSetting]:
        return [setting for setting, _ in self._all(provider, but_for)]

    def _with_told(self, provider: str, account: str | None, said: list[LimitSetting]) -> Limits:
        theirs = [replace(each, account=None) for each in said if each.account in {None, account}]
        limits = limits_of_all(DEFAULTS[provider], theirs)
        for (of, whose, model), room in self._told.items():
            if (of, whose) == (provider, account) and not says_room(said, whose, model):
                limits = limits.with_room(room, model)
        return limits

    def _apply(self, provider: str) -> None:
        pool = self._pools[provider]
        named = {setting.account for setting in self._said(provider)}
        accounts = named | {view.account for view in pool.view().keys}
        own = {account: self.limits(provider, account) for account in accounts if account is not None}
        pool.set_limits(self.limits(provider), own)


def allowance_at(limits: Limits, model: str | None) -> Allowance:
    """What is said of a model, or of all together; with its room where that is counted by model."""
    if model is not None:
        return limits.for_model(model)
    account = limits.account
    return account if account.room is not None else replace(account, room=limits.each_model.room)


def _looser(said: LimitSetting, without: Allowance) -> list[Amount | int]:
    found: list[Amount | int] = []
    for amount in said.amounts:
        number = _number(without.rates, amount.what, amount.period)
        if number is not None and amount.number > number:
            found.append(replace(amount, number=number))
    if said.room is not None and without.room is not None and said.room > without.room:
        found.append(without.room)
    return found


def _number(rates: tuple[Rate, ...], what: What, period: float) -> int | None:
    rate = next((rate for rate in rates if rate.period == period), None)
    if rate is None:
        return None
    return rate.requests if what == "requests" else rate.tokens
