"""The keys of one provider, and which of them may serve a request now. Decides; waits for nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from ratelimit.account import Account, KeyState
from ratelimit.health import PROBE, TRIAL, Health
from ratelimit.keys import ApiKey
from ratelimit.limits import Cost, Limits
from ratelimit.lineup import Lineup
from ratelimit.meter import Claim, Meter
from ratelimit.usage import Permit
from ratelimit.verdicts import BadRequest, Exhausted, Rejected, Remaining, Scope, Throttled, Unavailable, Verdict
from ratelimit.window import UNSENT, Midnight, Spending

MOST_LINEUPS = 64
"""That are kept: every one hears of every change, and of most models somebody asks but once where there are so many."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for: requests with one target stand in one line."""

    model: str | None = None
    account: str | None = None
    key_id: str | None = None


class Grant(Spending):
    """A key given to a request: what it spends, and the epoch of health it was given in.

    Attributes:
        asked_at, priority: of the lease; the line sets them.
    """

    asked_at: float
    priority: int

    __slots__ = ("asked_at", "epoch", "meter", "passed_on", "permit", "priority", "probes", "since", "state")

    def __init__(self, state: KeyState, cost: Cost, model: str | None, epoch: int, since: float) -> None:
        self.requests = cost.requests
        self.tokens = cost.tokens
        self.meter = meter = state.account.meter
        self.windows = meter.windows(model)
        self.at = UNSENT
        self.state = state
        self.model = model
        self.epoch = epoch
        self.since = since
        self.probes: tuple[Health, ...] = ()
        self.permit: Permit | None = None  # from a store
        self.passed_on = False  # its room was given back, or belongs to an operation now


@dataclass(slots=True)
class Roster:
    """Every key with its account.

    Attributes:
        limits: of every account, unless `account_limits` names others for it.
        cooldown, longest_cooldown: seconds; see `Health`.
        skew: seconds; see `ratelimit.window`.
        former: accounts without a key. They come back with the next one, for what was spent stays spent.
        epoch: grows with every change of anybody's health.
        in_flight: leases out, with all keys.
        left: hears of keys that were retired, once nothing is open with them and they are gone.
    """

    limits: Limits
    account_limits: Mapping[str, Limits]
    cooldown: float
    longest_cooldown: float
    skew: float
    midnight: Midnight
    dice: random.Random
    keys: dict[str, KeyState] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    former: dict[str, Account] = field(default_factory=dict)
    provider: Health = field(init=False)
    epoch: int = 0
    in_flight: int = 0
    left: Callable[[KeyState], None] = field(default=lambda _: None)
    _numbers: Iterator[int] = field(default_factory=count)
    _serving: tuple[str, ...] = ()  # accounts with a key that may be lent some day
    _lineups: dict[str | None, Lineup] = field(default_factory=dict)
    _turns: int = 0
    _only: Account | None = None  # there is no choice

    def __post_init__(self) -> None:
        self.provider = self._new_health()

    def add(self, key: ApiKey) -> None:
        """Lend this key, too; one that was retired and is not gone yet comes back. `ValueError` if the id is taken."""
        known = self.keys.get(key.id)
        if known is not None:
            if not known.is_retired or known.key != key:
                raise ValueError(f"two keys have the id {key.id}")
            known.is_retired = False
            self._recount()
            return
        account = self.accounts.get(key.account) or self.former.pop(key.account, None)
        if account is None:
            limits = self.account_limits.get(key.account, self.limits)
            account = Account(
                key.account,
                next(self._numbers),
                Meter(limits, skew=self.skew, midnight=self.midnight),
                self._new_health(),
                self.provider,
            )
        self.accounts[key.account] = account
        state = self.keys[key.id] = KeyState(key, account, self._new_health())
        account.keys.append(state)
        self._recount()

    def set_limits(self, limits: Limits, account_limits: Mapping[str, Limits], now: float) -> None:
        """From now on these hold, for accounts to come, too."""
        self.limits, self.account_limits = limits, account_limits
        for account in (*self.accounts.values(), *self.former.values()):
            account.meter.set_limits(account_limits.get(account.id, limits), now)
        self.changed_all()

    def pause(self, key_id: str) -> None:
        """Lend it no more until `resume`; what it has begun goes on. Raises `KeyError` for an unknown id."""
        self.keys[key_id].is_paused = True
        self._recount()

    def resume(self, key_id: str) -> None:
        """Raises `KeyError` for an unknown id."""
        self.keys[key_id].is_paused = False
        self._recount()

    def retire(self, key_id: str) -> None:
        """Never lend it again; it goes once nothing is open with it. Raises `KeyError` for an unknown id."""
        state = self.keys[key_id]
        state.is_retired = True
        self._recount()
        self.settle(state)

    def settle(self, state: KeyState) -> None:
        """Less is open with this key: one that was retired goes with the last of it."""
        if not state.is_retired or not state.is_idle or self.keys.get(state.key.id) is not state:
            return
        del self.keys[state.key.id]
        state.account.keys.remove(state)
        if not state.account.keys:
            self.former[state.account.id] = self.accounts.pop(state.account.id)
        self._recount()
        self.left(state)

    def _recount(self) -> None:
        """After any change of which keys there are to lend."""
        lent = [state for state in self.keys.values() if not state.is_withheld]
        for state in self.keys.values():
            state.has_peers = any(other is not state for other in lent)
        self._only = next(iter(self.accounts.values())) if len(self.accounts) == 1 else None
        self._serving = tuple(dict.fromkeys(s.account.id for s in self.keys.values() if not s.is_retired))
        self._diagnose()
        self._lineups.clear()

    def lineup(self, model: str | None, now: float) -> Lineup:
        """The accounts that can serve a model, as of now."""
        lineup = self._lineups.get(model)
        if lineup is None:
            if len(self._lineups) >= MOST_LINEUPS:
                self._lineups.clear()
            lineup = self._lineups[model] = Lineup(model, self.accounts.values())
        lineup.refresh(now)
        return lineup

    def changed(self, account: Account) -> None:
        """Something about the account is not what it was."""
        for lineup in self._lineups.values():
            lineup.stale[account] = None

    # Giving

    def choose(self, target: Target, cost: Cost, now: float, claims: Mapping[Account, Claim]) -> KeyState | None:
        """The key for this request now, if there is one. The `claims` of those further ahead are left untouched."""
        model = target.model
        if target.account is not None or target.key_id is not None:
            return self._choose_named(target, cost, now, claims)
        only = self._only
        if only is not None:
            if not claims and only.ration is None:
                has_room = not only.meter.has_rooms or only.meter.has_room(model)
                return only.next_key(model, now) if has_room and only.meter.fits(cost, model, now) else None
            is_able = only.meter.has_room(model) and self._can_take(only, model, cost, now, claims)
            return only.next_key(model, now) if is_able else None
        lineup = self.lineup(model, now)
        best = lineup.best()
        if best is None:
            return None
        if self._can_take(best, model, cost, now, claims):
            return best.next_key(model, now)
        for account in lineup.in_order():
            if account is not best and self._can_take(account, model, cost, now, claims):
                return account.next_key(model, now)
        return None

    def claim(
        self, target: Target, cost: Cost, now: float, claims: dict[Account, Claim], *, before: float = math.inf
    ) -> None:
        """Keep for a request that must wait what it needs, on the account that will have it soonest, and `before` then.

        Without that a large cost starves: smaller ones from behind would fill every gap it waits for. Only what time
        brings back is claimed; for room that operations hold, and for sick keys, nobody knows when.
        """
        soonest, chosen = before, None
        able = (state.account for state in self.targets(target) if state.account.may_serve(state, target.model, now))
        for account in dict.fromkeys(able):
            if account not in claims and account.meter.has_room(target.model):
                at = account.meter.earliest(cost, target.model, now)
                if at < soonest:
                    soonest, chosen = at, account
        if chosen is not None:
            claims[chosen] = Claim(soonest, cost, target.model)

    def grant(self, state: KeyState, cost: Cost, model: str | None, now: float) -> Grant:
        """Spend for a request with this key, and count it as in flight."""
        account = state.account
        self._turns += 1
        state.turn = account.turn = self._turns
        self.in_flight += 1
        state.in_flight += 1
        state.granted += 1
        account.in_flight += 1
        grant = Grant(state, cost, model, self.epoch, now)
        account.meter.take(grant)
        if account.needs_care:
            grant.probes = tuple(health for health in account.healths(state, model) if not health.is_healthy)
            for health in grant.probes:
                health.is_probed = True
                health.probed_until = now + PROBE
            if state.is_new and state.health.is_healthy:
                grant.probes = (*grant.probes, state.health)
                state.health.is_probed = True
                state.health.probed_until = now + TRIAL
        if grant.probes or self._lineups:
            self._touch(grant)
        return grant

    def end(self, grant: Grant) -> None:
        """The grant is over; a probe that learned nothing leaves its turn to the next."""
        account = grant.state.account
        self.in_flight -= 1
        grant.state.in_flight -= 1
        account.in_flight -= 1
        for health in grant.probes:
            if health.changed <= grant.epoch:  # else it is another's turn by now
                health.is_probed = False
        if grant.probes or self._lineups:
            self._touch(grant)
        if grant.state.is_retired:
            self.settle(grant.state)

    # Learning

    def served(self, grant: Grant) -> None:
        """The provider did what it was asked: all that took part is well."""
        state = grant.state
        state.served += 1
        account = state.account
        if account.needs_care or not state.health.has_served:
            was_well = self.provider.is_healthy
            is_news = not state.health.has_served
            for health in account.healths(state, grant.model):
                is_news |= health.recover(epoch=self.epoch + 1, is_current=health.changed <= grant.epoch)
            if is_news and was_well:  # of this account alone, as when a hundred keys serve for the first time
                self.epoch += 1
                account.diagnose()
                self.changed(account)
            elif is_news:
                self._diagnose()

    def refused(
        self,
        state: KeyState,
        model: str | None,
        verdict: Verdict,
        cause: BaseException | None,
        now: float,
        epoch: int | None,
    ) -> bool:
        """Apply a verdict; whether it says anything against the key, or for it.

        Times in it are on the same clock as `now`. `epoch` is the grant's; `None` for news without one.
        """
        account = state.account
        match verdict:
            case BadRequest():
                return False
            case Remaining():
                self._observe(account, model, verdict, now)
                return False
            case Rejected():
                health = state.health
                is_changed = health.reject(
                    cause,
                    now=now,
                    epoch=self.epoch + 1,
                    is_current=_current(health, epoch),
                    serving=sum(other.account.is_tried(other, model) for other in self._others(state)),
                )
            case Unavailable():
                is_changed = self._failed(state, model, now, epoch)
            case Exhausted(until=None, scope=scope):
                health = self._health(state, model, scope)
                is_changed = health.use_up(cause, now=now, epoch=self.epoch + 1, is_current=_current(health, epoch))
            case Throttled(until=until, scope=scope) | Exhausted(until=until, scope=scope):
                health = self._health(state, model, scope)
                is_changed = health.rest(
                    until,
                    "exhausted" if isinstance(verdict, Exhausted) else "throttled",
                    now=now,
                    epoch=self.epoch + 1,
                    is_current=_current(health, epoch),
                    jitter=self.dice.random,
                )
        state.refused += 1
        if is_changed:
            self._diagnose()
        return True

    def reinstate(self, key_id: str) -> None:
        """Believe in this key and its account again. Raises `KeyError` for an unknown id."""
        state = self.keys[key_id]
        for health in (state.health, state.account.health, *state.account.models.values()):
            health.reset(epoch=self.epoch + 1)
        self._diagnose()

    # Looking

    def impossibility(self, target: Target, cost: Cost, now: float) -> tuple[str, BaseException | None] | None:
        """Why nobody should wait for this, with the failure behind it; `None` while a key may serve it."""
        reason, cause = "no key is configured for this target", None
        for state in self.targets(target):
            out = state.account.is_out(state, target.model, now)
            if out is not None:
                reason, cause = f"every usable key is out, the last one {out.why}", out.cause
            elif not state.account.meter.limits.allow(cost, target.model):
                reason, cause = f"{cost} is more than any key may ever take", None
            else:
                return None
        return reason, cause

    def targets(self, target: Target) -> Iterator[KeyState]:
        """The keys that a request may be given, well or not, now or once they are resumed."""
        if target.key_id is not None:
            named = self.keys.get(target.key_id)
            states: Iterable[KeyState] = () if named is None else (named,)
        else:
            states = self.keys.values()
        return (state for state in states if target.account in (None, state.account.id) and not state.is_retired)

    def able(self, target: Target, cost: Cost, now: float) -> list[Account]:
        """The accounts that are well enough to serve such a request, and may take it, full or not."""
        return [
            account
            for account in (self.accounts[id_] for id_ in self.accounts_of(target))
            if any(account.may_serve(state, target.model, now) for state in account.keys)
            and account.meter.limits.allow(cost, target.model)
        ]

    def accounts_of(self, target: Target) -> tuple[str, ...]:
        """The ids of the accounts that a request may be given."""
        if target.account is None and target.key_id is None:
            return self._serving
        return tuple(dict.fromkeys(state.account.id for state in self.targets(target)))

    def is_able(self, account_id: str, model: str | None, now: float) -> bool:
        """Whether an account is well enough to serve this model."""
        account = self.accounts[account_id]
        return not account.needs_care or any(account.may_serve(state, model, now) for state in account.keys)

    def changed_all(self) -> None:
        """Nothing about any account is surely what it was."""
        for lineup in self._lineups.values():
            lineup.stale.update(dict.fromkeys(self.accounts.values()))

    def _choose_named(self, target: Target, cost: Cost, now: float, claims: Mapping[Account, Claim]) -> KeyState | None:
        able = [
            state
            for state in self.targets(target)
            if state.account.may_serve(state, target.model, now)
            and state.account.meter.has_room(target.model)
            and self._can_take(state.account, target.model, cost, now, claims)
        ]
        return min(able, key=lambda state: (state.in_flight, state.turn), default=None)

    @staticmethod
    def _can_take(account: Account, model: str | None, cost: Cost, now: float, claims: Mapping[Account, Claim]) -> bool:
        if not account.meter.fits(cost, model, now):
            return False
        if account.ration is not None and account.ration.find(cost, model, now) is None:
            return False
        claim = claims.get(account) if claims else None
        return claim is None or account.meter.fits_beside(claim, cost, model, now)

    def _observe(self, account: Account, model: str | None, told: Remaining, now: float) -> None:
        """Count what others spent. Where we have no such limit for this model, it rests once nothing is left."""
        is_counted = account.meter.observe(told.period, told.requests, told.tokens, told.until, model, now)
        if not is_counted and model is not None and 0 in (told.requests, told.tokens):
            health = account.models.setdefault(model, self._new_health())
            health.rest(told.until, "used up", now=now, epoch=self.epoch + 1, is_current=True, jitter=self.dice.random)
            self._diagnose()
        self.changed(account)

    def _failed(self, state: KeyState, model: str | None, now: float, epoch: int | None) -> bool:
        """A failure of the service: the key's while others serve; the provider's when it is the last one standing.

        Then those that rest for the same reason are believed in again: they were no worse than this one.
        """
        others = self._others(state)
        if any(other.account.is_tried(other, model) for other in others):
            return state.health.fail(now=now, epoch=self.epoch + 1, is_current=_current(state.health, epoch))
        failing = [other for other in others if other.health.why == "unavailable"]
        for other in failing:
            other.health.reset(epoch=self.epoch + 1)
        return bool(failing)

    def _others(self, state: KeyState) -> list[KeyState]:
        return [other for other in self.keys.values() if other is not state]

    def _health(self, state: KeyState, model: str | None, scope: Scope) -> Health:
        match scope:
            case Scope.KEY:
                return state.health
            case Scope.MODEL if model is not None:
                return state.account.models.setdefault(model, self._new_health())
            case Scope.PROVIDER:
                return self.provider
            case _:
                return state.account.health

    def _touch(self, grant: Grant) -> None:
        if grant.probes and any(health is self.provider for health in grant.probes):  # which is everybody's
            self.changed_all()
        else:
            self.changed(grant.state.account)

    def _diagnose(self) -> None:
        self.epoch += 1
        for account in self.accounts.values():
            account.diagnose()
        self.changed_all()

    def _new_health(self) -> Health:
        return Health(self.cooldown, self.longest_cooldown)


def _current(health: Health, epoch: int | None) -> bool:
    return epoch is None or health.changed <= epoch
