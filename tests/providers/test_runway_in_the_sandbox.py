"""The adapter against Runway's sandbox: every refusal and every failure by name, every fault, and whole orders."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.runway import Runway
from providers.standing import ModelStanding
from providers.video import (
    Edit,
    Extension,
    Failed,
    FromImage,
    FromReferences,
    FromText,
    Operation,
    OperationState,
    Performance,
    Running,
    Source,
    Succeeded,
    Upscaling,
    VideoRequest,
)
from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Breaks, EmptyOutput, Fault, Hang, Html, Lost, NeverEnds, Reset, Truncated
from sandbox.providers.film import run_ffmpeg
from sandbox.providers.world import ProviderWorld
from sandbox.refusals.runway import ALL, TASK_FAILURES, is_charged
from tests.providers.conftest import PNG, Key
from tests.sandbox.providers.media import facts_of
from tests.specs import request_violations

NOW = 1_790_000_000.0
KEY = Key(id="runway", secret="sandbox-runway-studio-1")
VIDEO = VideoRequest(model="gen4.5", prompt="a koi becomes a dragon", duration=2, ratio="16:9")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world") as world:
        yield world


@pytest.fixture
def runway(world: ProviderWorld, http: httpx.AsyncClient) -> Runway:
    return Runway(
        http=http,
        base_url=world.runway_url,
        download_hosts=frozenset({"127.0.0.1"}),
        read_timeout=5.0,
        clock=lambda: NOW,
    )


@pytest.fixture
async def film(tmp_path: Path) -> Path:
    """Three seconds with sound."""
    target = tmp_path / "source.mp4"
    inputs = ["-f", "lavfi", "-i", "testsrc=s=320x180:r=24:d=3", "-f", "lavfi", "-i", "sine=d=3"]
    await run_ffmpeg(["-v", "error", *inputs, "-pix_fmt", "yuv420p", "-preset", "ultrafast", str(target)])
    return target


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a refusal of an order must become."""

    fault: type[ProviderError]
    retry_after: float | None = None
    until: float | None = None
    model: str | None = None


MEANINGS = {
    "body_field_missing": Means(fault=InvalidRequest),
    "body_field_unknown": Means(fault=InvalidRequest),
    "body_ratio": Means(fault=InvalidRequest),
    "body_duration": Means(fault=InvalidRequest),
    "body_prompt": Means(fault=InvalidRequest),
    "body_model": Means(fault=ModelRetired),
    "body_not_json": Means(fault=InvalidRequest),
    "version_missing": Means(fault=InvalidRequest),
    "asset_too_long": Means(fault=InvalidRequest),
    "asset_unsupported": Means(fault=InvalidRequest),
    "asset_data_uri": Means(fault=InvalidRequest),
    "asset_not_fetched": Means(fault=InvalidRequest),
    "asset_timeout": Means(fault=InvalidRequest),
    "no_credits": Means(fault=QuotaExhausted),
    "moderation": Means(fault=ContentRejected),
    "payment_required": Means(fault=QuotaExhausted),
    "key_invalid": Means(fault=KeyRejected),
    "key_missing": Means(fault=KeyRejected),
    "forbidden": Means(fault=KeyRejected),
    "model_not_allowed": Means(fault=ModelRetired),
    "firewall": Means(fault=Unavailable),
    "not_found": Means(fault=InvalidRequest),
    "task_not_found": Means(fault=InvalidRequest),
    "method_not_allowed": Means(fault=InvalidRequest),
    "timeout": Means(fault=OutcomeUnknown),
    "conflict": Means(fault=InvalidRequest),
    "too_large": Means(fault=InvalidRequest),
    "media_type": Means(fault=InvalidRequest),
    "unprocessable": Means(fault=InvalidRequest),
    "daily_limit": Means(fault=QuotaExhausted, until=NOW + 3600, model="gen4.5"),
    "daily_limit_told": Means(fault=QuotaExhausted, until=NOW + 7200, model="gen4.5"),
    "rate_limit": Means(fault=QuotaExhausted, until=NOW + 3600, model="gen4.5"),
    "rate_limit_told": Means(fault=RateLimited, retry_after=30.0, model="gen4.5"),
    "internal": Means(fault=OutcomeUnknown),
    "bad_gateway": Means(fault=OutcomeUnknown),
    "unavailable": Means(fault=Unavailable),
    "unavailable_page": Means(fault=Unavailable),
    "gateway_timeout": Means(fault=OutcomeUnknown),
}


def test_every_refusal_has_a_meaning() -> None:
    assert MEANINGS.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
async def test_a_refused_order_was_sent_once_and_means_what_it_should(
    world: ProviderWorld, runway: Runway, name: str
) -> None:
    world.faults.add("runway", "POST", "text_to_video", ALL[name])
    with pytest.raises(ProviderError) as caught:
        await runway.submit(VIDEO, KEY)
    fault = caught.value
    told = Means(
        fault=type(fault),
        retry_after=getattr(fault, "retry_after", None),
        until=getattr(fault, "until", None),
        model=getattr(fault, "model", None),
    )
    assert told == MEANINGS[name]
    assert KEY.secret not in f"{fault}{fault.__cause__}"
    assert len(world.paid("runway", accepted=False)) == 1


FAILURES: dict[str, type[ProviderError]] = {
    "safety_input_text": ContentRejected,
    "safety_input_image": ContentRejected,
    "safety_input_video": ContentRejected,
    "safety_output_video": ContentRejected,
    "preprocessing_safety_text": ContentRejected,
    "preprocessing_safety_third_party": ContentRejected,
    "preprocessing_internal": OperationFailed,
    "bad_output": OperationFailed,
    "internal": OperationFailed,
    "asset": InvalidRequest,
    "third_party_down": OperationFailed,
    "third_party_input": InvalidRequest,
}


def test_every_failure_has_a_meaning() -> None:
    assert FAILURES.keys() == TASK_FAILURES.keys()


@pytest.mark.parametrize("name", TASK_FAILURES)
async def test_a_failed_task_means_what_it_should_and_tells_what_it_cost(
    world: ProviderWorld, runway: Runway, name: str
) -> None:
    world.faults.add("runway", "POST", "text_to_video", Breaks(TASK_FAILURES[name]))
    operation = await runway.submit(VIDEO, KEY)
    state = await runway.poll(operation.id, KEY)
    assert isinstance(state, Failed)
    assert type(state.error) is FAILURES[name]
    assert state.price_microusd == (operation.price_microusd if is_charged(TASK_FAILURES[name]) else 0)


LOST_ANSWERS: list[Fault] = [
    Reset(),
    Reset(applied=True),
    Hang(),
    Hang(applied=True),
    Truncated(),
    Html(),
    Html(status=502),
    Html(status=504, applied=False),
]


def orders(picture: Path, film: Path) -> dict[str, VideoRequest]:
    """One order for each paid endpoint."""
    sources: dict[str, tuple[str, Source]] = {
        "text_to_video": ("gen4.5", FromText()),
        "image_to_video": ("veo3.1", FromImage(picture, picture)),
        "video_to_video": ("aleph2", Edit(film)),
        "character_performance": ("act_two", Performance(picture, film)),
        "video_upscale": ("magnific_video_upscaler_creative", Upscaling(film)),
    }
    return {
        endpoint: VideoRequest(model=model, prompt="a koi", duration=4, ratio="16:9", source=source)
        for endpoint, (model, source) in sources.items()
    }


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=repr)
async def test_an_order_whose_answer_is_lost_is_unknown_and_was_sent_once(
    world: ProviderWorld, http: httpx.AsyncClient, picture: Path, film: Path, fault: Fault
) -> None:
    impatient = Runway(http=http, base_url=world.runway_url, read_timeout=0.3)
    for number, (endpoint, request) in enumerate(orders(picture, film).items(), start=1):
        world.faults.add("runway", "POST", endpoint, fault)
        with pytest.raises(OutcomeUnknown):
            await impatient.submit(request, KEY)
        assert len(world.paid("runway", accepted=False)) == number


@pytest.mark.parametrize("name", ["daily_limit", "no_credits", "internal", "unavailable", "key_invalid"])
async def test_whatever_is_ordered_is_sent_once_when_refused(
    world: ProviderWorld, runway: Runway, picture: Path, film: Path, name: str
) -> None:
    for number, (endpoint, request) in enumerate(orders(picture, film).items(), start=1):
        world.faults.add("runway", "POST", endpoint, ALL[name])
        with pytest.raises(MEANINGS[name].fault):
            await runway.submit(request, KEY)
        assert len(world.paid("runway", accepted=False)) == number


async def test_a_task_without_a_clip_one_without_end_and_one_that_is_lost(world: ProviderWorld, runway: Runway) -> None:
    for fate in (EmptyOutput(), NeverEnds(), Lost()):
        world.faults.add("runway", "POST", "text_to_video", fate)
    empty, endless, lost = [await runway.submit(VIDEO, KEY) for _ in range(3)]
    state = await runway.poll(empty.id, KEY)
    assert isinstance(state, Failed)
    assert type(state.error) is OperationFailed
    assert isinstance(await runway.poll(endless.id, KEY), Running)
    with pytest.raises(InvalidRequest):
        await runway.poll(lost.id, KEY)


# Whole orders


async def made(runway: Runway, request: VideoRequest, target: Path) -> tuple[Operation, OperationState]:
    operation = await runway.submit(request, KEY)
    state = await runway.poll(operation.id, KEY)
    assert isinstance(state, Succeeded)
    await runway.fetch(state.output, target, KEY)
    return operation, state


@pytest.mark.parametrize(
    ("model", "kind", "seconds", "size"),
    [
        ("gen4.5", "text", 4, (1280, 720)),
        ("gen4_turbo", "image", 4, (1280, 720)),
        ("veo3.1", "last image", 4, (1280, 720)),
        ("seedance2", "references", 4, (1280, 720)),
        ("aleph2", "edit", 3, (320, 180)),
        ("gemini_omni_flash_1.1", "edit", 3, (1280, 720)),
        ("gemini_omni_flash_1.1", "extension", 7, (1280, 720)),
        ("act_two", "performance", 3, (1280, 720)),
        ("magnific_video_upscaler_creative", "upscaling", 3, (1280, 720)),
    ],
)
async def test_every_kind_of_order_comes_back_as_a_clip(
    world: ProviderWorld,
    runway: Runway,
    film: Path,
    picture: Path,
    tmp_path: Path,
    model: str,
    kind: str,
    seconds: int,
    size: tuple[int, int],
) -> None:
    sources: dict[str, Source] = {
        "text": FromText(),
        "image": FromImage(picture),
        "last image": FromImage(picture, picture),
        "references": FromReferences((picture, picture)),
        "edit": Edit(film),
        "extension": Extension(film),
        "performance": Performance(picture, film),
        "upscaling": Upscaling(film),
    }
    request = VideoRequest(
        model=model, prompt="a koi", duration=4, ratio="16:9", source=sources[kind], resolution="720p"
    )
    operation, state = await made(runway, request, tmp_path / "made.mp4")
    facts = await facts_of(tmp_path / "made.mp4")
    assert (round(facts.duration), facts.size) == (seconds, size)
    assert isinstance(state, Succeeded)
    assert state.price_microusd == operation.price_microusd
    (paid,) = world.paid("runway", accepted=False)
    if model != "gemini_omni_flash_1.1":  # newer than the document
        assert request_violations("runway", "POST", paid.path, paid.body) == []


async def test_a_small_picture_travels_in_the_order_and_a_large_one_is_brought_first(
    world: ProviderWorld, runway: Runway, picture: Path, tmp_path: Path
) -> None:
    most = (5_242_880 - len("data:image/png;base64,")) // 4 * 3
    sent = []
    for size in (len(PNG), most, most + 1):
        picture.write_bytes(PNG)
        os.truncate(picture, size)
        await runway.submit(
            VideoRequest(model="gen4_turbo", prompt="a koi", duration=2, ratio="16:9", source=FromImage(picture)), KEY
        )
        body = world.paid("runway")[-1].body
        assert isinstance(body, dict)
        assert request_violations("runway", "POST", "/v1/image_to_video", body) == []
        sent.append(str(body["promptImage"])[:10])
    assert sent == ["data:image", "data:image", "runway://" + sent[2][9:]]
    assert [seen.path for seen in world.requests if seen.path.startswith("/v1/uploads")] == ["/v1/uploads"]


async def test_too_many_at_once_wait_their_turn(tmp_path: Path, clock: Clock, http: httpx.AsyncClient) -> None:
    limits = {"runway": Limits(concurrency=1)}
    async with ProviderWorld(directory=tmp_path / "slow", pace=10, clock=clock, limits=limits) as slow:
        runway = Runway(http=http, base_url=slow.runway_url)
        first, second = [await runway.submit(VIDEO, KEY) for _ in range(2)]
        clock.now += 5.5
        states = [await runway.poll(operation.id, KEY) for operation in (first, second)]
        clock.now += 10
        later = await runway.poll(second.id, KEY)
    assert states == [Running(progress=0.5), Running(waiting=True)]
    assert later == Running(progress=0.5)


async def test_an_account_stands_where_its_orders_left_it(world: ProviderWorld, runway: Runway) -> None:
    world.accounts.limit("runway", "studio", Limits(credit=30, concurrency=2, requests_per_day=9))
    await runway.submit(VIDEO, KEY)
    standing = await runway.standing(KEY)
    assert (standing.left, standing.unit, standing.key_id) == (6, "credits", "runway")
    assert standing.models["gen4.5"] == ModelStanding(room=2, per_day=9, used_today=1)
    with pytest.raises(QuotaExhausted) as caught:
        await runway.submit(VIDEO, KEY)
    assert caught.value.until is None
    assert {"gen4.5", "aleph2", "act_two"} <= await runway.listed(KEY)


async def test_a_key_revoked_while_its_task_runs_is_rejected_on_looking(world: ProviderWorld, runway: Runway) -> None:
    operation = await runway.submit(VIDEO, KEY)
    world.accounts.revoke(KEY.secret)
    with pytest.raises(KeyRejected):
        await runway.poll(operation.id, KEY)


async def test_cancelling_twice_is_quiet(world: ProviderWorld, runway: Runway) -> None:
    operation = await runway.submit(VIDEO, KEY)
    await runway.cancel(operation.id, KEY)
    await runway.cancel(operation.id, KEY)
