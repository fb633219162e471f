"""The rules by which what is in a store becomes permits: pure, and the same for every store. See `ratelimit.usage`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from ratelimit.limits import Cost, DayLimit, Limits, share
from ratelimit.meter import Claim, Meter
from ratelimit.signs import LONGEST_RHYTHM, MEMORY, Signs
from ratelimit.usage import Ask, Entry, Permit, Sent, Turn, Want
from ratelimit.window import midnight_after

LONGEST_DAY = 90_000.0
"""Seconds: once a year, when clocks go back, a day has 25 hours."""

OPERATION = 3600.0
"""Seconds for which an operation takes up room after its process was last heard of. Far longer than any goes on, and
not for ever: one that began right before a crash may be known to nobody who could say that it ended."""

GRAIN = 96
"""What is old is summed up in so many slots a period, none longer than `QUARTER`."""

QUARTER = 900.0
"""Seconds. Midnight falls between two of them everywhere, so that nothing is moved into the next day."""


@dataclass(slots=True)
class Hand:
    """What one journey will bring.

    Attributes:
        offers: to whom something is promised, with the class that it counts for, on which account, and from when.
        unmet: to whom nothing is.
        waiting: of those, who is first on an account, and the class that it counts for.
        passed: accounts on which somebody is promised something, or waits.
        again_at: when asking again may help; infinity if nobody knows.
    """

    offers: list[tuple[Want, int, str, float]] = field(default_factory=list)
    unmet: list[Want] = field(default_factory=list)
    waiting: dict[str, tuple[int, Want]] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    again_at: float = math.inf

    def give(self, want: Want, priority: int, account: str, at: float) -> None:
        self.offers.append((want, priority, account, at))
        self.passed.add(account)

    def leave(self, want: Want, priority: int, account: str, again_at: float) -> None:
        self.unmet.append(want)
        self.again_at = min(self.again_at, again_at)
        if account not in self.passed:
            self.waiting[account] = priority, want
            self.passed.add(account)


class Desk:
    """The accounts during one journey, with all that it promised so far, and what is kept for those who must wait.

    What is smaller, and behind them in line, must not delay them. Among hundreds of accounts only those are looked at
    anew where something changed.
    """

    def __init__(self, meters: Mapping[str, Meter], now: float, soon: float, lifetime: float) -> None:
        self._meters = meters
        self._now = now
        self._lifetime = lifetime  # of what is promised: it is sent by the end of it
        self._soon = soon  # whoever waits for rates until later needs no room before
        self._claims: dict[str, Claim] = {}
        self._heeded: dict[str, Claim] = {}  # those of other processes, as one
        self._kept: set[str] = set()
        self._ranks: dict[tuple[str | None, Cost], dict[str, tuple[bool, float, float, str] | None]] = {}

    def soonest(self, want: Want) -> tuple[str, float, bool] | None:
        """The account that can serve this first, and when; `None` where the room of all is taken.

        One where it would delay a claim comes last, and that is told.
        """
        ranks = self._ranks.setdefault((want.model, want.cost), {})
        best = None
        for account in want.accounts:
            if account not in ranks:
                ranks[account] = self._rank(want, account)
            rank = ranks[account]
            if rank is not None and (best is None or rank < best):
                best = rank
        return None if best is None else (best[3], best[1], best[0])

    def _rank(self, want: Want, account: str) -> tuple[bool, float, float, str] | None:
        meter = self._meters.get(account)
        if meter is None or not meter.has_room(want.model):
            return None
        claims = [kept[account] for kept in (self._claims, self._heeded) if account in kept]
        at = max(self._now, meter.earliest(want.cost, want.model, self._now))
        by = at + self._lifetime
        is_claimed = not all(meter.fits_beside(claim, want.cost, want.model, self._now, by=by) for claim in claims)
        return is_claimed, at, meter.load(want.model, self._now), account

    def promise(self, want: Want, account: str, until: float) -> None:
        self._meters[account].insert(want.cost, want.model, until, self._now)
        self._meters[account].enter(want.model)
        self._changed(account)

    def claim(self, want: Want, account: str, at: float) -> None:
        """Keep for somebody what time will bring, unless something is kept there already."""
        if at < math.inf and account not in self._claims:
            self._claims[account] = Claim(at, want.cost, want.model)
            self._changed(account)

    def kept_until(self, account: str) -> float:
        """When what is kept on an account can be had."""
        return max((kept[account].at for kept in (self._claims, self._heeded) if account in kept), default=self._now)

    def is_kept(self, account: str) -> bool:
        """Whether room is kept there for other processes."""
        return account in self._kept

    def heed(self, sign: Entry) -> None:
        """Keep what somebody in another process waits for, beside what is kept already."""
        meter = self._meters.get(sign.account)
        if meter is None:
            return
        if meter.earliest(Cost(sign.requests, sign.tokens), sign.model, self._now) <= self._soon:
            meter.enter(sign.model)
            self._kept.add(sign.account)
        known = self._heeded.get(sign.account)
        cost = Cost(sign.requests, sign.tokens)
        if known is not None:
            cost = Cost(cost.requests + known.cost.requests, cost.tokens + known.cost.tokens)
        at = meter.earliest(cost, sign.model, self._now)
        if at < math.inf:
            self._heeded[sign.account] = Claim(at, cost, sign.model)
        self._changed(sign.account)

    def _changed(self, account: str) -> None:
        for ranks in self._ranks.values():
            ranks.pop(account, None)


class Book:
    """The rules by which entries become permits, for one pool.

    Args:
        limits: of an account, by its id.
        skew: seconds; see `ratelimit.window`.

    Attributes:
        lifetime: seconds for which a permit is valid. It is what a crash wastes, so little beside the shortest period.
        horizon: seconds ahead for which permits are given; more for large costs, see `_reach`.
        lasting: seconds for which a lease takes up room after its process was last heard of.
        memory: seconds for which it is remembered that somebody came.
        has_rooms: whether anything limits how much is open at once.
    """

    def __init__(self, limits: Callable[[str], Limits], accounts: Iterable[str], *, skew: float) -> None:
        self._limits = limits
        self._accounts = tuple(accounts)
        self._skew = skew
        every = [limits(account) for account in self._accounts]
        rates = [rate for limits in every for rate in limits.every_rate()]
        self._periods = sorted({LONGEST_DAY if isinstance(rate, DayLimit) else rate.period for rate in rates}) or [0.0]
        self._zones = sorted({rate.zone for rate in rates if isinstance(rate, DayLimit)})
        self._shortest = min((rate.period for rate in rates if not isinstance(rate, DayLimit)), default=60.0)
        self.lifetime = min(5.0, max(0.25, self._shortest / 12))
        self.horizon = 2 * self.lifetime
        self.lasting = 4 * self.lifetime
        self.memory = MEMORY * max((period for period in self._periods if period < LONGEST_RHYTHM), default=60.0)
        self.has_rooms = any(allowance.room is not None for limits in every for allowance in limits.every())

    def turn(self, ask: Ask, entries: Iterable[Entry], now: float) -> Turn:
        """Note what was told, and serve what is wanted."""
        old = {entry.id: entry for entry in entries}
        told = (entry for entry in old.values() if entry.priority is not None)
        signs = Signs(told, ask.holder, now, memory=self.memory, patience=2 * self._shortest)
        spent = {id_: entry for id_, entry in old.items() if entry.priority is None}
        book = self._sum_up(self._noted(ask, spent, now), now)
        closed = frozenset(id_ for id_ in ask.open if id_ not in book or book[id_].open_until <= now)
        others = [entry for entry in book.values() if entry.holder != ask.holder]
        elsewhere = {entry.account for entry in others if entry.open_until > now and not _knows(ask, entry)}
        hand = self._offers(ask.wants, self._meters(book.values(), now), signs, elsewhere, now)
        self._share(hand, signs, now)
        names = (f"{ask.holder}-{now:.6f}-{number}" for number in count())
        fresh = (name for name in names if name not in old and name not in book)
        permits = [
            Permit(
                id=name,
                account=account,
                model=want.model,
                cost=want.cost,
                opens_at=at,
                closes_at=at + self.lifetime,
            )
            for name, (want, _, account, at) in zip(fresh, hand.offers, strict=False)
        ]
        book |= {permit.id: _unsent(permit, ask.holder, self.lasting) for permit in permits}
        back_at = hand.again_at + 0.2 * self.horizon if hand.again_at < math.inf else now
        book |= {sign.id: sign for sign in signs.renewed(ask.wants, hand.waiting, back_at)}
        return Turn(
            now=now,
            permits=permits,
            unmet=hand.unmet,
            again_at=hand.again_at,
            others=others,
            signs=signs.elsewhere,
            closed=closed,
            changed=[entry for id_, entry in book.items() if old.get(id_) != entry],
            removed=[id_ for id_ in old if id_ not in book],
        )

    def _noted(self, ask: Ask, old: Mapping[str, Entry], now: float) -> dict[str, Entry]:
        """All entries after what was told of them."""
        named = ask.spare | ask.unsent | ask.sent.keys()
        book = {
            id_: self._in_this_world(self._told(entry, ask, now), now)
            for id_, entry in old.items()
            if entry.is_sent or entry.holder != ask.holder or id_ in named
        }
        for id_, sent in ask.sent.items():
            if id_ not in book:  # told so late that it was forgotten, or was told before, and the answer lost
                book[id_] = _late(id_, ask.holder, sent, now)
        for id_, (account, model) in ask.opened.items():
            if id_ not in book and id_ not in ask.ended:
                book[id_] = _operation(id_, ask.holder, account, model, now)
        return book

    def _told(self, entry: Entry, ask: Ask, now: float) -> Entry:
        sent = ask.sent.get(entry.id)
        if sent is not None:
            entry = replace(entry, requests=sent.requests, tokens=sent.tokens, at=sent.at, is_sent=True)
        elif entry.id in ask.unsent and not entry.is_sent:
            entry = replace(entry, at=now + self.lifetime)
        if entry.id in ask.ended:
            return replace(entry, open_until=min(entry.open_until, now))
        lasting = self.lasting if entry.requests else OPERATION
        if entry.id in ask.open and now < entry.open_until < now + 0.75 * lasting:
            return replace(entry, open_until=now + lasting)
        return entry

    def _in_this_world(self, entry: Entry, now: float) -> Entry:
        """Nothing was sent in the future; a clock that was set back would shut a window for as long as it went."""
        latest = now if entry.is_sent else now + self._shortest + self.horizon
        if entry.at > latest or entry.open_until > now + OPERATION:
            return replace(entry, at=min(entry.at, latest), open_until=min(entry.open_until, now + OPERATION))
        return entry

    def _sum_up(self, book: Mapping[str, Entry], now: float) -> dict[str, Entry]:
        """Forget what no window needs, and let old entries of one slot of time become one, counted at its end.

        What is open or was not told yet stays by itself, for more will be told of it.
        """
        kept: dict[str, Entry] = {}
        slots: defaultdict[tuple[str, str, str | None, tuple[float, ...]], list[Entry]] = defaultdict(list)
        for entry in book.values():
            age = now - entry.at
            # A little longer than a window needs it: our windows learn of it later, on their own clock.
            period = next((period for period in self._periods if age < period + self._skew + self.lifetime), 0.0)
            if entry.open_until > now or age < 0:
                kept[entry.id] = entry
            elif not period or not entry.requests:
                continue
            elif not entry.is_sent or age < 2 * self._shortest / GRAIN:
                kept[entry.id] = entry
            else:
                slots[entry.holder, entry.account, entry.model, self._slot(entry.at, period)].append(entry)
        for (holder, account, model, slot), entries in slots.items():
            entry = entries[0]
            if len(entries) > 1:
                entry = Entry(
                    id=f"sum-{(holder, account, model, slot)}",  # unlike any other's, whatever they are called
                    holder=holder,
                    account=account,
                    model=model,
                    requests=sum(entry.requests for entry in entries),
                    tokens=sum(entry.tokens for entry in entries),
                    at=max(entry.at for entry in entries),
                    is_sent=True,
                    open_until=0.0,
                )
            kept[entry.id] = entry
        return kept

    def _slot(self, at: float, period: float) -> tuple[float, ...]:
        """What is summed up as one: a share of the period, or where no rolling one looks so far back, a day."""
        # What was sent right before midnight may count on both days, and must not take others with it.
        is_late = at % QUARTER > QUARTER - 2 * self._skew
        if period == LONGEST_DAY == self._periods[-1]:
            return is_late, *(midnight_after(zone, at) for zone in self._zones)
        length = min(period / GRAIN, QUARTER)
        return is_late, length, at // length

    def _meters(self, entries: Iterable[Entry], now: float) -> dict[str, Meter]:
        meters = {
            account: Meter(self._limits(account), skew=self._skew, midnight=midnight_after)
            for account in self._accounts
        }
        for entry in sorted(entries, key=lambda entry: entry.at):
            if entry.account in meters:
                _count(entry, meters[entry.account], now)
        return meters

    def _offers(
        self, wants: Sequence[Want], meters: Mapping[str, Meter], signs: Signs, elsewhere: Container[str], now: float
    ) -> Hand:
        """What can be promised, and to whom nothing.

        Of the accounts `elsewhere`, others take up room, and whoever waits for it must ask from time to time. When his
        own comes free, he knows.
        """
        hand, desk = Hand(), Desk(meters, now, now + self.horizon, self.lifetime)
        heeded: set[str] = set()
        for want, priority in zip(wants, _urgency(wants), strict=True):
            for sign in signs.before(priority, want.accounts, hand.passed):
                if sign.id not in heeded:
                    heeded.add(sign.id)
                    desk.heed(sign)
            found = desk.soonest(want)
            is_behind = signs.is_behind(priority, want.accounts)
            if found is None:
                is_elsewhere = any(id_ in elsewhere or desk.is_kept(id_) for id_ in want.accounts)
                again_at = now + self.lifetime / 2 if is_elsewhere else math.inf
                hand.leave(want, priority, want.accounts[0] if want.accounts else "", again_at)
                continue
            account, at, is_claimed = found
            if is_claimed:
                again_at = max(at, desk.kept_until(account)) - 0.1 * self.horizon
                hand.leave(want, priority, account, max(now + 0.2 * self.horizon, again_at))
                desk.claim(want, account, at)
            elif at <= now + (0.0 if is_behind else self._reach(want, account)):
                hand.give(want, priority, account, at)
                desk.promise(want, account, at + self.lifetime)
            else:
                hand.leave(want, priority, account, at if is_behind else at - 0.3 * self.horizon)
                desk.claim(want, account, at)
        return hand

    def _share(self, hand: Hand, signs: Signs, now: float) -> None:
        """Leave some of what is free to others of the same class who went away with nothing last time."""
        offers, hand.offers = hand.offers, []
        for priority in sorted({offer[1] for offer in offers}):
            of_class = [offer for offer in offers if offer[1] == priority]
            rivals = sum(self._is_rival(sign, of_class) for sign in signs.rivals(priority))
            fair = -(-len(of_class) // (1 + rivals))
            hand.offers += of_class[:fair]
            for want, _, account, _ in of_class[fair:]:
                hand.leave(want, priority, account, now + 0.2 * self.horizon)

    def _is_rival(self, sign: Entry, offers: Iterable[tuple[Want, int, str, float]]) -> bool:
        """Whether it waits for anything that these would take."""
        shared = self._limits(sign.account).account if sign.account in self._accounts else None
        is_shared = shared is not None and bool(shared.rates or shared.room)
        return any(
            sign.account == account and (is_shared or sign.model == want.model) for want, _, account, _ in offers
        )

    def _reach(self, want: Want, account: str) -> float:
        """Seconds ahead for which this may be promised: for as long as it takes until so much comes free.

        Else the small requests of other processes, which see every slot just as early, would leave nothing for it. Less
        than a period, for what was promised and is delayed (`Ask.unsent`) must not have been given away already.
        """
        extra = max(
            (
                (share(rate, want.cost.requests, want.cost.tokens) - share(rate, 1, 0)) * rate.period
                for allowance in self._limits(account).binding(want.model)
                for rate in allowance.rates
                if not isinstance(rate, DayLimit)
            ),
            default=0.0,
        )
        return max(self.horizon, min(self.horizon + extra, 0.7 * self._shortest))


def _knows(ask: Ask, entry: Entry) -> bool:
    """Whether a process counts an operation that one before it began as its own, and will see its end."""
    return entry.id in ask.open or entry.id in ask.opened


def _urgency(wants: Sequence[Want]) -> list[int]:
    """The class that each want counts for: that of the most urgent one behind it, for that must wait for it."""
    classes: list[int] = []
    for want in reversed(wants):
        classes.append(min(want.priority, classes[-1]) if classes else want.priority)
    return classes[::-1]


def _unsent(permit: Permit, holder: str, lasting: float) -> Entry:
    return Entry(
        id=permit.id,
        holder=holder,
        account=permit.account,
        model=permit.model,
        requests=permit.cost.requests,
        tokens=permit.cost.tokens,
        at=permit.closes_at,
        is_sent=False,
        open_until=permit.closes_at + lasting,
    )


def _late(id_: str, holder: str, sent: Sent, now: float) -> Entry:
    return Entry(
        id=id_,
        holder=holder,
        account=sent.account,
        model=sent.model,
        requests=sent.requests,
        tokens=sent.tokens,
        at=min(sent.at, now),
        is_sent=True,
        open_until=now,
    )


def _operation(id_: str, holder: str, account: str, model: str | None, now: float) -> Entry:
    return Entry(
        id=id_,
        holder=holder,
        account=account,
        model=model,
        requests=0,
        tokens=0,
        at=now,
        is_sent=True,
        open_until=now + OPERATION,
    )


def _count(entry: Entry, meter: Meter, now: float) -> None:
    if entry.requests:
        meter.insert(Cost(entry.requests, entry.tokens), entry.model, entry.at, now)
    if entry.open_until > now:
        meter.enter(entry.model)
