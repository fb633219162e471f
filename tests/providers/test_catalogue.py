from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import providers.catalogue
from providers.catalogue import Catalogue, ChatModel, SpeechModel, VideoModel, utf16_units
from providers.errors import InvalidRequest, ModelRetired
from providers.registry import NAMES
from providers.runway import Runway
from providers.video import VideoRequest
from tests.providers.conftest import Key
from tests.providers.loopback import Loopback, Reply
from tests.specs import request_violations

TASK = Reply(200, {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f", "estimatedCost": {"credits": 1}})


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def test_every_model_belongs_to_a_provider_and_says_where_its_facts_come_from(catalogue: Catalogue) -> None:
    models: list[VideoModel | ChatModel | SpeechModel] = [*catalogue.video, *catalogue.language, *catalogue.speech]
    assert {model.provider for model in models} == set(NAMES)
    assert all(model.source and model.checked <= catalogue.as_of for model in models)


def test_prices_are_integers_of_micro_dollars(catalogue: Catalogue) -> None:
    assert catalogue.price("gen4.5", 5) == 600_000
    assert catalogue.price("gemini-omni-1.1-flash", 10) == 1_000_000
    assert catalogue.speech_models({"elevenlabs"})[0].price_microusd(1) == 80


@pytest.mark.parametrize(
    ("model", "seconds", "nearest"),
    [("veo3.1_fast", 5, 6), ("veo3.1_fast", 4.9, 4), ("gen4.5", 0, 2), ("gen4.5", 60, 10), ("gen4.5", 7.4, 7)],
)
def test_a_duration_that_is_not_on_offer_becomes_the_nearest(
    catalogue: Catalogue, model: str, seconds: float, nearest: int
) -> None:
    assert catalogue.resolve(model).nearest_duration(seconds) == nearest


@pytest.mark.parametrize(
    ("name", "successor"),
    [
        ("gen3a_turbo", "gen4.5"),
        ("gen4_aleph", "gen4.5"),
        ("veo-2.0-generate-001", "gemini-omni-1.1-flash"),
        ("veo-3.0-generate-001", "gemini-omni-1.1-flash"),
    ],
)
def test_a_retired_name_tells_its_successor(catalogue: Catalogue, name: str, successor: str) -> None:
    with pytest.raises(ModelRetired, match=successor):
        catalogue.resolve(name)
    found = catalogue.successor(name)
    assert found is not None
    assert found.id == successor
    assert catalogue.successor(successor) is None


def test_a_name_never_heard_of_is_no_retired_one(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidRequest):
        catalogue.resolve("gen99")


def test_only_models_of_providers_with_keys_are_on_offer(catalogue: Catalogue) -> None:
    assert {model.id for model in catalogue.video_models({"gemini"})} == {"gemini-omni-1.1-flash"}
    assert catalogue.video_models(set()) == ()
    assert [model.id for model in catalogue.language_models({"gemini", "groq"}, "plan")] == [
        "gemini-3.8-flash", "openai/gpt-oss-120b",
    ]  # fmt: skip


def test_a_file_with_a_name_twice_or_a_lost_successor_is_refused() -> None:
    data: dict[str, Any] = tomllib.loads(Path(providers.catalogue.__file__).with_name("catalogue.toml").read_text())
    with pytest.raises(ValueError, match="named twice"):
        Catalogue.from_mapping({**data, "video": data["video"] + data["video"][:1]})
    with pytest.raises(ValueError, match="not on offer"):
        Catalogue.from_mapping({**data, "retired": [{**data["retired"][0], "successor": "gone"}]})


async def test_whatever_the_catalogue_offers_of_runway_its_document_takes(
    catalogue: Catalogue, server: Loopback, http: Any, key: Key, picture: Path
) -> None:
    runway = Runway(http=http, base_url=server.url)
    server.on("POST /v1/text_to_video", TASK)
    server.on("POST /v1/image_to_video", TASK)
    for model in catalogue.video_models({"runway"}):
        for ratio in model.ratios:
            for duration in model.durations:
                for start in ([] if model.needs_start_image else [None]) + [picture] * model.takes_start_image:
                    await runway.submit(
                        VideoRequest(model=model.id, prompt="x", duration=duration, ratio=ratio, start_image=start), key
                    )
    assert server.seen
    assert [v for seen in server.seen for v in request_violations("runway", "POST", seen.path, seen.json)] == []


def test_an_emoji_is_two_units() -> None:
    assert utf16_units("koi 🐉") == 6
