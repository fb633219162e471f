"""The permits of one process: what it may spend before it must go to the store again, and its journeys there."""

from __future__ import annotations

import asyncio
import math
import random
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from ratelimit.book import OPERATION, Book
from ratelimit.limits import Cost
from ratelimit.usage import Ask, Permit, Sent, StoreAway, Turn, UsageStore, Want

PAUSE = 0.05
"""Seconds between journeys, in which wants gather."""

LONGEST_PAUSE = 15.0
"""Seconds between journeys while the store is away."""

BATCH = 32
"""Permits asked for on one journey, so that no process takes all there is."""

DRIFT = 5e-4
"""Seconds a second by which two clocks may run apart: what the system that keeps them right allows itself."""


Kind: TypeAlias = tuple[tuple[str, ...], str | None, int]
"""Of wants: the accounts, the model and the class."""


@dataclass(slots=True)
class Ration:
    """The permits of one account that are not used, on the clock of the pool, in no order."""

    permits: dict[str, Permit] = field(default_factory=dict)

    def find(self, cost: Cost, model: str | None, now: float) -> Permit | None:
        """The smallest that will do now."""
        fitting = (
            permit
            for permit in self.permits.values()
            if permit.opens_at <= now < permit.closes_at and permit.covers(cost, model)
        )
        return min(fitting, key=lambda permit: (permit.cost.requests, permit.cost.tokens), default=None)

    def is_open(self, model: str | None, now: float) -> bool:
        return any(
            permit.model == model and permit.opens_at <= now < permit.closes_at for permit in self.permits.values()
        )

    def next_change(self, now: float) -> float:
        """When a permit opens or closes; infinity if none will."""
        times = [at for permit in self.permits.values() for at in (permit.opens_at, permit.closes_at) if at > now]
        return min(times, default=math.inf)


@dataclass(slots=True)
class Offset:
    """How far the store's clock is ahead of ours: between two bounds that every journey can only narrow."""

    least: float = -math.inf
    most: float = math.inf
    _measured_at: float = 0.0

    def measured(self, begun_at: float, store: float, ended_at: float) -> None:
        """The store's clock was read between two readings of ours."""
        slack = DRIFT * (ended_at - self._measured_at)
        least, most = max(store - ended_at, self.least - slack), min(store - begun_at, self.most + slack)
        if least > most:  # one of the clocks was set
            least, most = store - ended_at, store - begun_at
        self.least, self.most, self._measured_at = least, most, ended_at


class Rations:
    """Everything a pool has from its store, and owes to it.

    Args:
        pool: its name in the store.
        wants: who waits without a permit now, in order, at most so many; asked right before a journey.
        arrived: called after each journey that brought something.
    """

    def __init__(
        self,
        pool: str,
        accounts: Iterable[str],
        store: UsageStore,
        book: Book,
        *,
        clock: Callable[[], float],
        wants: Callable[[int], list[Want]],
        arrived: Callable[[Turn], None],
        dice: random.Random,
    ) -> None:
        self.is_away = False
        self.of = {account: Ration() for account in accounts}
        self._pool = pool
        self._store = store
        self._book = book
        self._clock = clock
        self._wants = wants
        self._arrived = arrived
        self._dice = dice
        self._holder = secrets.token_hex(8)
        self._offset = Offset()
        self._again_at = math.inf
        self._unmet: dict[Kind, Cost] = {}  # the smallest that could not be served
        self._called = asyncio.Event()
        # What the store must know; see `Ask`. A permit that was used is unsent, until it is to be told as sent.
        self._unsent: dict[str, Permit] = {}
        self._sent: dict[str, tuple[Permit, float, int]] = {}
        self._out: dict[str, Permit] = {}
        self._operations: set[str] = set()
        self._opened: dict[str, tuple[str, str | None]] = {}
        self._ended: set[str] = set()

    def serve(self, accounts: Iterable[str], book: Book) -> None:
        """There are other accounts from here on; what is at hand for those that stay is kept."""
        self.of = {account: self.of.get(account) or Ration() for account in accounts}
        self._book = book
        self._unmet.clear()

    # What happens to permits: plain functions, for the pool

    def take(self, account: str, cost: Cost, model: str | None, now: float) -> Permit:
        """Use a permit that `find` found."""
        permit = self.of[account].find(cost, model, now)
        assert permit is not None, "a key is only given where there is a permit"
        del self.of[account].permits[permit.id]
        permit = replace(permit, cost=cost)
        self._unsent[permit.id] = self._out[permit.id] = permit
        return permit

    def sent(self, permit: Permit, at: float, tokens: int) -> None:
        self._unsent.pop(permit.id, None)
        self._sent[permit.id] = (permit, at, tokens)

    def never_sent(self, permit: Permit) -> None:
        """It is at hand again."""
        self._unsent.pop(permit.id, None)
        self._out.pop(permit.id, None)
        self.of[permit.account].permits[permit.id] = permit

    def ended(self, permit: Permit) -> None:
        if self._out.pop(permit.id, None) is not None:
            self._no_longer_open(permit.id)

    def held(self, permit: Permit, operation_id: str) -> None:
        """The room of a lease belongs to an operation now."""
        self.opened(operation_id, permit.account, permit.model)
        if self._out.pop(permit.id, None) is not None:
            self._ended.add(permit.id)

    def opened(self, operation_id: str, account: str, model: str | None) -> None:
        self._opened[operation_id] = (account, model)

    def closed(self, operation_id: str) -> None:
        self._operations.discard(operation_id)
        self._no_longer_open(operation_id)

    def call(self, kinds: Iterable[Kind]) -> None:
        """Somebody of these kinds waits: go and get permits, unless enough are at hand or the store has none yet."""
        if self._drop_lapsed(self._clock()):
            self._unmet.clear()  # for whom the store had nothing left, it may have what lapsed here
        if (
            not self._called.is_set()
            and any(kind not in self._unmet for kind in kinds)
            and any(not self._is_hopeless(want) for want in self._wants(BATCH))
        ):
            self._called.set()

    def call_for(self, want: Want) -> None:
        """Somebody came who may need less than those for whom the store had nothing."""
        if not self._is_hopeless(want):
            self._called.set()

    def _is_hopeless(self, want: Want) -> bool:
        unmet = self._unmet.get((want.accounts, want.model, want.priority))
        return unmet is not None and want.cost.requests >= unmet.requests and want.cost.tokens >= unmet.tokens

    def _no_longer_open(self, id_: str) -> None:
        self._ended.add(id_)
        if self._book.has_rooms:
            self._called.set()  # somebody elsewhere may wait for the room

    def _drop_lapsed(self, now: float) -> bool:
        """Nobody used them in time; whether there were any."""
        lapsed = [
            (ration, permit)
            for ration in self.of.values()
            for permit in ration.permits.values()
            if permit.closes_at <= now
        ]
        for ration, permit in lapsed:
            del ration.permits[permit.id]
        return bool(lapsed)

    def _first_lapse(self) -> float:
        """When the first of the permits at hand lapses; infinity if there are none."""
        at_hand = (permit.closes_at for ration in self.of.values() for permit in ration.permits.values())
        return min(at_hand, default=math.inf)

    # Journeys

    async def run(self) -> None:
        """Go to the store whenever there is something to get or to tell; for ever. Cancelled, it tells what it can."""
        longest = PAUSE
        try:
            while True:
                must_tell = await self._wait()
                wants = self._wants(BATCH)
                if not wants and not must_tell:  # whoever called has what he wanted by now, or it is not his time yet
                    self._again_at = math.inf
                    self._unmet.clear()
                elif await self._go(wants):
                    longest = PAUSE
                    await asyncio.sleep(PAUSE)
                else:
                    longest = min(LONGEST_PAUSE, 2 * longest)
                    await asyncio.sleep(self._dice.uniform(PAUSE, longest))
        finally:
            for ration in self.of.values():
                ration.permits.clear()
            if self._offset.most < math.inf:
                await self._go([])

    async def _wait(self) -> bool:
        """Until somebody calls, or it is time to ask again, or to tell; whether it is for telling."""
        now = self._clock()
        # What nobody here used counts as spent until the store is told otherwise; several at once, if there are more.
        tell_at = self._first_lapse() + self._book.lifetime / 2
        if self._unsent:
            tell_at = min(tell_at, now + self._book.lifetime / 2)
        elif self._sent or self._out or self._opened or self._ended:
            tell_at = min(tell_at, now + self._book.lasting / 2)
        elif self._operations:
            tell_at = min(tell_at, now + OPERATION / 3)
        again_at = self._again_at + self._dice.uniform(0.0, 0.1) * self._book.horizon  # not all at the same time
        at = min(tell_at, again_at)
        try:
            async with asyncio.timeout(None if at == math.inf else max(0.0, at - now)):
                await self._called.wait()
        except TimeoutError:
            pass
        self._called.clear()
        return self._clock() >= tell_at or bool(self._ended and self._book.has_rooms)

    async def _go(self, wants: list[Want]) -> bool:
        """One journey; whether the store was there."""
        begun_at = self._clock()
        self._drop_lapsed(begun_at)
        sent, opened, ended = dict(self._sent), dict(self._opened), frozenset(self._ended)
        # Of the two bounds of the offset each is used where it is the safe one: what was sent is told late; what opens,
        # opens late; what closes, closes early.
        ask = Ask(
            holder=self._holder,
            spare=frozenset(id_ for ration in self.of.values() for id_ in ration.permits),
            unsent=frozenset(self._unsent),
            sent={id_: self._told(*what) for id_, what in sent.items()},
            open=frozenset(self._out) | self._operations,
            opened=opened,
            ended=ended,
            wants=wants,
        )
        try:
            turn = await self._store.exchange(self._pool, partial(self._book.turn, ask))
        except StoreAway:
            self.is_away = True
            self._unmet.clear()
            self._again_at = self._clock()
            return False
        self.is_away = False
        self._sent = {id_: what for id_, what in self._sent.items() if sent.get(id_) != what}
        self._opened = {id_: what for id_, what in self._opened.items() if id_ not in opened}
        self._operations.update(id_ for id_ in opened if id_ not in self._ended)
        self._operations -= turn.closed
        self._ended -= ended
        now = self._clock()
        self._offset.measured(begun_at, turn.now, now)
        for permit in turn.permits:
            if permit.account in self.of:  # else it went while we were on our way, and the permit lapses
                self.of[permit.account].permits[permit.id] = self._here(permit, turn.now, now)
        self._again_at = turn.again_at - self._offset.least
        self._unmet = {}
        for want in turn.unmet:
            kind = want.accounts, want.model, want.priority
            known = self._unmet.setdefault(kind, want.cost)
            self._unmet[kind] = Cost(min(known.requests, want.cost.requests), min(known.tokens, want.cost.tokens))
        somebody_came = self._called.is_set()
        if not (self._ended and self._book.has_rooms):
            self._called.clear()
        self._arrived(turn)
        if somebody_came and any(not self._is_hopeless(want) for want in self._wants(BATCH)):
            self._called.set()  # while we were on our way, and this did not answer it
        return True

    def _told(self, permit: Permit, at: float, tokens: int) -> Sent:
        return Sent(
            account=permit.account,
            model=permit.model,
            requests=permit.cost.requests,
            tokens=tokens,
            at=at + self._offset.most,
        )

    def _here(self, permit: Permit, then: float, now: float) -> Permit:
        """A permit on our clock; `then` is when the store gave it."""
        return replace(
            permit,
            opens_at=permit.opens_at - self._offset.least if permit.opens_at > then else now,
            closes_at=permit.closes_at - self._offset.most,
        )
