"""Runway's service: orders, tasks under way, their ends, uploads and the organisation.

Concurrency counts per account and model: one generation too many waits as THROTTLED. The day's limit is a 429.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from aiohttp import web

from sandbox.providers.accounts import DAY
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_text
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost
from sandbox.providers.orders import Line, Order, Phase
from sandbox.providers.policy import VIDEO_REFUSES
from sandbox.providers.runway import making
from sandbox.providers.runway.assets import LARGEST, SUFFIXES, Assets, denied
from sandbox.providers.runway.bodies import Issues, text
from sandbox.providers.runway.offer import MODELS
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of
from sandbox.refusals import runway as refusals

VERSION = "2024-11-06"
_PAID = re.compile(rf"/v1/(?:{'|'.join(MODELS)})")
_KNOWN = re.compile(rf"{_PAID.pattern}|/v1/(?:organization|uploads|tasks/[^/]+)")


class Runway:
    """The service. Tasks live in memory, outputs under `stage.directory`."""

    name = "runway"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._tasks: dict[str, Order] = {}
        self._paid_back: set[str] = set()
        self._lines: dict[tuple[str, str], Line] = {}
        self._assets = Assets(stage.directory)

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            *(web.post(f"/v1/{endpoint}", self.create) for endpoint in MODELS),
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
        return method == "POST" and _PAID.fullmatch(path) is not None

    def bad_key(self, _key: str) -> Answer:
        return refusals.ALL["key_invalid"]

    def not_found(self, path: str) -> Answer:
        """Of a path that is known, it was the method that was not."""
        return refusals.ALL["method_not_allowed" if _KNOWN.fullmatch(path) else "not_found"]

    # Generations

    async def create(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Runway-Version") != VERSION:
            raise Refused(refusals.ALL["version_missing"])
        body = await document_of(request)
        endpoint = request.path.rsplit("/", 1)[1]
        making.check(endpoint, body)
        name, account = as_text(body["model"]), account_of(self.stage, self.name, request)
        now = self.stage.clock()
        identity = str(uuid.uuid4())
        made = await making.made(
            making.Ask(id=identity, endpoint=endpoint, body=body, account=account.name, now=now, assets=self._assets)
        )
        if account.limits.credit is not None and account.spent + made.price > account.limits.credit:
            raise Refused(refusals.ALL["no_credits"])
        if account.admit(f"day/{name}", account.limits.requests_per_day, DAY, now):
            raise Refused(refusals.ALL["daily_limit"])
        account.spent += made.price
        fate = fate_of(request)
        if fate is None and VIDEO_REFUSES.search(made.clip.prompt):
            fate = ContentRefused()
        order = Order(
            id=identity,
            account=account.name,
            model=name,
            clip=made.clip,
            price=made.price,
            created_at=now,
            pace=self.stage.pace,
            fate=fate,
        )
        self._tasks[identity] = order
        line = self._lines.setdefault((account.name, name), Line(account.limits.concurrency))
        line.join(order)
        line.advance(now)
        if fate is None:
            self.stage.films.order(made.clip)
        return web.json_response({"id": identity, "estimatedCost": {"credits": made.price}})

    async def retrieve(self, request: web.Request) -> web.Response:
        order = self._task(request)
        now = self.stage.clock()
        self._lines[order.account, order.model].advance(now)
        return web.json_response(self._told(order, now))

    def _task(self, request: web.Request) -> Order:
        order = self._tasks.get(request.match_info["id"])
        if order is None or order.account != request[ACCOUNT] or isinstance(order.fate, Lost):
            raise Refused(refusals.ALL["task_not_found"])
        return order

    def _told(self, order: Order, now: float) -> dict[str, object]:
        created = datetime.fromtimestamp(order.created_at, UTC).isoformat(timespec="milliseconds")
        task: dict[str, object] = {"id": order.id, "createdAt": created.replace("+00:00", "Z")}
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
                usual = "safety_input_text" if isinstance(order.fate, ContentRefused) else "bad_output"
                code = code or refusals.TASK_FAILURES[usual]
                charged = refusals.is_charged(code)
                if not charged:
                    self._pay_back(order)
                cost = {"credits": order.price if charged else 0}
                return {"status": "FAILED", "failure": refusals.words_of(code), "failureCode": code, "cost": cost}
            case EmptyOutput():
                return {"status": "SUCCEEDED", "output": [], "cost": {"credits": order.price}}
            case _:
                url = f"{self.stage.origin}/runway/outputs/{order.id}.mp4?_jwt={secrets.token_hex(8)}"
                return {"status": "SUCCEEDED", "output": [url], "cost": {"credits": order.price}}

    def _pay_back(self, order: Order) -> None:
        if order.id not in self._paid_back:
            self._paid_back.add(order.id)
            self.stage.accounts.of(self.name, order.account).spent -= order.price

    async def delete(self, request: web.Request) -> web.Response:
        """Stop a task, or forget one that is over. One that had not begun is gone at once and costs nothing.

        A 404 for such a task was seen live (2026-08); CANCELLED is in the document only.
        """
        order = self._task(request)
        now = self.stage.clock()
        line = self._lines[order.account, order.model]
        line.advance(now)
        phase = order.phase(now)
        if phase in {Phase.PENDING, Phase.THROTTLED}:
            self._pay_back(order)
        if phase is not Phase.RUNNING:
            del self._tasks[order.id]
        line.cancel(order)
        line.advance(now)
        return web.Response(status=204)

    async def output(self, request: web.Request) -> web.StreamResponse:
        order = self._tasks.get(request.match_info["id"])
        if order is None:
            raise Refused(refusals.ALL["not_found"])
        return web.FileResponse(await self.stage.films.file(order.clip), headers={"Content-Type": "video/mp4"})

    # The organization and its uploads

    async def organization(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        limits, now = account.limits, self.stage.clock()
        names = sorted({name for models in MODELS.values() for name in models})
        concurrent = 1_000 if limits.concurrency is None else limits.concurrency
        daily = 1_000_000 if limits.requests_per_day is None else limits.requests_per_day
        bounds = {"maxConcurrentGenerations": concurrent, "maxDailyGenerations": daily}
        used = {name: {"dailyGenerations": account.used(f"day/{name}", DAY, now)} for name in names}
        left = (limits.credit if limits.credit is not None else 1_000_000) - account.spent
        tier = {"maxMonthlyCreditSpend": 50_000, "models": dict.fromkeys(names, bounds)}
        return web.json_response({"tier": tier, "creditBalance": max(0, left), "usage": {"models": used}})

    async def begin_upload(self, request: web.Request) -> web.Response:
        body = await document_of(request)
        issues = Issues()
        if (issue := text(255, shortest=3)(body.get("filename"))) is not None:
            issues.add(issue[0], "filename", issue[1])
        elif as_text(body["filename"]).rsplit(".", 1)[-1].lower() not in SUFFIXES:
            issues.add("custom", "filename", "filename must have a valid extension of a supported media type")
        if body.get("type") != "ephemeral":
            issues.add("invalid_value", "type", 'Invalid input: expected "ephemeral"')
        issues.raise_any()
        token, upload = self._assets.begin(request[ACCOUNT], self.stage.clock())
        url = f"{self.stage.origin}/runway/uploads/{token}"
        return web.json_response({"uploadUrl": url, "fields": upload.fields, "runwayUri": f"runway://{token}"})

    async def upload(self, request: web.Request) -> web.Response:
        """The storage's form POST: what was given out comes back, the file last, and no key of the API with it."""
        upload = self._assets.uploads.get(request.match_info["token"])
        if "Authorization" in request.headers:
            raise denied("InvalidArgument", "Only one auth mechanism allowed", 400)
        form = await request.post()
        sent = form.get("file")
        if upload is None or any(form.get(name) != value for name, value in upload.fields.items()):
            raise denied("AccessDenied", "Invalid according to Policy")
        if not isinstance(sent, web.FileField) or list(form)[-1] != "file":
            raise denied("InvalidArgument", "POST requires exactly one file upload per request.", 400)
        content = sent.file.read()
        if len(content) > LARGEST:
            raise denied("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400)
        upload.path.write_bytes(content)
        return web.Response(status=204)
