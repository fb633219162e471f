"""The sandbox's table against Runway's own document: what one takes, the other takes, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.providers.answers import Refused
from sandbox.providers.runway.making import check
from sandbox.providers.runway.offer import MODELS
from tests.specs import SPECS, request_violations

DOCUMENT = SPECS / "runway_openapi_2026-08-08.json"
NEWER = {"gemini_omni_flash_1.1"}  # runwayml 5.24.0 has it, the document of 2026-08-08 does not
PAIRS = [(endpoint, model) for endpoint, models in MODELS.items() for model in models if model not in NEWER]


def schema_of(endpoint: str, model: str) -> dict[str, Any]:
    if not DOCUMENT.exists():
        pytest.skip(f"the providers' documents are not here: {DOCUMENT.name} is missing")
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    body = document["paths"][f"/v1/{endpoint}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema: dict[str, Any] = next(one for one in body["oneOf"] if one["properties"]["model"]["const"] == model)
    return schema


def example(schema: dict[str, Any]) -> Any:
    """The smallest value that a schema takes."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return example(schema[union][0])
    match schema["type"]:
        case "object":
            return {name: example(schema["properties"][name]) for name in schema.get("required", [])}
        case "array":
            return [example(schema["items"])] * max(1, schema.get("minItems", 1))
        case "string":
            return "https://assets.example/one" if "pattern" in schema else "x" * schema.get("minLength", 1)
        case "boolean":
            return True
        case _:
            return schema.get("minimum", 1)


def tried(schema: dict[str, Any]) -> Iterator[Any]:
    """Values at and beyond the edges of a field."""
    yield from ({"no": "such thing"}, [], "", None, 3.5, "nonsense", -1)
    yield from schema.get("enum", [])
    for bound, beyond in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield from (schema[bound], schema[bound] + beyond, str(schema[bound]))
    if schema.get("type") == "string" and "maxLength" in schema:
        yield from ("x" * schema["maxLength"], "x" * (schema["maxLength"] + 1), "\N{DRAGON}" * schema["maxLength"])
    if schema.get("type") == "array":
        item = example(schema["items"])
        yield from ([item] * n for n in (1, schema.get("maxItems", 1), schema.get("maxItems", 1) + 1))
    for union in ("anyOf", "oneOf"):
        for one in schema.get(union, []):
            yield example(one)
            yield from tried(one) if one.get("type") == "array" else ()


def taken(endpoint: str, body: dict[str, object]) -> bool:
    try:
        check(endpoint, body)
    except Refused:
        return False
    return True


@pytest.mark.parametrize(("endpoint", "model"), PAIRS)
def test_a_field_is_taken_where_the_document_takes_it(endpoint: str, model: str) -> None:
    schema = schema_of(endpoint, model)
    fields = {*schema["required"], "promptText"} & set(schema["properties"])  # to extend, a prompt is needed in words
    right = {name: example(schema["properties"][name]) for name in fields}
    assert taken(endpoint, right)
    disagreements = []
    for name, field in schema["properties"].items():
        if name == "model":
            continue
        for value in tried(field):
            body = {**right, name: value}
            allowed = not request_violations("runway", "POST", f"/v1/{endpoint}", body)
            if taken(endpoint, body) != allowed and not is_utf16(value):
                disagreements.append((name, str(value)[:80], allowed))
    assert disagreements == []


def is_utf16(value: object) -> bool:
    """JSON Schema counts code points; Runway's words say UTF-16 units."""
    return isinstance(value, str) and "\N{DRAGON}" in value


@pytest.mark.parametrize(("endpoint", "model"), PAIRS)
def test_a_field_that_is_missing_or_a_stranger_is_refused(endpoint: str, model: str) -> None:
    schema = schema_of(endpoint, model)
    right = {name: example(schema["properties"][name]) for name in schema["required"]}
    assert not taken(endpoint, {**right, "motion": "wild"})
    for name in schema["required"]:
        assert not taken(endpoint, {key: value for key, value in right.items() if key != name})


@pytest.mark.parametrize(("endpoint", "model"), PAIRS)
def test_no_field_of_the_document_is_unknown(endpoint: str, model: str) -> None:
    schema = schema_of(endpoint, model)
    assert set(MODELS[endpoint][model].fields) | {"model"} == set(schema["properties"])


IMAGE = "https://assets.example/one.png"


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        (
            "image_to_video",
            {"model": "seedance2", "promptImage": [{"uri": IMAGE, "position": "first"}, {"uri": IMAGE}]},
        ),
        (
            "image_to_video",
            {"model": "veo3.1", "ratio": "1280:720", "promptImage": [{"uri": IMAGE, "position": "last"}]},
        ),
        ("video_to_video", {"model": "seedance2_5", "promptVideo": "runway://a-clip", "mode": "extend"}),
        (
            "video_to_video",
            {
                "model": "seedance2_5",
                "promptVideo": "runway://a-clip",
                "mode": "extend",
                "promptText": "on",
                "ratio": "1280:720",
            },
        ),
    ],
)
def test_what_the_document_says_in_words_only_is_held_too(endpoint: str, body: dict[str, object]) -> None:
    assert not taken(endpoint, body)


def test_a_model_that_left_is_named_in_the_issue() -> None:
    with pytest.raises(Refused) as caught:
        check("image_to_video", {"model": "gen3a_turbo"})
    body: Any = caught.value.answer.body
    assert (body["error"], body["issues"][0]["path"]) == ("Validation of body failed", ["model"])
