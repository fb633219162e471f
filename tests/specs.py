"""The providers' own documents as oracles: is this body what their API takes, is that one what it answers?

Stricter than the documents in one way: a field they do not name is a violation. Google and Runway refuse such requests,
and an emulator that invents fields teaches us wrong.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

SPECS = Path(__file__).parents[1].parent / "shared" / "specs"

_FILES = {
    "runway": "runway_openapi_2026-08-08.json",
    "elevenlabs": "elevenlabs_openapi_2026-08-22.json",
    "groq": "groq_openapi_2026-08-14.yaml",
    "gemini": "gemini_v1beta_openapi_from_discovery_2026-08-22.json",
    "interactions": "gemini_interactions_jsonschema_from_sdk_3.4.0.json",
}
# Free-form JSON inside Gemini's bodies: the keys are the caller's, not the API's.
_FREE_FORM = {"responseJsonSchema", "responseSchema", "args", "response", "parametersJsonSchema"}


def request_violations(service: str, method: str, path: str, body: object) -> list[str]:
    """What a JSON request body breaks of the service's document; empty is good.

    Args:
        service: "runway", "elevenlabs", "groq" or "gemini" (its Interactions included).
        path: as on the wire, without the query, e.g. "/v1beta/models/x:generateContent".
        body: the parsed JSON, `None` where there is none.
    """
    if service not in _FILES:
        return []  # nobody publishes one: Vertex's are checked by its own sandbox
    if _is_interactions(service, path):
        create = method == "POST" and path.endswith("/interactions")
        return _check("interactions", "CreateModelInteraction", body) if create else []
    template = _template(service, path)
    if template is None or method.lower() not in _document(service)["paths"][template]:
        return [f"{method} {path}: not in the document"]
    operation = _document(service)["paths"][template][method.lower()]
    if "requestBody" not in operation:
        return [] if body in (None, {}) else [f"{method} {path} takes no body"]
    content = operation["requestBody"]["content"]
    if "application/json" not in content:
        return []
    pointer = f"/paths/{_escaped(template)}/{method.lower()}/requestBody/content/application~1json/schema"
    return _check(service, pointer, _camel(body) if service == "gemini" else body)


def response_violations(service: str, method: str, path: str, status: int, body: object) -> list[str]:
    """What a JSON answer breaks of the service's document; a status that it does not describe is free."""
    if _is_interactions(service, path):
        return _check("interactions", "Interaction", body) if status == 200 and method != "DELETE" else []
    template = _template(service, path)
    if template is None or method.lower() not in _document(service)["paths"][template]:
        return [f"{method} {path}: not in the document"]
    answers = _document(service)["paths"][template][method.lower()].get("responses", {})
    content = answers.get(str(status), {}).get("content", {})
    if "schema" not in content.get("application/json", {}):
        return []
    pointer = f"/paths/{_escaped(template)}/{method.lower()}/responses/{status}/content/application~1json/schema"
    return _check(service, pointer, body)


def _check(service: str, pointer: str, body: object) -> list[str]:
    errors = sorted(
        _validator(service, pointer).iter_errors(body), key=lambda error: list(map(str, error.absolute_path))
    )
    return [_words(error) for error in errors]


def _words(error: ValidationError) -> str:
    # Of a union's branches, the one of the same kind (its `model`, `type` or `status`) tells most.
    context = error.context or []
    strangers = {part.schema_path[0] for part in context if list(part.path)[-1:] in (["model"], ["type"], ["status"])}
    told = (
        best_match([part for part in context if part.schema_path[0] not in strangers]) or best_match(context) or error
    )
    return f"{'/'.join(map(str, told.absolute_path)) or '(body)'}: {told.message[:300]}"


@functools.cache
def _validator(service: str, pointer: str) -> Draft202012Validator:
    # Each schema of the interactions file stands alone, with definitions of its own.
    reference = f"urn:interactions-{pointer}" if service == "interactions" else f"urn:{service}#{pointer}"
    return Draft202012Validator({"$ref": reference}, registry=_registry(service))


@functools.cache
def _registry(service: str) -> Registry[Any]:
    document = _document(service)
    schemas = {f"urn:{service}-{name}": schema for name, schema in document.items()}
    contents = schemas if service == "interactions" else {f"urn:{service}": document}
    registry: Registry[Any] = Registry()
    return registry.with_resources((urn, DRAFT202012.create_resource(schema)) for urn, schema in contents.items())


@functools.cache
def _document(service: str) -> dict[str, Any]:
    path = SPECS / _FILES[service]
    if not path.exists():
        pytest.skip(f"the providers' documents are not here: {path.name} is missing")
    text = path.read_text(encoding="utf-8")
    document: Any = yaml.load(text, Loader=yaml.CSafeLoader) if path.suffix == ".yaml" else json.loads(text)
    strict = _strict(document)
    assert isinstance(strict, dict)
    return strict


def _strict(node: object) -> object:
    """The document as JSON Schema 2020-12, with objects closed and open enumerations taken at their word."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema: dict[str, Any] = {key: _strict(value) for key, value in node.items()}
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = list(_closed_choices(schema["anyOf"]))
    described = isinstance(schema.get("properties"), dict) and "type" in schema
    if described and schema.get("additionalProperties", True) is True:
        schema["additionalProperties"] = False
    if "allOf" in schema:  # a closed part would refuse the fields of its siblings
        schema["allOf"] = [_opened(part) for part in schema["allOf"]]
    if (schema.get("type"), schema.get("format")) == ("string", "int64"):
        schema["type"] = ["string", "integer"]  # protobuf's JSON takes both; Google's SDK sends the number
    if schema.pop("nullable", False) is True:  # OpenAPI 3.0
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def _closed_choices(choices: list[Any]) -> Iterator[Any]:
    enumerated = any(isinstance(choice, dict) and "enum" in choice for choice in choices)
    for choice in choices:
        if enumerated and choice == {"type": "string"}:
            continue  # "one of these, or any other word"
        if choice == {"additionalProperties": True, "type": "object"}:
            continue  # an object of any kind, beside the kinds that are told
        if isinstance(choice, dict) and "/Unknown" in str(choice.get("$ref", "")):
            continue  # the SDK's catch-all for what it does not know
        yield choice


def _opened(part: object) -> object:
    if isinstance(part, dict) and part.get("additionalProperties") is False:
        return {key: value for key, value in part.items() if key != "additionalProperties"}
    return part


def _is_interactions(service: str, path: str) -> bool:
    return service == "gemini" and re.match(r"^/v1(beta)?/interactions(/|$)", path) is not None


def _template(service: str, path: str) -> str | None:
    if service == "gemini":
        path = re.sub(r"^(/upload)?/v1(beta)?(?=/)", "", path)
    paths = _document(service)["paths"]
    if path in paths:
        return path
    return next((template for template in paths if _pattern(template).fullmatch(path)), None)


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile(r"[^/:]+".join(re.escape(part) for part in parts))


def _escaped(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _camel(node: object) -> object:
    """Gemini's JSON takes snake_case for every field (protobuf); its document names camelCase only."""
    if isinstance(node, list):
        return [_camel(item) for item in node]
    if not isinstance(node, dict):
        return node
    camel = {re.sub(r"_([a-z])", lambda match: match[1].upper(), key): value for key, value in node.items()}
    return {key: value if key in _FREE_FORM else _camel(value) for key, value in camel.items()}
