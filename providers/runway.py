"""Runway as a video provider: its own models, and Google's Veo 3.1 under the same key (runwayml 5.24, API 2024-11-06).

The SDK carries headers, pool and errors; bodies and answers are ours: it validates neither, and builds half-empty
objects from an answer that lost its fields.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from pydantic import BaseModel, Field, ValidationError

from providers.catalogue import utf16_units
from providers.credential import Credential
from providers.download import download, host_allowed
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    ModelRetired,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    Unavailable,
    UnexpectedResponse,
)
from providers.image import encoded_image
from providers.transport import Refusal, said, translated
from providers.video import Failed, Operation, OperationState, Running, Succeeded, VideoRequest

if TYPE_CHECKING:
    from runwayml import AsyncRunwayML

PROVIDER = "runway"
DEFAULT_BASE_URL = "https://api.dev.runwayml.com"
# Where finished clips have been seen, 2026-11; Runway publishes no list, and a link's own signature guards it.
OUTPUT_HOSTS = frozenset({"cloudfront.net", "runwayml.com", "runway-task-artifacts.s3.amazonaws.com"})

_PROMPT_UNITS = 1000  # UTF-16 code units; OpenAPI 2026-08-08
_DATA_URI_LIMIT = 5_242_880  # characters of the whole data URI; OpenAPI 2026-08-08
_IMAGE_LIMIT = (_DATA_URI_LIMIT - len("data:image/jpeg;base64,")) // 4 * 3  # bytes before base64
_DAY_TRIED_AGAIN = 3600.0  # seconds: a rolling day does not say when it has room; one order an hour finds out
_MICROUSD_PER_CREDIT = 10_000  # a credit is one cent; docs.dev.runwayml.com pricing, 2026-11


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    """What one model takes on the wire; OpenAPI 2026-08-08. `from_text` is empty where it must have a picture."""

    from_text: dict[str, str]
    from_image: dict[str, str]
    durations: range
    seed: bool = True
    extra: dict[str, object] = field(default_factory=dict)


_WIDE = {"16:9": "1280:720", "9:16": "720:1280"}
_MODELS = {
    "gen4.5": _Wire(from_text=_WIDE, from_image={**_WIDE, "1:1": "960:960"}, durations=range(2, 11)),
    "gen4_turbo": _Wire(from_text={}, from_image={**_WIDE, "1:1": "960:960"}, durations=range(2, 11)),
    # Sound is what it is priced for in the catalogue, so it is asked for, not left to a default.
    "veo3.1_fast": _Wire(
        from_text=_WIDE, from_image=_WIDE, durations=range(4, 9, 2), seed=False, extra={"audio": True}
    ),
}


class _Credits(BaseModel):
    credits: float

    @property
    def microusd(self) -> int:
        return round(self.credits * _MICROUSD_PER_CREDIT)


class _Accepted(BaseModel):
    id: str = Field(min_length=1)
    estimated_cost: _Credits | None = Field(default=None, alias="estimatedCost")


class _Task(BaseModel):
    status: str
    progress: float | None = None
    output: list[str] = []
    cost: _Credits | None = None
    failure: str = ""
    failure_code: str | None = Field(default=None, alias="failureCode")


class Runway:
    """A `VideoProvider` over Runway's task API.

    Args:
        http: shared connections; the caller closes them.
        base_url: `None` means Runway's own.
        download_hosts: hosts, or the domains above them, that clips may come from; `None` means where Runway's are
            known to be. A loopback address named here may speak plain HTTP.
        read_timeout: seconds that an answer may stay silent.
        clock: Unix seconds; a daily limit is tried again at a time.
    """

    name = PROVIDER
    poll_interval = 5.0  # Runway asks for no faster, with jitter; docs.dev.runwayml.com, 2026-04

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        base_url: str | None = None,
        download_hosts: frozenset[str] | None = None,
        read_timeout: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL
        self._download_hosts = OUTPUT_HOSTS if download_hosts is None else download_hosts
        self._timeout = httpx.Timeout(read_timeout, connect=10.0, pool=10.0)
        self._clock = clock

    async def submit(self, request: VideoRequest, credential: Credential) -> Operation:
        path, body = await asyncio.to_thread(_order, request)
        with self._translated(credential, request.model, paid=True):
            client = await self._client(credential)
            answer = await client.post(path, cast_to=httpx.Response, body=body)
        try:
            accepted = _Accepted.model_validate_json(answer.content)
        except ValidationError as error:
            raise OutcomeUnknown(PROVIDER, "an answer to an order without the task's id") from error
        cost = accepted.estimated_cost
        return Operation(id=accepted.id, price_microusd=cost.microusd if cost else None)

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        """Look at a task.

        Raises:
            InvalidRequest: Runway does not know it (or not under this key).
            ProviderError: as `providers.errors` says.
        """
        with self._translated(credential):
            client = await self._client(credential)
            answer = await client.get(_task_path(operation_id), cast_to=httpx.Response)
        try:
            return _state(_Task.model_validate_json(answer.content))
        except ValidationError as error:
            raise UnexpectedResponse(PROVIDER, "a task we cannot read") from error

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        await download(
            self._http,
            output,
            destination,
            provider=PROVIDER,
            credential=credential,
            allowed=lambda url: host_allowed(url, self._download_hosts),
            headers_for=lambda _url: {},  # the link is signed; the key stays with the API
            classify=_link_fault,
        )

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        """Stop a task; only one that still waits is refunded."""
        try:
            with self._translated(credential):
                client = await self._client(credential)
                await client.delete(_task_path(operation_id), cast_to=httpx.Response)
        except InvalidRequest:
            pass  # already over, or gone

    async def close(self) -> None:
        """Nothing of its own is open."""

    async def _client(self, credential: Credential) -> AsyncRunwayML:
        return await asyncio.to_thread(self._build, credential.secret)

    def _build(self, secret: str) -> AsyncRunwayML:
        from runwayml import AsyncRunwayML

        client = AsyncRunwayML(
            api_key=secret,
            base_url=self._base_url,
            http_client=self._http,
            max_retries=0,  # the SDK's default sends a paid order three times, without an idempotency key
            timeout=self._timeout,
        )
        client._custom_headers = {}  # noqa: SLF001 (RUNWAYML_CUSTOM_HEADERS could name another key)
        return client

    def _translated(
        self, credential: Credential, model: str | None = None, *, paid: bool = False
    ) -> AbstractContextManager[None]:
        return translated(
            PROVIDER, credential, lambda refusal: runway_fault(refusal, model=model, now=self._clock()), paid=paid
        )


def runway_fault(refusal: Refusal, *, model: str | None, now: float) -> ProviderError | None:
    """What Runway's refusal means; docs.dev.runwayml.com/errors, 2026-11, and bodies seen live.

    `model` is the one asked for, as limits bind an organisation and a model; `now` is in Unix seconds.
    """
    words = said(refusal.body)
    if refusal.status == 400 and "enough credits" in words:
        return QuotaExhausted(PROVIDER, words)
    if refusal.status == 400 and ("moderation" in words.lower() or "safety" in words.lower()):
        return ContentRejected(PROVIDER, words)
    if refusal.status == 400 and _names_model(refusal.body):
        return ModelRetired(PROVIDER, words)
    if refusal.status == 429:
        # No limit per minute exists, and a full house is THROTTLED, not refused: this is the day's count, which
        # rolls over 24 hours without telling when.
        return QuotaExhausted(PROVIDER, words, until=now + _DAY_TRIED_AGAIN, model=model)
    if refusal.status == 503:
        return Unavailable(PROVIDER, words)  # documented as load shed at the door; 502 and 504 prove nothing
    return None


def _names_model(body: object) -> bool:
    """Whether a validation error is about the model's name: it left the API, or this account may not use it."""
    issues = body.get("issues") if isinstance(body, dict) else None
    return (
        any(isinstance(i, dict) and i.get("path") == ["model"] for i in issues) if isinstance(issues, list) else False
    )


def _link_fault(refusal: Refusal) -> ProviderError | None:
    # A link lives 24-48 hours; a new look at the task gives a fresh one. It says nothing about the key.
    return Unavailable(PROVIDER, f"the link to the clip answered HTTP {refusal.status}")


def _order(request: VideoRequest) -> tuple[str, dict[str, object]]:
    """The path and body of the one POST. Reads the start image, so it runs in a thread."""
    wire = _MODELS.get(request.model)
    if wire is None:
        raise InvalidRequest(PROVIDER, f"no model of ours: {request.model}")
    if not 1 <= utf16_units(request.prompt) <= _PROMPT_UNITS:
        raise InvalidRequest(PROVIDER, f"a prompt has 1 to {_PROMPT_UNITS} UTF-16 units")
    if request.duration not in wire.durations:
        raise InvalidRequest(PROVIDER, f"{request.model} makes no clips of {request.duration} s")
    ratios = wire.from_text if request.start_image is None else wire.from_image
    if not ratios:
        raise InvalidRequest(PROVIDER, f"{request.model} needs a start image")
    if request.ratio not in ratios:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {', '.join(ratios)}, not {request.ratio}")
    body: dict[str, object] = {
        "model": request.model,
        "promptText": request.prompt,
        "ratio": ratios[request.ratio],
        "duration": request.duration,
        **wire.extra,
    }
    if wire.seed and request.seed is not None:
        body["seed"] = request.seed
    if request.start_image is None:
        return "/v1/text_to_video", body
    body["promptImage"] = encoded_image(PROVIDER, request.start_image, limit=_IMAGE_LIMIT).data_uri
    return "/v1/image_to_video", body


def _state(task: _Task) -> OperationState:
    cost = task.cost.microusd if task.cost else None
    match task.status:
        case "SUCCEEDED" if task.output:
            return Succeeded(output=task.output[0], price_microusd=cost)
        case "SUCCEEDED":
            return Failed(error=OperationFailed(PROVIDER, "succeeded without a clip"), price_microusd=cost)
        case "FAILED":
            return Failed(error=_failure(task), price_microusd=cost)
        case "CANCELLED":
            return Failed(error=OperationFailed(PROVIDER, "cancelled"), price_microusd=cost)
        case "PENDING" | "THROTTLED":
            return Running(waiting=True)
        case _:  # RUNNING, and whatever Runway invents next
            return Running(progress=None if task.progress is None else min(max(task.progress, 0.0), 1.0))


def _failure(task: _Task) -> ProviderError:
    """docs.dev.runwayml.com/errors/task-failures, 2026-04. THIRD_PARTY.* codes are not documented."""
    code = task.failure_code or ""
    words = f"{code} {task.failure}".strip()
    if "SAFETY" in code.split("."):
        return ContentRejected(PROVIDER, words)
    if code.startswith("ASSET"):
        return InvalidRequest(PROVIDER, words)
    return OperationFailed(PROVIDER, words)


def _task_path(operation_id: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", operation_id):
        raise InvalidRequest(PROVIDER, "not the id of a task")
    return f"/v1/tasks/{operation_id}"
