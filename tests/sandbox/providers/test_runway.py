from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import runwayml
from PIL import Image
from runwayml import AsyncRunwayML

from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost, NeverEnds, Reset
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import Clock, runway_at
from tests.sandbox.providers.media import facts_of
from tests.sandbox.providers.recorded import Answers


async def ordered(client: AsyncRunwayML, prompt: str = "a koi that becomes a dragon") -> str:
    task = await client.text_to_video.create(model="gen4.5", prompt_text=prompt, ratio="1280:720", duration=2)
    return task.id


async def status(client: AsyncRunwayML, task: str) -> str:
    return (await client.tasks.retrieve(task)).status


@pytest.fixture
async def slow_world(tmp_path: Path, clock: Clock) -> AsyncIterator[ProviderWorld]:
    limits = {"runway": Limits(concurrency=1, requests_per_day=3)}
    async with ProviderWorld(directory=tmp_path, pace=10, clock=clock, limits=limits) as world:
        yield world


async def test_a_task_succeeds_with_a_film_as_ordered(
    runway: AsyncRunwayML, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    task = await runway.tasks.retrieve(await ordered(runway))
    assert task.status == "SUCCEEDED"
    film = tmp_path / "film.mp4"
    film.write_bytes((await http.get(task.output[0])).content)
    facts = await facts_of(film)
    assert (facts.duration, facts.size, facts.streams) == (2.0, (1280, 720), "Video: h264 yuv420p")


async def test_the_price_is_told_at_once(runway: AsyncRunwayML) -> None:
    created: Any = await runway.text_to_video.create(model="gen4.5", prompt_text="a koi", ratio="1280:720", duration=5)
    assert created.estimated_cost.credits == 60


async def test_a_picture_becomes_a_clip_that_starts_from_it(runway: AsyncRunwayML) -> None:
    picture = BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    created = await runway.image_to_video.create(model="gen4_turbo", prompt_image=uri, ratio="1280:720", duration=2)
    assert await status(runway, created.id) == "SUCCEEDED"


async def test_answers_are_what_the_document_says(world: ProviderWorld) -> None:
    answers = Answers("runway")
    async with httpx.AsyncClient(event_hooks={"response": [answers.on_response]}) as http:
        client = runway_at(world, http)
        await client.tasks.retrieve(await ordered(client))
        await client.tasks.retrieve(await ordered(client, "a forbidden thing"))
        await client.organization.retrieve()
    newer = [violation for violation in answers.violations if "gemini_omni_flash_1.1" in violation]  # SDK 5.24.0
    assert (answers.violations, answers.seen, len(newer)) == (newer, 5, 2)


async def test_every_state_under_way_is_what_the_document_says(slow_world: ProviderWorld, clock: Clock) -> None:
    answers = Answers("runway")
    async with httpx.AsyncClient(event_hooks={"response": [answers.on_response]}) as http:
        client = runway_at(slow_world, http)
        first, second = await ordered(client), await ordered(client)
        seen = []
        for seconds in (0, 5, 5.5, 5):
            clock.now += seconds
            seen.append((await status(client, first), await status(client, second)))
        await client.tasks.delete(second)
        seen.append((await status(client, first), await status(client, second)))
    assert seen == [
        ("PENDING", "THROTTLED"),
        ("RUNNING", "THROTTLED"),
        ("SUCCEEDED", "PENDING"),
        ("SUCCEEDED", "RUNNING"),
        ("SUCCEEDED", "CANCELLED"),
    ]
    assert answers.violations == []


async def test_progress_grows_with_time(slow_world: ProviderWorld, clock: Clock, http: httpx.AsyncClient) -> None:
    client = runway_at(slow_world, http)
    task = await ordered(client)
    clock.now += 5.5
    found = await client.tasks.retrieve(task)
    assert found.status == "RUNNING"
    assert found.progress == 0.5


async def test_room_is_per_account_and_model(slow_world: ProviderWorld, http: httpx.AsyncClient) -> None:
    await ordered(runway_at(slow_world, http))
    other_key = runway_at(slow_world, http, "sandbox-runway-studio-2")
    elsewhere = runway_at(slow_world, http, "sandbox-runway-another-1")
    states = [await status(client, await ordered(client)) for client in (other_key, elsewhere)]
    assert states == ["THROTTLED", "PENDING"]


async def test_the_day_has_a_limit_and_a_429(slow_world: ProviderWorld, http: httpx.AsyncClient) -> None:
    client = runway_at(slow_world, http)
    for _ in range(3):
        await ordered(client)
    with pytest.raises(runwayml.RateLimitError):
        await ordered(client)
    assert (len(slow_world.paid("runway")), len(slow_world.paid("runway", accepted=False))) == (3, 4)


async def test_an_empty_purse_is_a_400(world: ProviderWorld, runway: AsyncRunwayML) -> None:
    world.accounts.limit("runway", "studio", Limits(credit=10))
    with pytest.raises(runwayml.BadRequestError, match="do not have enough credits"):
        await ordered(runway)


async def balance(client: AsyncRunwayML) -> int:
    return (await client.organization.retrieve()).credit_balance


async def test_the_balance_falls_with_use_and_comes_back_where_a_task_broke(
    world: ProviderWorld, runway: AsyncRunwayML
) -> None:
    world.accounts.limit("runway", "studio", Limits(credit=100))
    world.faults.add("runway", "POST", "text_to_video", Breaks())
    broken = await ordered(runway)
    left = [await balance(runway)]
    for _ in range(2):
        await runway.tasks.retrieve(broken)
    left.append(await balance(runway))
    await ordered(runway)
    assert [*left, await balance(runway)] == [76, 100, 76]


async def test_the_organisation_tells_limits_and_use_by_model(
    slow_world: ProviderWorld, http: httpx.AsyncClient
) -> None:
    client = runway_at(slow_world, http)
    await ordered(client)
    told = await client.organization.retrieve()
    bounds = told.tier.models["gen4.5"]
    assert (bounds.max_concurrent_generations, bounds.max_daily_generations) == (1, 3)
    assert (told.usage.models["gen4.5"].daily_generations, told.usage.models["aleph2"].daily_generations) == (1, 0)


async def test_a_task_that_had_not_begun_is_gone_when_deleted_and_costs_nothing(
    slow_world: ProviderWorld, http: httpx.AsyncClient
) -> None:
    slow_world.accounts.limit("runway", "studio", Limits(concurrency=1, credit=100))
    client = runway_at(slow_world, http)
    waiting = [await ordered(client), await ordered(client)][1]
    await client.tasks.delete(waiting)
    for look in (client.tasks.retrieve, client.tasks.delete):
        with pytest.raises(runwayml.NotFoundError):
            await look(waiting)
    assert await balance(client) == 76


async def test_a_bad_key_is_a_401_and_a_revoked_one_too(world: ProviderWorld, http: httpx.AsyncClient) -> None:
    world.accounts.revoke("sandbox-runway-studio-9")
    for key in ("key_nonsense", "sandbox-runway-studio-9"):
        with pytest.raises(runwayml.AuthenticationError):
            await ordered(runway_at(world, http, key))


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "gen3a_turbo"},
        {"promptText": "x" * 1001},
        {"promptText": ""},
        {"ratio": "960:960"},
        {"duration": 11},
        {"duration": "5"},
        {"seed": -1},
        {"motion": "wild"},
    ],
)
async def test_a_body_that_the_schema_forbids_is_told_so(
    world: ProviderWorld, http: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    right = {"model": "gen4.5", "promptText": "a koi", "ratio": "1280:720", "duration": 5}
    headers = {"Authorization": "Bearer sandbox-runway-studio-1", "X-Runway-Version": "2024-11-06"}
    url = f"{world.runway_url}/v1/text_to_video"
    answer = await http.post(url, json={**right, **wrong}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "Validation of body failed")


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/text_to_video", 405), ("/v1/tasks/one", 405), ("/v1/lip_sync", 404)]
)
async def test_a_wrong_method_is_told_from_a_wrong_path(
    world: ProviderWorld, http: httpx.AsyncClient, path: str, status: int
) -> None:
    headers = {"Authorization": "Bearer sandbox-runway-studio-1"}
    answer = await http.put(f"{world.runway_url}{path}", headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_forbidden_prompt_is_refused_on_the_task_and_not_refunded(runway: AsyncRunwayML) -> None:
    task = await runway.tasks.retrieve(await ordered(runway, "a forbidden ritual"))
    assert task.status == "FAILED"
    assert (task.failure_code, task.cost.credits) == ("SAFETY.INPUT.TEXT", 24)


async def test_scripted_fates_befall_the_tasks(world: ProviderWorld, runway: AsyncRunwayML) -> None:
    for fate in (ContentRefused("SAFETY.OUTPUT.VIDEO"), Breaks(), EmptyOutput(), NeverEnds()):
        world.faults.add("runway", "POST", "text_to_video", fate)
    tasks = [await runway.tasks.retrieve(await ordered(runway)) for _ in range(4)]
    assert [(task.status, getattr(task, "failure_code", None)) for task in tasks] == [
        ("FAILED", "SAFETY.OUTPUT.VIDEO"),
        ("FAILED", "INTERNAL.BAD_OUTPUT.CODE01"),
        ("SUCCEEDED", None),
        ("RUNNING", None),
    ]


async def test_a_lost_task_is_a_404(world: ProviderWorld, runway: AsyncRunwayML) -> None:
    world.faults.add("runway", "POST", "text_to_video", Lost())
    task = await ordered(runway)
    with pytest.raises(runwayml.NotFoundError):
        await runway.tasks.retrieve(task)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_broken_connection_hides_whether_the_order_was_taken(
    world: ProviderWorld, runway: AsyncRunwayML, applied: bool
) -> None:
    world.faults.add("runway", "POST", "text_to_video", Reset(applied=applied))
    with pytest.raises(runwayml.APIConnectionError):
        await ordered(runway)
    assert (len(world.paid("runway")), len(world.paid("runway", accepted=False))) == (int(applied), 1)
