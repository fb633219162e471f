"""A transport that keeps every JSON answer, to hold it against the providers' documents."""

from __future__ import annotations

import json

import httpx
import httpx2

from tests.specs import response_violations


class Answers:
    """What came back, as (method, path, status, body), paths without the sandbox's prefix."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.violations: list[str] = []
        self.seen = 0

    async def on_response(self, response: httpx.Response | httpx2.Response) -> None:
        request = response.request
        path = request.url.path.removeprefix(f"/{self.service}")
        if "json" not in response.headers.get("content-type", "") or path.startswith(
            ("/resume", "/upload", "/outputs")
        ):
            return
        await response.aread()
        self.violations += response_violations(
            self.service, request.method, path, response.status_code, json.loads(response.content)
        )
        self.seen += 1
