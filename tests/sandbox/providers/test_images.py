"""The sandbox's image models, through Google's own SDK."""

from __future__ import annotations

import io

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from sandbox.providers.faults import ContentRefused
from sandbox.providers.images import MODELS, RATIOS, draw
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.recorded import Answers

MODEL = "gemini-3.1-flash-image"


def asking(ratio: str = "16:9", **more: object) -> types.GenerateContentConfig:
    config = {"response_modalities": ["IMAGE"], "image_config": {"aspect_ratio": ratio}, **more}
    return types.GenerateContentConfig.model_validate(config)


def picture_in(response: types.GenerateContentResponse) -> bytes:
    blob = (response.parts or [types.Part()])[0].inline_data
    assert blob is not None
    assert blob.mime_type == "image/jpeg"
    return blob.data or b""


@pytest.mark.parametrize("model", MODELS)
async def test_a_prompt_becomes_a_picture(gemini: genai.Client, world: ProviderWorld, model: str) -> None:
    response = await gemini.aio.models.generate_content(model=model, contents="a koi", config=asking())
    with Image.open(io.BytesIO(picture_in(response))) as image:
        image.load()
        assert image.width * 9 == image.height * 16
    assert response.usage_metadata is not None
    assert response.usage_metadata.candidates_token_count == 1120
    assert len(world.paid("gemini")) == 1


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_ratio_is_drawn(ratio: str) -> None:
    wide, tall = map(int, ratio.split(":"))
    with Image.open(io.BytesIO(draw("a koi", ratio, 0.5))) as image:
        assert image.width * tall == image.height * wide


def test_another_prompt_is_another_picture() -> None:
    assert draw("a koi", "1:1", 0.5) == draw("a koi", "1:1", 0.5)
    assert draw("a koi", "1:1", 0.5) != draw("a fox in the snow", "1:1", 0.5)


async def test_a_given_picture_is_in_the_new_one(gemini: genai.Client) -> None:
    paper = io.BytesIO()
    Image.new("RGB", (160, 90), (250, 10, 10)).save(paper, "PNG")
    given = types.Part(inline_data=types.Blob(data=paper.getvalue(), mime_type="image/png"))
    said = [types.Content(role="user", parts=[given, types.Part(text="a koi")])]
    response = await gemini.aio.models.generate_content(model=MODEL, contents=[*said], config=asking())
    with Image.open(io.BytesIO(picture_in(response))) as image:
        red, green, _ = image.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]  # an RGB picture
    assert red > 2 * green


async def test_a_forbidden_picture_is_not_drawn(gemini: genai.Client) -> None:
    response = await gemini.aio.models.generate_content(model=MODEL, contents="a forbidden city", config=asking())
    (candidate,) = response.candidates or []
    assert candidate.finish_reason == types.FinishReason.IMAGE_SAFETY
    assert response.parts is None or response.parts == []
    assert response.usage_metadata is not None
    assert response.usage_metadata.candidates_token_count is None


@pytest.mark.parametrize(
    "config",
    [
        asking("7:3"),
        asking(image_config={"image_size": "9K"}),
        asking(response_modalities=["AUDIO"]),
        asking(response_mime_type="application/json"),
    ],
)
async def test_what_the_model_does_not_do_is_refused(gemini: genai.Client, config: types.GenerateContentConfig) -> None:
    with pytest.raises(errors.ClientError) as caught:
        await gemini.aio.models.generate_content(model=MODEL, contents="a koi", config=config)
    assert caught.value.status == "INVALID_ARGUMENT"


async def test_a_language_model_does_not_draw(gemini: genai.Client, world: ProviderWorld) -> None:
    with pytest.raises(errors.ClientError, match="TEXT only"):
        await gemini.aio.models.generate_content(model="gemini-3.8-flash", contents="a koi", config=asking())
    assert world.paid("gemini", accepted=False) == []


async def test_a_picture_streams_in_one_piece(gemini: genai.Client) -> None:
    stream = await gemini.aio.models.generate_content_stream(model=MODEL, contents="a koi", config=asking())
    (chunk,) = [chunk async for chunk in stream]
    assert picture_in(chunk)


async def test_answers_are_what_the_document_says(
    world: ProviderWorld, gemini: genai.Client, http2: httpx2.AsyncClient
) -> None:
    answers = Answers("gemini")
    http2.event_hooks = {"response": [answers.on_response]}
    await gemini.aio.models.generate_content(model=MODEL, contents="a koi", config=asking())
    await gemini.aio.models.generate_content(model=MODEL, contents="a forbidden koi", config=asking())
    world.faults.add("gemini", "POST", ":generateContent", ContentRefused("NO_IMAGE"))
    await gemini.aio.models.generate_content(model=MODEL, contents="a koi", config=asking())
    assert (answers.violations, answers.seen) == ([], 3)
