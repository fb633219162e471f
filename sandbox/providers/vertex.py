"""Google's Enterprise Agent Platform (Vertex) with Veo on it: ordered as a long-running prediction, looked for by name.

The wire is that of google-genai 3.6 in enterprise mode: with an account's token on
`projects/{project}/locations/{location}/publishers/google/models/{model}`, with an API key ("express mode") on the same
without its first half. No document of it is to be had, so bodies are held against the fields that the SDK knows, and
unknown ones are refused as Google's front end does.
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from sandbox.providers import google
from sandbox.providers.accounts import DAY, MINUTE
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_text
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost
from sandbox.providers.orders import Line, Order, Phase
from sandbox.providers.policy import VIDEO_REFUSES
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of
from sandbox.providers.veo_bodies import MODELS, Bodies
from sandbox.providers.vertex_accounts import Tokens

#: What a key without a project works in, as the names of its operations tell.
EXPRESS_PROJECT, EXPRESS_LOCATION = "000000000000", "us-central1"
_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
_RAI = (
    "Veo could not generate videos because the input image violates Vertex AI's usage guidelines. "
    "If you think this was an error, send feedback. Support codes: 15236754"
)


@dataclass(slots=True, kw_only=True)
class Prediction:
    """One long-running prediction, by its name."""

    name: str
    order: Order
    storage: str


class Vertex:
    """Orders of clips, looks at them, and tokens."""

    name = "vertex"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.tokens = Tokens(stage)
        self.bodies = Bodies(stage)
        self._predictions: dict[str, Prediction] = {}
        self._lines: dict[tuple[str, str], Line] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        version = "/{version:v1|v1beta1}"
        model = "/publishers/google/models/{model:[^/:]+}"
        project = "/projects/{project}/locations/{location}"
        routes = [web.post("/token", self.tokens.give)]
        for root in (version + project + model, version + model):
            routes += [web.post(root + ":predictLongRunning", self.predict)]
            routes += [web.post(root + ":fetchPredictOperation", self.look)]
        return routes

    def key_of(self, request: web.Request) -> str:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer:
            return bearer if self.tokens.is_good(bearer) else ""
        return request.headers.get("x-goog-api-key", "")

    def is_open(self, path: str) -> bool:
        return path == "/token"

    def is_paid(self, method: str, path: str) -> bool:
        return method == "POST" and path.endswith(":predictLongRunning")

    def bad_key(self, key: str) -> Answer:
        if key:
            return google.bad_key()
        message = (
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
            " authentication credential."
        )
        return google.refusal(401, message)

    def not_found(self, path: str) -> Answer:
        return google.refusal(404, f"Not found: {path}")

    async def predict(self, request: web.Request) -> web.Response:
        body = await document_of(request)
        account = account_of(self.stage, self.name, request)
        model, path = request.match_info["model"], _path(request)
        if model not in MODELS:
            message = f"Publisher Model `{path}` was not found or your project does not have access to it."
            raise Refused(google.refusal(404, message))
        wanted = await self.bodies.read(model, body)
        now = self.stage.clock()
        over = account.admit(f"minute/{model}", account.limits.requests_per_minute, MINUTE, now)
        over = over or account.admit(f"day/{model}", account.limits.requests_per_day, DAY, now)
        if over:
            raise Refused(_over_quota(model))
        fate = fate_of(request)
        if fate is None and VIDEO_REFUSES.search(wanted.clip.prompt):
            fate = ContentRefused()
        order = Order(
            id=wanted.clip.id,
            account=account.name,
            model=model,
            clip=wanted.clip,
            price=0,
            created_at=now,
            pace=self.stage.pace,
            fate=fate,
        )
        prediction = Prediction(name=f"{path}/operations/{uuid.uuid4()}", order=order, storage=wanted.storage)
        self._predictions[prediction.name] = prediction
        line = self._lines.setdefault((account.name, model), Line(account.limits.concurrency))
        line.join(order)
        line.advance(now)
        if fate is None:
            self.stage.films.order(wanted.clip)
        return web.json_response({"name": prediction.name})

    async def look(self, request: web.Request) -> web.Response:
        name = as_text((await document_of(request)).get("operationName"))
        prediction = self._predictions.get(name)
        if (
            prediction is None
            or prediction.order.account != request[ACCOUNT]
            or not name.startswith(_path(request))
            or isinstance(prediction.order.fate, Lost)
        ):
            raise Refused(google.refusal(404, f"The operation {name} was not found."))
        return web.json_response(await self._told(prediction))

    async def _told(self, prediction: Prediction) -> dict[str, object]:
        order, now = prediction.order, self.stage.clock()
        self._lines[order.account, order.model].advance(now)
        if order.phase(now) is not Phase.ENDED:
            return {"name": prediction.name}
        told: dict[str, object] = {"name": prediction.name, "done": True}
        match order.fate:
            case Breaks(code):
                return {**told, "error": {"code": int(code or 13), "message": "Video generation failed. Try again."}}
            case ContentRefused(code) if code:
                return {**told, "error": {"code": int(code), "message": _RAI}}
            case ContentRefused():
                filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [_RAI]}
                return {**told, "response": {"@type": _TYPE, **filtered}}
            case EmptyOutput():
                return {**told, "response": {"@type": _TYPE}}
            case _:
                return {
                    **told,
                    "response": {"@type": _TYPE, "raiMediaFilteredCount": 0, "videos": [await self._film(prediction)]},
                }

    async def _film(self, prediction: Prediction) -> dict[str, object]:
        if prediction.storage:
            return {
                "gcsUri": f"{prediction.storage.rstrip('/')}/{prediction.order.id}/sample_0.mp4",
                "mimeType": "video/mp4",
            }
        path = await self.stage.films.file(prediction.order.clip)
        content = await asyncio.to_thread(path.read_bytes)
        return {"bytesBase64Encoded": base64.b64encode(content).decode(), "mimeType": "video/mp4"}


def _path(request: web.Request) -> str:
    """The model as the names of operations have it, whoever asks."""
    project = request.match_info.get("project", EXPRESS_PROJECT)
    location = request.match_info.get("location", EXPRESS_LOCATION)
    return f"projects/{project}/locations/{location}/publishers/google/models/{request.match_info['model']}"


def _over_quota(model: str) -> Answer:
    """As the platform says it: no details, no delay (public reports, 2025-26)."""
    return google.refusal(
        429,
        "Quota exceeded for aiplatform.googleapis.com/long_running_online_prediction_requests_per_base_model with base "
        f"model: {model}. Please submit a quota increase request.",
    )
