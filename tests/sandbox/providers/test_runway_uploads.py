from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import runwayml
from PIL import Image
from runwayml import AsyncRunwayML

from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import Clock, runway_at


def picture() -> bytes:
    content = BytesIO()
    Image.new("RGB", (64, 64), "red").save(content, "PNG")
    return content.getvalue()


@pytest.fixture
async def clocked(tmp_path: Path, clock: Clock) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "clocked", clock=clock) as world:
        yield world


async def started_from(client: AsyncRunwayML, uri: str) -> str:
    created = await client.image_to_video.create(model="gen4_turbo", prompt_image=uri, ratio="960:960", duration=2)
    return (await client.tasks.retrieve(created.id)).status


async def test_an_upload_is_a_start_image(runway: AsyncRunwayML) -> None:
    upload = await runway.uploads.create_ephemeral(file=("start.png", picture()))
    assert await started_from(runway, upload.uri) == "SUCCEEDED"


async def test_an_upload_lives_a_day(clocked: ProviderWorld, clock: Clock, http: httpx.AsyncClient) -> None:
    client = runway_at(clocked, http)
    upload = await client.uploads.create_ephemeral(file=("start.png", picture()))
    clock.now += 86_400
    with pytest.raises(runwayml.BadRequestError, match="expired"):
        await started_from(client, upload.uri)


async def test_an_upload_belongs_to_its_account(world: ProviderWorld, http: httpx.AsyncClient) -> None:
    upload = await runway_at(world, http).uploads.create_ephemeral(file=("start.png", picture()))
    with pytest.raises(runwayml.BadRequestError, match="not found"):
        await started_from(runway_at(world, http, "sandbox-runway-stranger-1"), upload.uri)


@pytest.mark.parametrize("name", ["a", "x" * 256, "script.exe", "noextension"])
async def test_a_name_that_is_no_mediums_is_refused(runway: AsyncRunwayML, name: str) -> None:
    with pytest.raises(runwayml.BadRequestError, match="filename"):
        await runway.uploads.create_ephemeral(file=(name, picture()))


async def place(runway: AsyncRunwayML) -> dict[str, Any]:
    body = {"filename": "start.png", "type": "ephemeral"}
    answer = await runway.post("/v1/uploads", cast_to=httpx.Response, body=body)
    told: dict[str, Any] = answer.json()
    return told


async def test_the_storage_wants_its_fields_back_and_no_key(runway: AsyncRunwayML, http: httpx.AsyncClient) -> None:
    told = await place(runway)
    file = {"file": ("start.png", picture())}
    forged = await http.post(told["uploadUrl"], data={**told["fields"], "policy": "mine"}, files=file)
    with_key = await http.post(
        told["uploadUrl"], data=told["fields"], files=file, headers={"Authorization": "Bearer sandbox-runway-studio-1"}
    )
    right = await http.post(told["uploadUrl"], data=told["fields"], files=file)
    assert [forged.status_code, with_key.status_code, right.status_code] == [403, 400, 204]
    assert "AccessDenied" in forged.text
