"""A response schema, however it is written: Gemini's upper-case OpenAPI types or JSON Schema with references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.providers.documents import as_list, as_mapping, as_number, as_text, either


@dataclass(frozen=True, slots=True)
class Schema:
    """One node. `root` holds the definitions that references point into."""

    document: dict[str, object]
    root: dict[str, object]

    @classmethod
    def of(cls, document: dict[str, object]) -> Schema:
        return cls(document, document).resolved()

    def _child(self, document: object) -> Schema:
        return Schema(as_mapping(document), self.root).resolved()

    def resolved(self) -> Schema:
        """This node with its reference followed, and a union of one thing and null taken for that thing."""
        document = self.document
        reference = as_text(either(document, "$ref", "ref"))
        if reference:
            target: object = self.root
            for part in reference.removeprefix("#").strip("/").split("/"):
                target = as_mapping(target).get(part.replace("~1", "/").replace("~0", "~"))
            return Schema({**as_mapping(target), **_without(document, "$ref", "ref")}, self.root).resolved()
        branches = as_list(either(document, "anyOf", "oneOf", "any_of"))
        real = [branch for branch in branches if _type(as_mapping(branch)) != "null"]
        if len(real) == 1:
            rest = _without(document, "anyOf", "oneOf", "any_of")
            nullable = len(real) != len(branches) or bool(rest.get("nullable"))
            return Schema({**rest, **as_mapping(real[0]), "nullable": nullable}, self.root).resolved()
        whole = as_list(document.get("allOf"))
        if len(whole) == 1:
            return Schema({**_without(document, "allOf"), **as_mapping(whole[0])}, self.root).resolved()
        return self

    @property
    def type(self) -> str:
        """One of "object", "array", "string", "integer", "number", "boolean", "null" or "union"."""
        if len(self.branches) > 1:
            return "union"
        named = _type(self.document)
        if named:
            return named
        if "properties" in self.document:
            return "object"
        if "items" in self.document:
            return "array"
        return {bool: "boolean", int: "integer", float: "number"}.get(type(self.document.get("const")), "string")

    @property
    def is_nullable(self) -> bool:
        types = as_list(self.document.get("type"))
        return bool(self.document.get("nullable")) or any(as_text(name).lower() == "null" for name in types)

    @property
    def branches(self) -> list[Schema]:
        """The alternatives of a union, null left out."""
        alternatives = as_list(either(self.document, "anyOf", "oneOf", "any_of"))
        return [self._child(branch) for branch in alternatives if _type(as_mapping(branch)) != "null"]

    @property
    def properties(self) -> dict[str, Schema]:
        named = as_mapping(self.document.get("properties"))
        order = [as_text(name) for name in as_list(either(self.document, "propertyOrdering", "property_ordering"))]
        names = [name for name in order if name in named] + [name for name in named if name not in order]
        return {name: self._child(named[name]) for name in names}

    @property
    def required(self) -> set[str]:
        return {as_text(name) for name in as_list(self.document.get("required"))}

    @property
    def items(self) -> Schema:
        return self._child(self.document.get("items"))

    @property
    def choices(self) -> list[object]:
        if "const" in self.document:
            return [self.document["const"]]
        return as_list(self.document.get("enum"))

    @property
    def description(self) -> str:
        return as_text(self.document.get("description"))

    @property
    def default(self) -> object:
        return self.document.get("default")

    def bound(self, name: str) -> float | None:
        """`minimum`, `maximum`, `minItems`, `maxItems`, `minLength` or `maxLength`; exclusive bounds moved by one."""
        value = as_number(either(self.document, name, _snake(name)))
        exclusive = as_number(self.document.get(f"exclusive{name.capitalize()}"))
        if exclusive is not None:
            return exclusive + (1 if name == "minimum" else -1)
        return value

    def clamped(self, value: float) -> float | int:
        """`value` within the bounds, whole where the type says so, the nearest choice where there are choices."""
        numbers = [number for number in map(as_number, self.choices) if number is not None]
        if numbers:
            value = min(numbers, key=lambda number: abs(number - value))
        low, high = self.bound("minimum"), self.bound("maximum")
        if low is not None:
            value = max(low, value)
        if high is not None:
            value = min(high, value)
        return round(value) if self.type == "integer" else round(value, 2)

    def cut(self, text: str) -> str:
        """`text` as long as it may be, at the end of a word where possible."""
        longest = self.bound("maxLength")
        if longest is None or len(text) <= longest:
            return text
        whole = text[: int(longest)]
        return whole.rsplit(" ", 1)[0].rstrip(",;: ") if " " in whole else whole


def objects_in(schema: Schema) -> Iterator[Schema]:
    """The shapes an item may have: itself, or each branch of its union."""
    if schema.type == "union":
        yield from (branch for branch in schema.branches if branch.type == "object")
    elif schema.type == "object":
        yield schema


def _type(document: dict[str, object]) -> str:
    value = document.get("type")
    if isinstance(value, list):
        value = next((name for name in value if as_text(name).lower() != "null"), "null")
    return as_text(value).lower()


def _without(document: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in names}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
