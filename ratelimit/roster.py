"""The keys of one provider, how they fare, and which of them may serve a request now. Decides; waits for nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ratelimit.health import Health
from ratelimit.keys import ApiKey
from ratelimit.limits import Cost, Limits
from ratelimit.meter import Claim, Meter, Spending
from ratelimit.verdicts import BadRequest, Exhausted, Rejected, Scope, Throttled, Verdict


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. Requests that are equal are interchangeable: where one cannot be served, no other can."""

    cost: Cost
    model: str | None = None
    account: str | None = None
    key_id: str | None = None


@dataclass(slots=True, eq=False)
class Account:
    """A quota group: its meter, its health, and that of its models."""

    id: str
    meter: Meter
    health: Health
    models: dict[str, Health] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class KeyState:
    """A key in the pool. `turn` is the number of the grant that used it last."""

    key: ApiKey
    account: Account
    health: Health
    in_flight: int = 0
    turn: int = 0


@dataclass(slots=True, eq=False)
class Grant:
    """A key given to a request: what it spent, and the states of health it was given under."""

    state: KeyState
    request: Request
    spending: Spending
    generations: Mapping[Scope, int]
    probes: tuple[Health, ...]


@dataclass(slots=True)
class Roster:
    """Every key with its account.

    Attributes:
        limits: of every account, unless `account_limits` names others for it.
        cooldown, longest_cooldown: seconds; see `Health`.
        skew: seconds; see `ratelimit.meter`.
    """

    limits: Limits
    account_limits: Mapping[str, Limits]
    cooldown: float
    longest_cooldown: float
    skew: float
    keys: dict[str, KeyState] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    provider: Health = field(init=False)
    _turns: int = 0

    def __post_init__(self) -> None:
        self.provider = self._new_health()

    def add(self, key: ApiKey) -> None:
        if key.id in self.keys:
            raise ValueError(f"two keys have the id {key.id}")
        account = self.accounts.get(key.account)
        if account is None:
            limits = self.account_limits.get(key.account, self.limits)
            account = Account(key.account, Meter(limits, skew=self.skew), self._new_health())
            self.accounts[key.account] = account
        self.keys[key.id] = KeyState(key, account, self._new_health())

    def choose(self, request: Request, now: float, claims: Mapping[str, Claim]) -> KeyState | None:
        """The key for this request now, if there is one.

        A key that comes back from a rest goes first, for its probe (ranked by load it would rank last as long as
        others are busier, and never return). Then the least loaded account, then the key with the least in flight,
        then the one whose turn is longest ago. `claims` of those who stand further ahead are left untouched.
        """
        best: tuple[bool, float, int, int] | None = None
        chosen = None
        for state in self._targets(request):
            meter, model = state.account.meter, request.model
            healths = self._healths(state, model).values()
            if not all(health.may_serve(now) for health in healths):
                continue
            if not meter.has_room(model) or not meter.fits(request.cost, model, now):
                continue
            claim = claims.get(state.account.id)
            if claim is not None and not meter.fits_beside(claim, request.cost, model, now):
                continue
            is_tried = all(health.is_healthy for health in healths)
            rank = (is_tried, meter.load(model, now), state.in_flight, state.turn)
            if best is None or rank < best:
                best, chosen = rank, state
        return chosen

    def claim(self, request: Request, now: float, claims: dict[str, Claim]) -> None:
        """Keep for a request that must wait what it needs, on the account that will have it soonest.

        Without that a large cost starves: smaller ones from behind would fill every gap it waits for. Only what time
        brings back is claimed; for room that operations hold, and for sick keys, nobody knows when.
        """
        soonest = math.inf
        account = None
        for state in self._targets(request):
            meter = state.account.meter
            is_healthy = all(health.may_serve(now) for health in self._healths(state, request.model).values())
            if state.account.id not in claims and is_healthy and meter.has_room(request.model):
                at = meter.earliest(request.cost, request.model, now)
                if at < soonest:
                    soonest, account = at, state.account
        if account is not None:
            claims[account.id] = Claim(soonest, request.cost, request.model)

    def grant(self, state: KeyState, request: Request, now: float) -> Grant:
        self._turns += 1
        state.turn = self._turns
        state.in_flight += 1
        healths = self._healths(state, request.model)
        probes = tuple(health for health in healths.values() if not health.is_healthy)
        for health in probes:
            health.is_probed = True
        return Grant(
            state=state,
            request=request,
            spending=state.account.meter.spend(request.cost, request.model, now),
            generations={Scope.MODEL: 0, **{scope: health.generation for scope, health in healths.items()}},
            probes=probes,
        )

    def end(self, grant: Grant) -> None:
        """The grant is over; a probe that learned nothing leaves its turn to the next."""
        grant.state.in_flight -= 1
        for health in grant.probes:
            health.is_probed = False

    def served(self, grant: Grant) -> None:
        """The provider did what it was asked: all that took part is well."""
        for scope, health in self._healths(grant.state, grant.request.model).items():
            health.recover(generation=grant.generations.get(scope, health.generation))

    def refused(
        self,
        state: KeyState,
        model: str | None,
        verdict: Verdict,
        cause: BaseException | None,
        now: float,
        generations: Mapping[Scope, int],
    ) -> None:
        """Apply a verdict. Times in it are on the same clock as `now`. `generations` may be empty: then it is news."""
        match verdict:
            case BadRequest() | Throttled(until=None, scope=Scope.PROVIDER):
                return
            case Rejected():
                state.health.put_out("rejected", cause)
            case Exhausted(until=None, scope=scope):
                self._health(state, model, scope).put_out("exhausted", cause)
            case Throttled(until=until, scope=scope) | Exhausted(until=until, scope=scope):
                health = self._health(state, model, scope)
                why = "exhausted" if isinstance(verdict, Exhausted) else "throttled"
                known = Scope.ACCOUNT if scope is Scope.MODEL and model is None else scope
                health.rest(until, why, generation=generations.get(known, health.generation), now=now)

    def impossibility(self, request: Request) -> tuple[str, BaseException | None] | None:
        """Why no key will ever serve this, with the failure behind it; `None` while one may."""
        reason, cause = "no key is configured for this target", None
        for state in self._targets(request):
            out = next((h for h in self._healths(state, request.model).values() if h.is_out), None)
            if out is not None:
                reason, cause = f"every usable key is out, the last one {out.why}", out.cause
            elif not state.account.meter.limits.allow(request.cost, request.model):
                reason, cause = f"{request.cost} is more than any key may ever take", None
            else:
                return None
        return reason, cause

    def is_busy(self, now: float) -> bool:
        """Whether surely nobody can be served now: a cheap answer for the usual case of full windows."""
        return not self.provider.may_serve(now) or not any(
            state.health.may_serve(now) and state.account.health.may_serve(now) and not state.account.meter.is_full(now)
            for state in self.keys.values()
        )

    def next_change(self, now: float) -> float:
        """When time itself may make something possible that is not now; infinity if it will not."""
        times = [health.until for health in self._all_healths() if health.until > now]
        times += [account.meter.next_expiry(now) for account in self.accounts.values()]
        return min(times, default=math.inf)

    @property
    def states(self) -> Iterable[KeyState]:
        return self.keys.values()

    def reinstate(self, key_id: str) -> None:
        state = self.keys[key_id]
        for health in (state.health, state.account.health, *state.account.models.values()):
            health.reset()

    def healths_of(self, state: KeyState) -> Iterable[Health]:
        """All that decides whether this key can serve at least something."""
        return self.provider, state.account.health, state.health

    def _targets(self, request: Request) -> Iterator[KeyState]:
        if request.key_id is not None:
            named = self.keys.get(request.key_id)
            states: Iterable[KeyState] = () if named is None else (named,)
        else:
            states = self.keys.values()
        return (state for state in states if request.account in (None, state.account.id))

    def _healths(self, state: KeyState, model: str | None) -> dict[Scope, Health]:
        healths = {Scope.PROVIDER: self.provider, Scope.ACCOUNT: state.account.health, Scope.KEY: state.health}
        if model is not None and model in state.account.models:
            healths[Scope.MODEL] = state.account.models[model]
        return healths

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

    def _all_healths(self) -> Iterator[Health]:
        yield self.provider
        for account in self.accounts.values():
            yield account.health
            yield from account.models.values()
        for state in self.keys.values():
            yield state.health

    def _new_health(self) -> Health:
        return Health(self.cooldown, self.longest_cooldown)
