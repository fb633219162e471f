"""Runway on loopback: the wire of its API, version 2024-11-06, as its OpenAPI document of 2026-08-08 tells it.

Concurrency counts per account and model: one generation too many waits as THROTTLED. The day's limit is a 429.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from sandbox.providers.accounts import DAY
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_list, as_mapping, as_number, as_text
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost
from sandbox.providers.film import Clip
from sandbox.providers.orders import Line, Order, Phase
from sandbox.providers.policy import VIDEO_REFUSES
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of

DOCUMENTATION = "https://docs.dev.runwayml.com/api"
#: Data URIs, in characters of the URI (OpenAPI 2026-08-08).
MAX_DATA_URI = 5_242_880
_FOUR = ("1280:720", "720:1280", "1080:1920", "1920:1080")
_SIX = ("1280:720", "720:1280", "1104:832", "832:1104", "960:960", "1584:672")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model at one endpoint: what it takes, and its price in credits a second (unit costs, checked 2026-11)."""

    ratios: tuple[str, ...]
    durations: tuple[int, ...]
    required: frozenset[str]
    fields: frozenset[str]
    credits: int
    audio: bool = False


_TEXT = frozenset({"model", "promptText", "ratio", "duration"})
_IMAGE = frozenset({"model", "promptImage", "ratio"})
_GEN = frozenset({"seed", "contentModeration", "outputFormat", "proresProfile"})
_VEO = frozenset({"audio", "negativePrompt"})


def _model(
    required: frozenset[str],
    ratios: tuple[str, ...],
    durations: Iterable[int],
    price: int,
    more: frozenset[str],
    *,
    audio: bool = False,
) -> Model:
    fields = required | more | {"promptText", "duration"}
    return Model(
        ratios=ratios, durations=tuple(durations), required=required, fields=fields, credits=price, audio=audio
    )


MODELS: dict[str, dict[str, Model]] = {
    "text_to_video": {
        "gen4.5": _model(_TEXT, _FOUR[:2], range(2, 11), 12, _GEN),
        "veo3.1": _model(_TEXT - {"duration"}, _FOUR, (4, 6, 8), 40, _VEO, audio=True),
        "veo3.1_fast": _model(_TEXT - {"duration"}, _FOUR, (4, 6, 8), 15, _VEO, audio=True),
    },
    "image_to_video": {
        "gen4.5": _model(_TEXT | _IMAGE, _SIX, range(2, 11), 12, _GEN),
        "gen4_turbo": _model(_IMAGE, _SIX, range(2, 11), 5, frozenset({"seed", "contentModeration"})),
        "veo3.1": _model(_IMAGE, _FOUR, (4, 6, 8), 40, _VEO, audio=True),
        "veo3.1_fast": _model(_IMAGE, _FOUR, (4, 6, 8), 15, _VEO, audio=True),
    },
}

FAILURES = {
    "SAFETY.INPUT.TEXT": "The prompt was rejected by our content moderation system.",
    "INTERNAL.BAD_OUTPUT.CODE01": "An unexpected error occurred.",
}


def too_many_today() -> Answer:
    return Answer(429, {"error": "You have exceeded the daily generation limit for this model."})


def no_credits() -> Answer:
    return Answer(400, {"error": "You do not have enough credits to run this task."})


def _not_found() -> Answer:
    return Answer(404, {"error": "Could not find the requested resource."})


@dataclass(slots=True)
class Issues:
    """Everything wrong with one body."""

    found: list[dict[str, object]] = field(default_factory=list)

    def add(self, code: str, name: str, message: str) -> None:
        self.found.append({"code": code, "path": [name] if name else [], "message": message})

    def raise_any(self) -> None:
        if self.found:
            body = {"error": "Validation of body failed", "issues": self.found, "docUrl": DOCUMENTATION}
            raise Refused(Answer(400, body))


class Runway:
    """The service. Tasks live in memory, outputs under `stage.directory`."""

    name = "runway"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._tasks: dict[str, Order] = {}
        self._lines: dict[tuple[str, str], Line] = {}
        self._uploads: dict[str, Path] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/v1/text_to_video", self.create),
            web.post("/v1/image_to_video", self.create),
            web.get("/v1/tasks/{id}", self.retrieve),
            web.delete("/v1/tasks/{id}", self.delete),
            web.get("/v1/organization", self.organization),
            web.post("/v1/uploads", self.begin_upload),
            web.post("/uploads/{token}", self.upload),
            web.get("/outputs/{id}.mp4", self.output),
        ]

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()

    def is_open(self, path: str) -> bool:
        return path.startswith(("/outputs/", "/uploads/"))

    def is_paid(self, method: str, path: str) -> bool:
        return method == "POST" and re.fullmatch(r"/v1/\w+_to_video", path) is not None

    def bad_key(self, _key: str) -> Answer:
        return Answer(401, {"error": "The API key you provided is incorrect or has been disabled."})

    def not_found(self, _path: str) -> Answer:
        return _not_found()

    # Generations

    async def create(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Runway-Version") != "2024-11-06":
            raise Refused(Answer(400, {"error": "This version of the API does not exist: send X-Runway-Version."}))
        body = await document_of(request)
        endpoint = request.path.rsplit("/", 1)[1]
        model = _checked(endpoint, body)
        name, account = as_text(body["model"]), account_of(self.stage, self.name, request)
        duration = int(as_number(body.get("duration")) or model.durations[0])
        start_image = self._start_image(body) if endpoint == "image_to_video" else None
        price = duration * model.credits
        now = self.stage.clock()
        if account.limits.credit is not None and account.spent + price > account.limits.credit:
            raise Refused(no_credits())
        if account.admit(f"day/{name}", account.limits.requests_per_day, DAY, now):
            raise Refused(too_many_today())
        account.spent += price
        fate = fate_of(request)
        prompt = as_text(body.get("promptText"))
        if fate is None and VIDEO_REFUSES.search(prompt):
            fate = ContentRefused()
        width, height = map(int, as_text(body["ratio"]).split(":"))
        identity = str(uuid.uuid4())
        audio = model.audio and body.get("audio") is not False
        clip = Clip(
            id=identity,
            prompt=prompt,
            duration=duration,
            width=width,
            height=height,
            audio=audio,
            start_image=start_image,
        )
        order = Order(
            id=identity,
            account=account.name,
            model=name,
            clip=clip,
            price=price,
            created_at=now,
            pace=self.stage.pace,
            fate=fate,
        )
        self._tasks[identity] = order
        line = self._lines.setdefault((account.name, name), Line(account.limits.concurrency))
        line.join(order)
        line.advance(now)
        if fate is None:
            self.stage.films.order(clip)
        return web.json_response({"id": identity, "estimatedCost": {"credits": price}})

    def _start_image(self, body: dict[str, object]) -> Path | None:
        """The first frame as a file; `None` for pictures elsewhere, which the sandbox does not fetch."""
        given = body.get("promptImage")
        uri = as_text(given) or next((as_text(as_mapping(one).get("uri")) for one in as_list(given)), "")
        if uri.startswith("runway://"):
            path = self._uploads.get(uri.removeprefix("runway://"))
            if path is None or not path.exists():
                raise Refused(
                    Answer(400, {"error": "Failed to fetch the image: the upload was not found or has expired."})
                )
            return path
        if not uri.startswith("data:"):
            return None
        try:
            content = base64.b64decode(uri.split(",", 1)[1], validate=True)
        except (IndexError, binascii.Error):
            raise Refused(Answer(400, {"error": "Invalid asset: the data URI is not valid base64."})) from None
        path = self.stage.directory / f"start-{uuid.uuid4().hex}"
        path.write_bytes(content)
        return path

    async def retrieve(self, request: web.Request) -> web.Response:
        order = self._task(request)
        now = self.stage.clock()
        self._lines[order.account, order.model].advance(now)
        return web.json_response(self._told(order, now))

    def _task(self, request: web.Request) -> Order:
        order = self._tasks.get(request.match_info["id"])
        if order is None or order.account != request[ACCOUNT] or isinstance(order.fate, Lost):
            raise Refused(_not_found())
        return order

    def _told(self, order: Order, now: float) -> dict[str, object]:
        created = (
            datetime.fromtimestamp(order.created_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        task: dict[str, object] = {"id": order.id, "createdAt": created}
        estimate = {"estimatedCost": {"credits": order.price}}
        match order.phase(now):
            case Phase.THROTTLED:
                return {**task, "status": "THROTTLED", **estimate}
            case Phase.PENDING:
                return {**task, "status": "PENDING", **estimate}
            case Phase.RUNNING:
                return {**task, "status": "RUNNING", "progress": round(order.progress(now), 3), **estimate}
            case Phase.CANCELLED:
                return {**task, "status": "CANCELLED", "cost": {"credits": order.price}}
            case Phase.ENDED:
                return {**task, **self._ended(order)}

    def _ended(self, order: Order) -> dict[str, object]:
        match order.fate:
            case ContentRefused(code) | Breaks(code):
                usual = "SAFETY.INPUT.TEXT" if isinstance(order.fate, ContentRefused) else "INTERNAL.BAD_OUTPUT.CODE01"
                code = code or usual
                cost = order.price if code.startswith("SAFETY.INPUT") else 0  # refusals of the input are not refunded
                words = FAILURES.get(code, "An unexpected error occurred.")
                return {"status": "FAILED", "failure": words, "failureCode": code, "cost": {"credits": cost}}
            case EmptyOutput():
                return {"status": "SUCCEEDED", "output": [], "cost": {"credits": order.price}}
            case _:
                url = f"{self.stage.origin}/runway/outputs/{order.id}.mp4?_jwt={secrets.token_hex(8)}"
                return {"status": "SUCCEEDED", "output": [url], "cost": {"credits": order.price}}

    async def delete(self, request: web.Request) -> web.Response:
        order = self._task(request)
        now = self.stage.clock()
        line = self._lines[order.account, order.model]
        line.advance(now)
        if order.phase(now) in {Phase.ENDED, Phase.CANCELLED}:
            del self._tasks[order.id]
        line.cancel(order)
        line.advance(now)
        return web.Response(status=204)

    async def output(self, request: web.Request) -> web.StreamResponse:
        order = self._tasks.get(request.match_info["id"])
        if order is None:
            raise Refused(_not_found())
        return web.FileResponse(await self.stage.films.file(order.clip), headers={"Content-Type": "video/mp4"})

    # The organization and its uploads

    async def organization(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        limits, now = account.limits, self.stage.clock()
        names = sorted({name for models in MODELS.values() for name in models})
        concurrent, daily = limits.concurrency or 1_000, limits.requests_per_day or 1_000_000
        bounds = {"maxConcurrentGenerations": concurrent, "maxDailyGenerations": daily}
        used = {name: {"dailyGenerations": account.used(f"day/{name}", DAY, now)} for name in names}
        left = (limits.credit if limits.credit is not None else 1_000_000) - account.spent
        tier = {"maxMonthlyCreditSpend": 50_000, "models": dict.fromkeys(names, bounds)}
        return web.json_response({"tier": tier, "creditBalance": max(0, left), "usage": {"models": used}})

    async def begin_upload(self, request: web.Request) -> web.Response:
        body = await document_of(request)
        issues = Issues()
        if not 3 <= len(as_text(body.get("filename"))) <= 255:
            issues.add("too_small", "filename", "filename must have 3 to 255 characters")
        if body.get("type") != "ephemeral":
            issues.add("invalid_value", "type", 'Invalid input: expected "ephemeral"')
        issues.raise_any()
        token = uuid.uuid4().hex
        self._uploads[token] = self.stage.directory / f"upload-{token}"
        url = f"{self.stage.origin}/runway/uploads/{token}"
        return web.json_response({"uploadUrl": url, "fields": {"key": token}, "runwayUri": f"runway://{token}"})

    async def upload(self, request: web.Request) -> web.Response:
        path = self._uploads.get(request.match_info["token"])
        sent = (await request.post()).get("file")
        if path is None or not isinstance(sent, web.FileField):
            raise Refused(Answer(403, "<Error><Code>AccessDenied</Code></Error>"))
        path.write_bytes(sent.file.read())
        return web.Response(status=204)


def _checked(endpoint: str, body: dict[str, object]) -> Model:
    """The model asked for, if the body is all that its schema wants."""
    issues = Issues()
    name = as_text(body.get("model"))
    model = MODELS[endpoint].get(name)
    if model is None:
        issues.add("invalid_union", "model", f"Invalid discriminator value: {name!r} is not offered here")
        issues.raise_any()
    assert model is not None
    for missing in sorted(model.required - body.keys()):
        issues.add("invalid_type", missing, "Invalid input: expected a value, received undefined")
    for unknown in sorted(body.keys() - model.fields):
        issues.add("unrecognized_keys", "", f'Unrecognized key: "{unknown}"')
    prompt = body.get("promptText")
    if prompt is not None and not 1 <= len(as_text(prompt).encode("utf-16-le")) // 2 <= 1000:
        issues.add("too_big", "promptText", "promptText must have 1 to 1000 UTF-16 code units")
    if "ratio" in body and body["ratio"] not in model.ratios:
        issues.add("invalid_value", "ratio", f"Invalid option: expected one of {'|'.join(model.ratios)}")
    if "duration" in body and (type(body["duration"]) is not int or body["duration"] not in model.durations):
        issues.add(
            "invalid_value", "duration", f"Invalid input: expected one of {', '.join(map(str, model.durations))}"
        )
    seed = body.get("seed")
    if seed is not None and (type(seed) is not int or not 0 <= seed <= 4_294_967_295):
        issues.add("invalid_value", "seed", "Invalid input: expected an integer from 0 to 4294967295")
    if "promptImage" in body:
        _check_image(body["promptImage"], issues)
    issues.raise_any()
    return model


def _check_image(given: object, issues: Issues) -> None:
    uris = [given] if isinstance(given, str) else [as_mapping(one).get("uri") for one in as_list(given)]
    if not uris:
        issues.add("invalid_type", "promptImage", "Invalid input: expected string or array")
    for uri in map(as_text, uris):
        bound = MAX_DATA_URI if uri.startswith("data:image/") else 5000 if uri.startswith("runway://") else 2048
        if not uri.startswith(("https://", "runway://", "data:image/")) or not 13 <= len(uri) <= bound:
            issues.add("invalid_format", "promptImage", "Expected an https URL, a Runway URI or an image as a data URI")
