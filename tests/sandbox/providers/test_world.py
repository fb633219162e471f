from __future__ import annotations

import asyncio
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config

from sandbox.providers.faults import Hang
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import runway_at
from tests.sandbox.providers.test_runway import ordered


async def test_every_request_is_logged_with_its_account(world: ProviderWorld, http: httpx.AsyncClient) -> None:
    await ordered(runway_at(world, http, "sandbox-runway-big-studio-12"))
    (request,) = world.requests
    assert (request.service, request.account, request.method, request.path, request.status) == (
        "runway",
        "big-studio",
        "POST",
        "/v1/text_to_video",
        200,
    )
    assert isinstance(request.body, dict)
    assert request.body["model"] == "gen4.5"


async def test_one_can_wait_for_a_request(world: ProviderWorld, http: httpx.AsyncClient) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(ordered(runway_at(world, http)))
        await world.wait_for(lambda world: len(world.paid("runway")) == 1, within=10)


async def test_waiting_in_vain_ends(world: ProviderWorld) -> None:
    with pytest.raises(TimeoutError):
        await world.wait_for(lambda world: bool(world.requests), within=0.01)


async def test_a_service_answers_only_under_its_own_prefix(world: ProviderWorld, http: httpx.AsyncClient) -> None:
    key = {"Authorization": "Bearer sandbox-groq-studio-1"}
    answer = await http.get(f"{world.groq_url}/v1/organization", headers=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")


async def test_a_hanging_request_does_not_keep_the_world_from_ending(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with ProviderWorld(directory=tmp_path) as world:
        world.faults.add("runway", "POST", "text_to_video", Hang(applied=True))
        order = asyncio.ensure_future(ordered(runway_at(world, http)))
        await world.wait_for(lambda world: len(world.paid("runway")) == 1, within=10)
    with pytest.raises(Exception, match="Connection error"):
        await order


async def test_films_from_stock_are_drawn_once(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with ProviderWorld(directory=tmp_path, stock_films=True) as world:
        client = runway_at(world, http)
        films = []
        for prompt in ("a koi", "a fox"):
            task = await client.tasks.retrieve(await ordered(client, prompt))
            assert task.status == "SUCCEEDED"
            films.append((await http.get(task.output[0])).content)
    assert films[0] == films[1]


async def test_s3_keeps_what_it_is_given(world: ProviderWorld) -> None:
    url = await world.start_s3()
    config = Config(signature_version="s3v4", request_checksum_calculation="when_required")
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="auto",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=config,
    )
    try:
        await asyncio.to_thread(client.put_object, Bucket=world.bucket, Key="a.txt", Body=b"hello")
        kept = await asyncio.to_thread(client.get_object, Bucket=world.bucket, Key="a.txt")
        link = client.generate_presigned_url("get_object", Params={"Bucket": world.bucket, "Key": "a.txt"})
        async with httpx.AsyncClient() as http:
            linked = (await http.get(link)).content
        assert (kept["Body"].read(), linked) == (b"hello", b"hello")
    finally:
        client.close()
