"""What each model is asked, held against Runway's document, or the SDK's where that is newer, and our catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.catalogue import Catalogue
from providers.errors import InvalidRequest, ModelRetired
from providers.runway import MODELS, Runway, Way
from providers.video import (
    Edit,
    Extension,
    FromImage,
    FromReferences,
    FromText,
    Performance,
    Source,
    Task,
    Upscaling,
    VideoRequest,
)
from tests.providers.conftest import Key
from tests.providers.loopback import Loopback, Reply
from tests.specs import SPECS, request_violations

TASK = "17f20503-6c24-4c16-946b-35dbbce2af2f"
WAYS = [(model, task) for model, ways in MODELS.items() for task in ways]
PAID = {way.path for ways in MODELS.values() for way in ways.values()}
# Runway's document is of 2026-08-08; the SDK, 5.24.0, knows these already.
NEWER_MODELS = {"gemini_omni_flash_1.1"}
NEWER_SIZES = {("seedance2_5", "1080p")}


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    path = tmp_path / "a clip of ours.mov"
    path.write_bytes(b"\0\0\0\x20ftypisom" + bytes(64))
    return path


@pytest.fixture
def runway(server: Loopback, http: httpx.AsyncClient) -> Runway:
    for path in PAID:
        server.on(f"POST {path}", Reply(200, {"id": TASK, "estimatedCost": {"credits": 60}}))
    place = {"uploadUrl": f"{server.url}/bucket", "fields": {"key": "one"}, "runwayUri": "runway://an-upload"}
    server.on("POST /v1/uploads", Reply(200, place))
    server.on("POST /bucket", Reply(204, b""))
    return Runway(http=http, base_url=server.url, read_timeout=0.2)


def source_of(task: Task, picture: Path, mp4: Path) -> Source:
    sources: dict[Task, Source] = {
        Task.TEXT: FromText(),
        Task.IMAGE: FromImage(picture),
        Task.LAST_IMAGE: FromImage(picture, picture),
        Task.REFERENCES: FromReferences((picture, picture)),
        Task.EXTEND: Extension(mp4),
        Task.EDIT: Edit(mp4),
        Task.PERFORM: Performance(picture, mp4),
        Task.UPSCALE: Upscaling(mp4),
    }
    return sources[task]


def requests_of(model: str, task: Task, source: Source) -> Iterator[VideoRequest]:
    """Every resolution and ratio, the shortest and the longest, with the longest prompt."""
    way = MODELS[model][task]
    prompt = "x" * (way.prompt_units or 1)
    resolutions = [None, *(way.ratios or way.resolutions)]
    for resolution in resolutions:
        ratios = way.ratios[resolution or next(iter(way.ratios))] if way.ratios else {"16:9": ""}
        for ratio in ratios:
            for duration in {way.durations[0], way.durations[-1]} if way.durations else {5}:
                yield VideoRequest(
                    model=model,
                    prompt=prompt,
                    duration=duration,
                    ratio=ratio,
                    source=source,
                    resolution=resolution,
                    audio=duration % 2 == 0,
                    seed=2**32 - 1,
                )


def sdk_violations(path: str, body: dict[str, Any]) -> list[str]:
    """What the SDK's types do not allow: fields, required ones, and the words that a field may be."""
    file = SPECS / "runway_models_from_sdk_5.24.0.json"
    if not file.exists():
        pytest.skip(f"the providers' documents are not here: {file.name} is missing")
    table = json.loads(file.read_text(encoding="utf-8"))
    fields = table[path.rsplit("/", 1)[1]][body["model"]]
    missing = [name for name, field in fields.items() if field["required"] and name not in body]
    unknown = [name for name in body.keys() - fields.keys() if name != "model"]
    wrong = [
        name
        for name in ("ratio", "mode", "resolution")
        if name in body and body[name] not in fields.get(name, {}).get("type", [])
    ]
    return missing + unknown + wrong


@pytest.mark.parametrize(("model", "task"), WAYS)
async def test_every_order_is_one_that_the_document_allows(
    runway: Runway, server: Loopback, key: Key, picture: Path, mp4: Path, model: str, task: Task
) -> None:
    for request in requests_of(model, task, source_of(task, picture, mp4)):
        server.seen.clear()
        operation = await runway.submit(request, key)
        assert operation.price_microusd == 600_000
        (paid,) = [seen for seen in server.seen if seen.path in PAID]
        assert sdk_violations(paid.path, paid.json) == []
        if model not in NEWER_MODELS and (model, request.resolution) not in NEWER_SIZES:
            assert request_violations("runway", "POST", paid.path, paid.json) == []


async def sent(runway: Runway, server: Loopback, key: Key, request: VideoRequest) -> dict[str, Any]:
    await runway.submit(request, key)
    body: dict[str, Any] = server.seen[-1].json
    return body


def request_of(model: str, source: Source, **more: Any) -> VideoRequest:
    return VideoRequest(**{"model": model, "prompt": "a koi", "duration": 8, "ratio": "16:9", "source": source, **more})


async def test_no_resolution_is_720p_and_sound_is_as_asked(runway: Runway, server: Loopback, key: Key) -> None:
    plain = await sent(runway, server, key, request_of("veo3.1", FromText()))
    large = await sent(runway, server, key, request_of("veo3.1", FromText(), resolution="1080p", audio=False))
    assert (plain["ratio"], plain["audio"]) == ("1280:720", True)
    assert (large["ratio"], large["audio"]) == ("1920:1080", False)


async def test_pictures_go_where_they_are_seen(runway: Runway, server: Loopback, key: Key, picture: Path) -> None:
    both = await sent(runway, server, key, request_of("veo3.1_fast", FromImage(picture, picture)))
    cast = await sent(runway, server, key, request_of("seedance2", FromReferences((picture,))))
    assert [one["position"] for one in both["promptImage"]] == ["first", "last"]
    assert [list(one) for one in cast["references"]] == [["uri"]]


async def test_a_performance_names_character_and_acting(
    runway: Runway, server: Loopback, key: Key, picture: Path, mp4: Path
) -> None:
    drawn = await sent(runway, server, key, request_of("act_two", Performance(picture, mp4)))
    filmed = await sent(runway, server, key, request_of("act_two", Performance(mp4, mp4)))
    assert drawn["character"]["type"] == "image"
    assert filmed["character"] == filmed["reference"] == {"type": "video", "uri": "runway://an-upload"}


@pytest.mark.parametrize("model", ["gen3a_turbo", "gen4_aleph", "veo3", "upscale_v1"])
async def test_a_model_that_left_is_never_asked(
    runway: Runway, server: Loopback, key: Key, picture: Path, model: str
) -> None:
    with pytest.raises(ModelRetired):
        await runway.submit(request_of(model, FromImage(picture)), key)
    assert server.seen == []


@pytest.mark.parametrize(("model", "task"), [(m, t) for m in MODELS for t in Task if t not in MODELS[m]])
async def test_a_task_that_a_model_cannot_do_never_leaves(
    runway: Runway, server: Loopback, key: Key, picture: Path, mp4: Path, model: str, task: Task
) -> None:
    with pytest.raises(InvalidRequest, match=f"not {task}"):
        await runway.submit(request_of(model, source_of(task, picture, mp4)), key)
    assert server.seen == []


@pytest.mark.parametrize("count", [0, 10])
async def test_pictures_to_go_by_are_counted(
    runway: Runway, server: Loopback, key: Key, picture: Path, count: int
) -> None:
    with pytest.raises(InvalidRequest, match="1 to 9"):
        await runway.submit(request_of("seedance2", FromReferences((picture,) * count)), key)
    assert server.seen == []


def test_the_catalogue_offers_only_what_the_wire_takes() -> None:
    offered = [model for model in Catalogue.load().video if model.provider == "runway"]
    assert offered
    for model in offered:
        for task in model.can:
            way: Way = MODELS[model.id][task]
            assert set(model.durations_for(task)) <= set(way.durations)
            assert model.prompt_limit == way.prompt_units
            assert set(model.resolutions) <= set(way.ratios or way.resolutions or model.resolutions)
            assert model.resolution == next(iter(way.ratios or way.resolutions or model.resolutions))
            for ratios in way.ratios.values():
                assert set(model.ratios) <= set(ratios)
            assert way.audio or not model.silent_prices
