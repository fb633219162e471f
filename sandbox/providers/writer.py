"""The sandbox's language model: it fills whatever schema a request brings from the brief, and knows no product.

What a field means is read from its name, its type and its neighbours: a list of things with prompts is a story's shots,
a list of things that aim at shots is a list of edits, anything else is told from the words, the context and the looks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.providers import seen
from sandbox.providers.brief import Brief, summary_in
from sandbox.providers.changes import Op, asks_for_safe_words, changes_in, softened
from sandbox.providers.documents import as_list, as_text, either, mappings
from sandbox.providers.edits import edits_of, looks_like_edits, reply_to, takes_ratio
from sandbox.providers.schemas import Schema, objects_in
from sandbox.providers.story import Story, count_of, idea_in, tell

#: Deeper than any answer is meant to be; ends schemas that refer to themselves.
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in an answer a field stands: `facts` are known there by name, `number` is the item's position from 0."""

    name: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    number: int = 0
    depth: int = 0


def answer(schema: Mapping[str, object] | None, brief: Brief) -> str:
    """The answer's text: JSON where there is a schema, prose where there is none."""
    if not schema:
        return prose(brief)
    return json.dumps(write(Schema.of(dict(schema)), brief), ensure_ascii=False)


def prose(brief: Brief) -> str:
    if brief.looks:
        return seen.summary(brief.looks, brief.words)
    if brief.shots:
        return reply_to(brief, changes_in(brief))
    return f"{idea_in(brief.words).capitalize()}: that could become a fine film. Shall I plan it?"


def write(schema: Schema, brief: Brief) -> object:
    """A value that fits `schema`."""
    return _Writer(brief).value(schema, Place())


class _Writer:
    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.changes = changes_in(brief) if brief.shots else []

    def value(self, schema: Schema, place: Place) -> object:
        if place.depth > MAX_DEPTH:
            return None
        match schema.type:
            case "object":
                return self.fields(schema, place)
            case "array":
                return self.items(schema, place)
            case "union":
                return self.value(schema.branches[0], place)
            case "string":
                return self.text(schema, place)
            case "integer" | "number":
                return self.number(schema, place)
            case "boolean":
                return self.flag(schema, place)
            case _:
                return None

    def fields(self, schema: Schema, place: Place) -> dict[str, object]:
        properties = schema.properties
        facts = dict(place.facts)
        shots = next((items for items in map(_shots, properties.values()) if items is not None), None)
        story = self._story(shots, properties) if shots is not None else None
        if story is not None:
            facts |= {
                "title": story.title,
                "logline": story.logline,
                "idea": story.idea,
                "summary": story.logline,
                "music": story.music,
            }
        for inner in properties.values():  # before the reply, which must not say what no edit can
            if inner.type == "array" and looks_like_edits(inner.items) and not takes_ratio(inner.items):
                self.changes = [change for change in self.changes if change.op is not Op.RATIO]
        written: dict[str, object] = {}
        for name, inner in properties.items():
            there = Place(name=name, facts=facts, number=place.number, depth=place.depth + 1)
            items = _shots(inner)
            if items is not None and story is not None:
                value: object = self._told(items, story, there)
            elif inner.type == "array" and looks_like_edits(inner.items):
                value = edits_of(inner.items, self.changes, self.brief)
            else:
                value = self.value(inner, there)
            if value is None and not inner.is_nullable:
                if name not in schema.required:
                    continue
                value = _empty(inner)
            written[name] = value
        return written

    def _story(self, shots: Schema, properties: Mapping[str, Schema]) -> Story:
        """The story that fits the shots' shape: how many there may be, how long each may last."""
        lists = next(inner for inner in properties.values() if _shots(inner) is not None)
        shape = next(objects_in(shots))
        length = next((inner for name, inner in shape.properties.items() if _is_length(name, inner)), None)

        def fit(seconds: float) -> float:
            allowed = self.brief.allowed(seconds)
            return length.clamped(allowed) if length is not None else allowed

        longest = max(self.brief.durations, default=length.bound("maximum") if length is not None else None)
        least, most = lists.bound("minItems"), lists.bound("maxItems")
        count = count_of(self.brief, int(least or 1), int(most or 99), longest)
        return tell(self.brief, count, fit)

    def _told(self, items: Schema, story: Story, place: Place) -> list[object]:
        shape = next(objects_in(items))
        told: list[object] = []
        for number, scene in enumerate(story.scenes):
            facts: dict[str, object] = {
                "title": scene.title, "name": scene.title, "prompt": scene.prompt, "description": scene.prompt,
                "camera": scene.camera, "duration": scene.seconds, "seconds": scene.seconds,
                "narration": scene.narration, "voice": scene.narration, "sound": "",
                "number": number + 1, "index": number + 1, "shot": number + 1,
            }  # fmt: skip
            told.append(self.fields(shape, Place(name=place.name, facts=facts, number=number, depth=place.depth + 1)))
        return told

    def items(self, schema: Schema, place: Place) -> list[object]:
        items = schema.items
        least, most = int(schema.bound("minItems") or 0), int(schema.bound("maxItems") or 12)
        if items.type == "string" and not items.choices:
            found = seen.words_for(place.name, self.brief)[:most]
            return [*(items.cut(word) for word in found), *(["..."] * (least - len(found)))]
        is_told = items.type in {"object", "union"} and not seen.is_speech(place.name)
        facts = seen.moments(self.brief.looks, most) if is_told else []
        count = max(least, min(most, len(facts)))
        return [
            self.value(
                items,
                Place(name=place.name, facts=facts[n] if n < len(facts) else {}, number=n, depth=place.depth + 1),
            )
            for n in range(count)
        ]

    def text(self, schema: Schema, place: Place) -> str | None:
        if schema.choices:
            return self._choice(schema, place)
        found = self._known(place)
        if found is None and schema.is_nullable:
            return None
        text = schema.cut(found or "")
        least = int(schema.bound("minLength") or 0)
        return text if len(text) >= least else (text + " and so on" * least)[: max(least, len(text))].strip() or "-"

    def _known(self, place: Place) -> str | None:
        """What is known by a field's name: from its place, from a film looked at, from the talk."""
        name = place.name.lower()
        fact = _fact(place.facts, name)
        if isinstance(fact, str):
            return fact
        if re.search(r"reply|answer|message|response|comment", name):
            return (
                seen.summary(self.brief.looks, self.brief.words)
                if self.brief.looks
                else reply_to(self.brief, self.changes)
            )
        looked = seen.told(name, self.brief)
        if looked is not None:
            return looked
        if name in {"model", "model_id"}:
            models = mappings(self.brief.find("models"))
            return (
                as_text(either(models[0], "id", "name", "model"))
                if models
                else as_text(self.brief.find("model")) or None
            )
        known = self.brief.find(place.name)
        if isinstance(known, str) and known:
            return softened(known) if asks_for_safe_words(self.brief) else known
        if re.search(r"summary|description|synopsis|overview|what", name):
            return summary_in(self.brief) or idea_in(self.brief.words)
        return None

    def _choice(self, schema: Schema, place: Place) -> str | None:
        """The choice that the words or the context name; a shot of a film with footage begins with the footage."""
        choices = [as_text(choice) for choice in schema.choices]
        fact = _fact(place.facts, place.name.lower())
        known = fact if fact in choices else self.brief.find(place.name)
        if isinstance(known, str) and known in choices:
            return known
        for choice in choices:
            plain = choice.replace("_", " ")
            if len(plain) > 3 and re.search(rf"\b{re.escape(plain)}\b", self.brief.words, re.IGNORECASE):
                return choice
        footage = next((choice for choice in choices if re.search("upload|footage|still", choice, re.IGNORECASE)), None)
        if footage and "start" in place.name and place.number == 0 and summary_in(self.brief):
            return footage
        default = as_text(schema.default)
        if default in choices:
            return default
        return None if schema.is_nullable else choices[0]

    def number(self, schema: Schema, place: Place) -> float | int | None:
        fact = _fact(place.facts, place.name.lower())
        if isinstance(fact, int | float) and not isinstance(fact, bool):
            return schema.clamped(fact)
        looked = seen.measured(place.name.lower(), self.brief)
        if looked is not None:
            return schema.clamped(looked)
        if place.name == "start_at" and place.number == 0 and summary_in(self.brief):
            return schema.clamped(0)
        if schema.is_nullable:
            return None
        default = schema.default
        if isinstance(default, int | float):
            return schema.clamped(default)
        return schema.clamped(0.8 if "confidence" in place.name else 0)

    def flag(self, schema: Schema, place: Place) -> bool:
        if self.brief.looks and re.search(r"sound|audio|speech", place.name):
            return self.brief.looks[0].has_sound
        if re.search(r"again|anew", place.name):
            return re.search(r"\b(again|closely|closer)\b", self.brief.words, re.IGNORECASE) is not None
        return bool(schema.default)


def _fact(facts: Mapping[str, object], name: str) -> object:
    """A fact under a field's name, or under a word of it ("shot_title" is a title, "duration_seconds" a duration)."""
    if name in facts:
        return facts[name]
    return next((value for key, value in facts.items() if key in re.split(r"[^a-z]+", name)), None)


def _shots(schema: Schema) -> Schema | None:
    """The items of a list of shots: things with a prompt that do not themselves say what to do with it."""
    if schema.type != "array":
        return None
    items = schema.items
    shapes = [shape for shape in objects_in(items) if "prompt" in shape.properties]
    return items if shapes and not looks_like_edits(items) else None


def _is_length(name: str, schema: Schema) -> bool:
    return (
        schema.type in {"integer", "number"} and re.search(r"duration|seconds|length", name, re.IGNORECASE) is not None
    )


def _empty(schema: Schema) -> object:
    if schema.choices:
        return as_list(schema.choices)[0]
    empty: dict[str, object] = {"string": "", "boolean": False, "array": [], "object": {}}
    return empty[schema.type] if schema.type in empty else schema.clamped(0)
