"""What the catalogue offers, the adapters take: two tables of two owners, held together here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers import omni_wire, runway, veo_wire
from providers.catalogue import Catalogue, VideoModel
from providers.elevenlabs import MUSIC_MODEL, SOUND_MODEL, SPEECH_MODEL
from providers.elevenlabs.limits import check_effect, check_music, text_limit
from providers.errors import InvalidRequest
from providers.runway import Runway
from providers.video import FromImage, FromReferences, FromText, Source, Task, VideoRequest
from tests.providers.conftest import Key
from tests.providers.loopback import Loopback, Reply
from tests.specs import request_violations

CATALOGUE = Catalogue.load()
TASK = Reply(200, {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f", "estimatedCost": {"credits": 1}})
# Runway's document is of 2026-08-08; runwayml 5.24.0 has this one.
NEWER_THAN_THE_DOCUMENT = {"gemini_omni_flash_1.1"}


def of(provider: str) -> list[Any]:
    return [pytest.param(model, id=model.id) for model in CATALOGUE.video if model.provider == provider]


@pytest.mark.parametrize("model", of("runway"))
def test_runway_takes_whatever_the_catalogue_offers_of_it(model: VideoModel) -> None:
    ways = runway.MODELS[model.id]
    assert set(model.can) <= set(ways)
    for task in model.can:
        way = ways[task]
        assert model.prompt_limit == way.prompt_units
        assert set(model.durations_for(task)) <= set(way.durations)
        assert bool(model.durations_for(task)) == bool(way.durations)
        sizes = [*way.ratios] or [*way.resolutions]
        if sizes:
            assert set(model.resolutions) <= set(sizes)
            assert model.resolution == sizes[0]
        assert all(set(model.ratios) <= set(ratios) for ratios in way.ratios.values())


@pytest.mark.parametrize("model", of("gemini"))
def test_omni_takes_whatever_the_catalogue_offers_of_it(model: VideoModel, picture: Path) -> None:
    assert (model.ratios, model.resolutions) == (omni_wire.RATIOS, omni_wire.RESOLUTIONS)
    assert model.durations[-1] == omni_wire.MODELS[model.id].longest
    for request in requests(model, picture):
        omni_wire.material_of(request)


@pytest.mark.parametrize("model", of("vertex"))
def test_veo_takes_whatever_the_catalogue_offers_of_it(model: VideoModel, picture: Path) -> None:
    assert set(model.can) == veo_wire.MODELS[model.id].can
    assert model.resolutions == veo_wire.MODELS[model.id].resolutions
    for request in requests(model, picture):
        veo_wire.material_of(request)


def test_elevenlabs_speaks_and_plays_with_models_of_the_catalogue() -> None:
    offered = {"elevenlabs"}
    assert CATALOGUE.speech_models(offered)[0].id == SPEECH_MODEL
    assert {model.id: model.text_limit for model in CATALOGUE.speech} == {
        model.id: text_limit(model.id) for model in CATALOGUE.speech
    }
    sound, music = CATALOGUE.sound_models(offered)[0], CATALOGUE.music_models(offered)[0]
    assert (sound.id, music.id) == (SOUND_MODEL, MUSIC_MODEL)
    for seconds in (sound.min_seconds, sound.max_seconds):
        check_effect("rain", seconds)
    for seconds in (music.min_seconds, music.max_seconds):
        check_music("a waltz", seconds)
    with pytest.raises(InvalidRequest):
        check_music("a waltz", music.max_seconds + 1)


async def test_whatever_the_catalogue_offers_of_runway_its_document_takes(
    server: Loopback, http: Any, key: Key, picture: Path
) -> None:
    adapter = Runway(http=http, base_url=server.url)
    server.on("POST /v1/text_to_video", TASK)
    server.on("POST /v1/image_to_video", TASK)
    for model in CATALOGUE.video_models({"runway"}):
        if model.id not in NEWER_THAN_THE_DOCUMENT:
            for request in requests(model, picture):
                await adapter.submit(request, key)
    assert server.seen
    assert [v for seen in server.seen for v in request_violations("runway", "POST", seen.path, seen.json)] == []


def requests(model: VideoModel, picture: Path) -> Iterator[VideoRequest]:
    """Every task that needs no clip at every length, ratio and resolution, the latter two at the shortest only."""
    sources: dict[Task, Source] = {
        Task.TEXT: FromText(),
        Task.IMAGE: FromImage(picture),
        Task.LAST_IMAGE: FromImage(picture, picture),
        Task.REFERENCES: FromReferences((picture,)),
    }
    for task in sorted(sources.keys() & set(model.can)):
        shortest = model.durations_for(task)[0]
        shapes = [(shortest, ratio, size) for ratio in model.ratios for size in model.resolutions]
        shapes += [(duration, model.ratios[0], model.resolution) for duration in model.durations_for(task)]
        for duration, ratio, size in shapes:
            yield VideoRequest(
                model=model.id, prompt="x", duration=duration, ratio=ratio, resolution=size, source=sources[task]
            )
