"""Reads what an outside harness says about a pool: keys, accounts, limits and the rest, in whichever shape it comes.

Liberal in what it takes, and plain about what it does not: `SpecFault` names the field. Keys and their
accounts are read in `spec_keys`; whose limits there are in `spec_limits`, and what they say in `spec_rates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmarks.pool.spec_keys import read_keys
from benchmarks.pool.spec_limits import read_limits
from benchmarks.pool.spec_values import SpecFault, fields_of, first_of, read_positive, read_whole
from ratelimit import ApiKey, Cost, Limits, Priority

SHORTEST_COOLDOWN = 0.1
"""Seconds to rest even where the spec says none: a call is repeated while its key is refused, and must not spin."""

LONGEST_SKEW = 60.0
"""Seconds. More are surely milliseconds, and a window that is kept so much longer wastes most of its limit."""

_REQUESTS = ("requests", "max_requests", "limit", "rate", "capacity", "count", "amount", "n", "max", "rpm")
_UNITS = ("units", "weight")  # of requests, where these are not named
_TOKENS = ("tokens", "max_tokens", "tpm")
_ONE = Cost()
_ROOM = ("room", "concurrency", "concurrent", "max_concurrent", "slots")
_PRIORITIES = {
    **{priority.name.lower(): priority for priority in Priority},
    **dict.fromkeys(("urgent", "critical", "highest", "realtime", "analysis"), Priority.HIGH),
    **dict.fromkeys(("normal", "default", "interactive", "chat"), Priority.MEDIUM),
    **dict.fromkeys(("background", "batch", "bulk", "lowest"), Priority.LOW),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A spec that was understood. The secret of a key is what the harness called it."""

    keys: tuple[ApiKey, ...]
    account_limits: Mapping[str, Limits]
    weights: Mapping[str, float]
    cooldown: float = 30.0
    max_retries: int = 3
    skew: float = 0.25
    state_dir: Path | None = None


def read_spec(spec: object) -> Setup:
    """Raises `SpecFault`."""
    said = fields_of(spec, "spec")
    read = read_keys(said)
    cooldown = read_positive(first_of(said, "cooldown", "cooldown_s", "cooldown_seconds"), "cooldown", 30.0, zero=True)
    state_dir = first_of(said, "state_dir", "state", "state_path")
    return Setup(
        keys=tuple(ApiKey(f"key-{n}", key.account, key.name) for n, key in enumerate(read.keys, start=1)),
        account_limits=read_limits(said, read.keys, read.of_accounts, read.overlooked),
        weights=_read_weights(first_of(said, "weights", "user_weights")),
        cooldown=max(cooldown, SHORTEST_COOLDOWN),
        max_retries=read_whole(first_of(said, "max_retries", "retries"), "max_retries", 3),
        skew=_read_skew(first_of(said, "max_skew", "skew")),
        state_dir=_path(state_dir) if state_dir else None,
    )


def read_priority(said: object) -> Priority:
    """A `Priority`, its name (or its plural) or its number; `None` is `Priority.MEDIUM`.

    Of an enumeration of the harness's own the name counts: its numbers may run the other way.
    """
    if type(said) is str and said in _PRIORITIES:  # the usual case
        return _PRIORITIES[said]
    if isinstance(said, Priority):
        return said
    if said is None:
        return Priority.MEDIUM
    for meant in (getattr(said, "name", None), getattr(said, "value", said)):
        if isinstance(meant, str):
            word = meant.strip().lower().rpartition(".")[2]
            for name in (word, word.removesuffix("s")):
                if name in _PRIORITIES:
                    return _PRIORITIES[name]
    if isinstance(meant, str | int | float) and not isinstance(meant, bool):
        try:
            return Priority(float(meant))  # type: ignore[arg-type]  # found by equality: 1.0 is 1, and 1.5 is none
        except ValueError:
            pass
    raise SpecFault("priority", f"{said!r} is none of {', '.join(_PRIORITIES)} and no number from 0 to 3")


def read_cost(said: object) -> Cost:
    """`None` and a number (of requests), a dict or an object with `requests` and `tokens`."""
    if said is None or (said.__class__ is int and said == 1):  # the usual case
        return _ONE
    if isinstance(said, Cost):
        return said
    if isinstance(said, int | float):
        said = {"requests": said}
    if not isinstance(said, Mapping) or not said.keys() <= {"requests", "tokens"}:
        said = _known_costs(fields_of(said, "cost"), is_open=not isinstance(said, Mapping))
    try:
        return _cost(said.get("requests"), said.get("tokens"))
    except TypeError:  # it cannot even be looked up
        raise SpecFault("cost", f"{said!r} are no numbers") from None


def _known_costs(fields: Mapping[str, object], *, is_open: bool) -> Mapping[str, object]:
    """By our names; an object may have other fields, too."""
    strange = set(fields) - {*_REQUESTS, *_UNITS, *_TOKENS, *_ROOM}
    if strange and not is_open:
        raise SpecFault("cost", f"does not know {', '.join(sorted(strange))}")
    if read_whole(first_of(fields, *_ROOM), "cost.room", 1) > 1:
        raise SpecFault("cost.room", "one lease takes one place")
    return {"requests": first_of(fields, *_REQUESTS, *_UNITS), "tokens": first_of(fields, *_TOKENS)}


@lru_cache(typed=True)
def _cost(requests: object, tokens: object) -> Cost:
    """Remembered, for most requests cost what others did."""
    return Cost(max(1, read_whole(requests, "cost.requests", 1)), read_whole(tokens, "cost.tokens", 0))


def _read_skew(raw: object) -> float:
    skew = read_positive(raw, "max_skew", 0.25, zero=True)
    if skew > LONGEST_SKEW:
        raise SpecFault("max_skew", f"{raw!r} is no number of seconds that a network takes")
    return skew


def _read_weights(raw: object) -> dict[str, float]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise SpecFault("weights", f"{raw!r} is no map of users to numbers")
    return {str(user): read_positive(weight, f"weights[{user}]", 1.0) for user, weight in raw.items()}


def _path(raw: object) -> Path:
    if not isinstance(raw, str | Path):
        raise SpecFault("state_dir", f"{raw!r} is no path")
    if Path(raw).exists() and not Path(raw).is_dir():
        raise SpecFault("state_dir", f"{raw} is no folder")
    return Path(raw)
