"""Single values of a spec, read from whatever they came as; what cannot be meant is a `SpecFault`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

from benchmarks.pool.told import seconds_of


class SpecFault(ValueError):
    """The spec says something that cannot be meant. The message begins with the field."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


def fields_of(thing: object, where: str) -> dict[str, object]:
    """The fields of a dict, a dataclass, a named tuple or any plain object."""
    if isinstance(thing, Mapping):
        return {str(name): value for name, value in thing.items()}
    names = getattr(thing, "__dataclass_fields__", None) or getattr(thing, "_fields", None)
    names = names or getattr(thing, "__slots__", None) or _attributes(thing)
    if not names or isinstance(thing, type | str | int | float):
        raise SpecFault(where, f"{thing!r} has no fields")
    return {name: getattr(thing, name, None) for name in names}


def _attributes(thing: object) -> list[str]:
    """Its own, and those of its class that are values: a default that is overlooked is a limit that is crossed."""
    of_class = [name for name in dir(type(thing)) if not name.startswith("_")]
    values = [name for name in of_class if not callable(getattr(type(thing), name))]
    return [*getattr(thing, "__dict__", ()), *values]


def first_of(said: Mapping[str, object], *names: str) -> object:
    return next((said[name] for name in names if said.get(name) is not None), None)


def read_name(raw: object, where: str) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int) or not str(raw):
        raise SpecFault(where, f"{raw!r} is no name")
    return str(raw)


def read_positive(raw: object, where: str, default: float, *, zero: bool = False) -> float:
    if raw is None:
        return default
    if (
        isinstance(raw, bool)
        or not isinstance(raw, int | float)
        or math.isnan(raw)
        or raw < 0
        or (raw == 0 and not zero)
    ):
        raise SpecFault(where, f"{raw!r} is no positive number")
    return float(raw)


def read_seconds(raw: object, where: str) -> float:
    """Of 60, "60", "60s", "1m" or a `timedelta`."""
    if isinstance(raw, timedelta):
        raw = raw.total_seconds()
    elif isinstance(raw, str):
        raw = seconds_of(raw)
    return read_positive(raw, where, math.nan)


def read_amount(raw: object, where: str) -> float:
    """Finite, and not negative."""
    if isinstance(raw, str) and raw.strip().isdecimal():
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw) or raw < 0:
        raise SpecFault(where, f"{raw!r} is no number of things")
    return raw


def read_whole(raw: object, where: str, default: int) -> int:
    """Rounded up, as costs are; limits are not read with this."""
    return default if raw is None else math.ceil(read_amount(raw, where))
