"""Bodies held against their schemas, in the words of Runway's validator: every issue of a body in one answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_mapping

DOCUMENTATION = "https://docs.dev.runwayml.com/api"
#: Characters of an address by its scheme (OpenAPI 2026-08-08).
SHORTEST_URI, LONGEST_URL, LONGEST_UPLOAD = 13, 2048, 5000
LONGEST_DATA = {"image": 5_242_880, "video": 16_777_216, "audio": 16_777_216}


@dataclass(slots=True)
class Issues:
    """Everything wrong with one body."""

    found: list[dict[str, object]] = field(default_factory=list)

    def add(self, code: str, name: str, message: str) -> None:
        self.found.append({"code": code, "path": [name] if name else [], "message": message})

    def raise_any(self) -> None:
        if self.found:
            raise refused(self.found)


def refused(issues: list[dict[str, object]]) -> Refused:
    return Refused(Answer(400, {"error": "Validation of body failed", "issues": issues, "docUrl": DOCUMENTATION}))


Check = Callable[[object], tuple[str, str] | None]
"""The issue's code and words for a value that a field does not take; `None` where it does."""


def text(longest: int, shortest: int = 1) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        if not isinstance(value, str):
            return _mistyped("string")
        units = len(value.encode("utf-16-le", "surrogatepass")) // 2
        if units < shortest:
            return "too_small", f"Too small: expected string to have >={shortest} characters"
        return ("too_big", f"Too big: expected string to have <={longest} characters") if units > longest else None

    return check


def one_of(*words: object) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        if any(type(value) is type(word) and value == word for word in words):
            return None
        return "invalid_value", f"Invalid option: expected one of {'|'.join(map(str, words))}"

    return check


def whole(least: int, most: int) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        if type(value) is not int:
            return _mistyped("int")
        return None if least <= value <= most else ("invalid_value", f"Expected a number from {least} to {most}")

    return check


def flag(value: object) -> tuple[str, str] | None:
    return None if isinstance(value, bool) else _mistyped("boolean")


def uri(kind: str) -> Check:
    """An HTTPS URL, an upload or a data URI of a kind: "image", "video" or "audio"."""

    def check(value: object) -> tuple[str, str] | None:
        if not isinstance(value, str):
            return _mistyped("string")
        bounds = {"https://": LONGEST_URL, "runway://": LONGEST_UPLOAD, f"data:{kind}/": LONGEST_DATA[kind]}
        bound = next((most for start, most in bounds.items() if value.startswith(start)), None)
        if bound is None:
            return "invalid_format", f"Expected an https URL, a Runway URI or a data URI of the type {kind}"
        return None if SHORTEST_URI <= len(value) <= bound else ("too_big", f"Expected 13 to {bound} characters")

    return check


def keyed(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no other."""
    fields = {**required, **(optional or {})}

    def check(value: object) -> tuple[str, str] | None:
        if not isinstance(value, dict):
            return _mistyped("object")
        strangers = sorted(value.keys() - fields.keys())
        if strangers:
            return "unrecognized_keys", f'Unrecognized key: "{strangers[0]}"'
        missing = sorted(required.keys() - value.keys())
        if missing:
            return "invalid_type", f"{missing[0]}: expected a value, received undefined"
        return next((issue for name in value if (issue := fields[name](value[name])) is not None), None)

    return check


def several(item: Check, least: int, most: int) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        if not isinstance(value, list):
            return _mistyped("array")
        if not least <= len(value) <= most:
            code = "too_big" if len(value) > most else "too_small"
            return code, f"Expected an array of {least} to {most} items"
        return next((issue for one in value if (issue := item(one)) is not None), None)

    return check


def either(first: Check, second: Check) -> Check:
    def check(value: object) -> tuple[str, str] | None:
        issue = first(value)
        return None if issue is None or second(value) is None else issue

    return check


def check_fields(
    body: Mapping[str, object], required: Collection[str], fields: Mapping[str, Check], issues: Issues
) -> None:
    """Hold a body against one model's fields; `model` itself is known by then."""
    for missing in sorted(required - body.keys()):
        issues.add("invalid_type", missing, "Invalid input: expected a value, received undefined")
    for name, value in body.items():
        if name == "model":
            continue
        if name not in fields:
            issues.add("unrecognized_keys", "", f'Unrecognized key: "{name}"')
        elif (issue := fields[name](value)) is not None:
            issues.add(issue[0], name, issue[1])


def positions(value: object) -> set[object]:
    """The positions that the pictures of a list say they take; `None` for one that says none."""
    return {as_mapping(one).get("position") for one in value} if isinstance(value, list) else set()


def _mistyped(expected: str) -> tuple[str, str]:
    return "invalid_type", f"Invalid input: expected {expected}"
