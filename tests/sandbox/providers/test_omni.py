from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google import genai
from PIL import Image

from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Breaks, EmptyOutput, Lost, NeverEnds
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import Clock
from tests.sandbox.providers.media import facts_of
from tests.sandbox.providers.recorded import Answers

At = Callable[[ProviderWorld, str], genai.Client]


async def ordered(client: genai.Client, prompt: str = "a koi that becomes a dragon", **more: Any) -> Any:
    wanted = {"type": "video", "aspect_ratio": "16:9", "resolution": "360p", "duration": "3s", "delivery": "uri"}
    return await client.aio.interactions.create(
        model=more.pop("model", "gemini-omni-1.1-flash"),
        background=more.pop("background", True),
        input=more.pop("input", [{"type": "text", "text": prompt}]),
        response_format={**wanted, **more},
    )


async def test_an_interaction_ends_with_a_film_to_download(gemini: genai.Client, tmp_path: Path) -> None:
    interaction = await ordered(gemini)
    assert interaction.status == "completed"
    uri = interaction.output_video.uri
    assert uri.startswith("https://generativelanguage.googleapis.com/v1beta/files/")
    film = tmp_path / "film.mp4"
    await gemini.aio.files.download(file=uri, destination=str(film))
    facts = await facts_of(film)
    assert (facts.duration, facts.size) == (3.0, (640, 360))
    assert facts.streams == "Video: h264 yuv420p Audio: aac stereo"


async def test_inline_delivery_carries_the_film_itself(gemini: genai.Client) -> None:
    interaction = await ordered(gemini, delivery="inline", background=False)
    assert base64.b64decode(interaction.output_video.data)[4:8] == b"ftyp"


async def test_a_picture_may_be_what_it_starts_from(gemini: genai.Client) -> None:
    picture = BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    image = {"type": "image", "data": base64.b64encode(picture.getvalue()).decode(), "mime_type": "image/png"}
    interaction = await ordered(gemini, input=[image, {"type": "text", "text": "it wakes"}])
    assert interaction.status == "completed"


async def test_it_takes_its_time_and_can_be_cancelled(tmp_path: Path, clock: Clock, gemini_at: At) -> None:
    async with ProviderWorld(directory=tmp_path, pace=10, clock=clock, limits={"omni": Limits(concurrency=1)}) as world:
        client = gemini_at(world, "studio")
        first, second = await ordered(client), await ordered(client)
        seen: list[tuple[Any, ...]] = [(first.status, second.status)]
        clock.now += 11
        seen.append(tuple([(await client.aio.interactions.get(one.id)).status for one in (first, second)]))
        await client.aio.interactions.cancel(second.id)
        seen.append(tuple([(await client.aio.interactions.get(one.id)).status for one in (first, second)]))
    assert seen == [("in_progress", "queued"), ("completed", "in_progress"), ("completed", "cancelled")]


async def test_answers_are_what_the_schema_says(world: ProviderWorld, gemini_at: At, http2: httpx2.AsyncClient) -> None:
    answers = Answers("gemini")
    http2.event_hooks = {"response": [answers.on_response]}
    client = gemini_at(world, "studio")
    for fate in (None, Breaks(), EmptyOutput(), NeverEnds()):
        if fate is not None:
            world.faults.add("gemini", "POST", "/interactions$", fate)
        await client.aio.interactions.get((await ordered(client)).id)
    await ordered(client, "a forbidden ritual")
    assert (answers.violations, answers.seen) == ([], 9)


async def test_a_refusal_is_completed_with_words_and_no_film(gemini: genai.Client) -> None:
    interaction = await ordered(gemini, "a forbidden ritual")
    assert (interaction.status, interaction.output_video) == ("completed", None)
    assert "usage policies" in interaction.output_text


async def test_unknown_and_lost_interactions_are_a_400(world: ProviderWorld, gemini: genai.Client) -> None:
    world.faults.add("gemini", "POST", "/interactions$", Lost())
    lost = await ordered(gemini)
    for identity in (lost.id, "v1_nobody"):
        with pytest.raises(Exception, match="Invalid interaction name") as caught:  # its class is private
            await gemini.aio.interactions.get(identity)
        assert getattr(caught.value, "status_code", None) == 400


@pytest.mark.parametrize(
    "wrong", [{"duration": "11s"}, {"duration": "2s"}, {"aspect_ratio": "1:1"}, {"resolution": "720i"}]
)
async def test_what_the_model_does_not_offer_is_a_400(gemini: genai.Client, wrong: dict[str, str]) -> None:
    with pytest.raises(Exception, match=r"[Ii]nvalid|duration must be") as caught:
        await ordered(gemini, **wrong)
    assert getattr(caught.value, "status_code", None) == 400


async def test_a_film_belongs_to_the_project_that_made_it(
    world: ProviderWorld, gemini_at: At, gemini: genai.Client, tmp_path: Path
) -> None:
    uri = (await ordered(gemini)).output_video.uri
    with pytest.raises(genai.errors.ClientError) as caught:
        await gemini_at(world, "another").aio.files.download(file=uri, destination=str(tmp_path / "x.mp4"))
    assert caught.value.code == 403


async def test_each_order_is_one_paid_request(world: ProviderWorld, gemini: genai.Client) -> None:
    await gemini.aio.interactions.get((await ordered(gemini)).id)
    assert [request.path for request in world.paid("gemini")] == ["/v1beta/interactions"]
