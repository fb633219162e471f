"""Reading JSON that somebody else wrote: every look answers, absent or wrongly typed parts read as empty."""

from __future__ import annotations

import json
from collections.abc import Iterator


def parsed(text: str | bytes) -> object:
    """The JSON value in `text`, or `None` where it holds none."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def as_mapping(value: object) -> dict[str, object]:
    return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """A number, also where it is written as text (Gemini writes 64-bit integers so)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def either(document: dict[str, object], *names: str) -> object:
    """The first of `names` that is there; Google's SDKs write some keys in both cases."""
    return next((document[name] for name in names if document.get(name) is not None), None)


def mappings(value: object) -> list[dict[str, object]]:
    return [as_mapping(item) for item in as_list(value) if isinstance(item, dict)]


def walk(value: object) -> Iterator[dict[str, object]]:
    """Every object inside `value`, itself included, outermost first."""
    if isinstance(value, dict):
        yield as_mapping(value)
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
