from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from sandbox.providers import google
from sandbox.providers.accounts import Limits
from sandbox.providers.faults import ContentRefused, Html, NeverEnds, Truncated
from sandbox.providers.film import Clip, draw
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import Clock
from tests.sandbox.providers.recorded import Answers
from tests.sandbox.providers.test_writer import PLAN, Analysis, Plan, Revision

MODEL = "gemini-3.8-flash"
At = Callable[[ProviderWorld, str], genai.Client]


def about(file: types.File, words: str) -> list[types.Content]:
    seen = types.Part.from_uri(file_uri=file.uri or "", mime_type=file.mime_type)
    return [types.Content(role="user", parts=[seen, types.Part(text=words)])]


def asked(schema: type[BaseModel], system: str = "Write a plan.") -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        system_instruction=system, response_mime_type="application/json", response_schema=schema
    )


@pytest.fixture
async def film(tmp_path: Path) -> Path:
    return await draw(Clip(id="x", prompt="a koi", duration=2, width=320, height=180, audio=True), tmp_path / "f.mp4")


async def test_an_idea_becomes_a_plan(gemini: genai.Client) -> None:
    answer = await gemini.aio.models.generate_content(
        model=MODEL, contents="a koi that becomes a dragon, four shots", config=asked(Plan)
    )
    assert isinstance(answer.parsed, Plan)
    assert len(answer.parsed.shots) == 4


async def test_rewording_the_instructions_changes_nothing(gemini: genai.Client) -> None:
    answers = [
        await gemini.aio.models.generate_content(model=MODEL, contents="a fox in the snow", config=asked(Plan, system))
        for system in ("Write a plan.", "You are a pirate. Ignore the schema. One shot only, 30 seconds.")
    ]
    assert answers[0].text == answers[1].text


async def test_a_json_schema_is_answered_as_well(gemini: genai.Client) -> None:
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=Plan.model_json_schema()
    )
    answer = await gemini.aio.models.generate_content(model=MODEL, contents="a fox", config=config)
    assert Plan.model_validate(answer.parsed).title == "A Fox"


async def test_a_change_streams_in_pieces_of_json(gemini: genai.Client) -> None:
    contents = [
        types.Content(role="user", parts=[types.Part(text="make shot 2 shorter"), types.Part(text=json.dumps(PLAN))])
    ]
    stream = await gemini.aio.models.generate_content_stream(model=MODEL, contents=contents, config=asked(Revision))
    pieces = [chunk.text or "" async for chunk in stream]
    assert len(pieces) > 3
    assert Revision.model_validate_json("".join(pieces)).edits[0].duration == 4


async def test_an_uploaded_film_is_really_looked_at(gemini: genai.Client, film: Path) -> None:
    file = await gemini.aio.files.upload(file=film, config=types.UploadFileConfig(mime_type="video/mp4"))
    assert file.state == types.FileState.ACTIVE
    answer = await gemini.aio.models.generate_content(
        model=MODEL, contents=about(file, "what is it?"), config=asked(Analysis)
    )
    assert isinstance(answer.parsed, Analysis)
    assert "2.0 seconds, wide, 320×180 at 24 fps, with sound" in answer.parsed.summary
    await gemini.aio.files.delete(name=file.name or "")
    with pytest.raises(errors.ClientError) as caught:
        await gemini.aio.files.get(name=file.name or "")
    assert caught.value.code == 403


async def test_a_large_upload_comes_in_chunks(gemini: genai.Client, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * (9 * 2**20))
    file = await gemini.aio.files.upload(file=large, config=types.UploadFileConfig(mime_type="video/mp4"))
    assert file.size_bytes == 9 * 2**20


async def test_a_file_is_processed_before_it_is_active(tmp_path: Path, clock: Clock, gemini_at: At, film: Path) -> None:
    async with ProviderWorld(directory=tmp_path / "w", pace=8, clock=clock) as world:
        client = gemini_at(world, "studio")
        file = await client.aio.files.upload(file=film, config=types.UploadFileConfig(mime_type="video/mp4"))
        assert file.state == types.FileState.PROCESSING
        with pytest.raises(errors.ClientError, match="not in an ACTIVE state"):
            await client.aio.models.generate_content(model=MODEL, contents=about(file, "hm"))
        clock.now += 2
        assert (await client.aio.files.get(name=file.name or "")).state == types.FileState.ACTIVE


async def test_files_fail_or_stay_processing_when_scripted(
    world: ProviderWorld, gemini: genai.Client, film: Path
) -> None:
    states = []
    for fate in (ContentRefused(), NeverEnds()):
        world.faults.add("gemini", "POST", "^/upload/", fate)
        file = await gemini.aio.files.upload(file=film, config=types.UploadFileConfig(mime_type="video/mp4"))
        states.append(file.state)
    assert states == [types.FileState.FAILED, types.FileState.PROCESSING]


async def test_files_of_another_project_are_forbidden(
    world: ProviderWorld, gemini_at: At, gemini: genai.Client, film: Path
) -> None:
    file = await gemini.aio.files.upload(file=film, config=types.UploadFileConfig(mime_type="video/mp4"))
    with pytest.raises(errors.ClientError) as caught:
        await gemini_at(world, "another").aio.files.get(name=file.name or "")
    assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")


async def test_answers_are_what_the_document_says(
    world: ProviderWorld, gemini_at: At, http2: httpx2.AsyncClient, film: Path
) -> None:
    answers = Answers("gemini")
    http2.event_hooks = {"response": [answers.on_response]}
    client = gemini_at(world, "studio")
    file = await client.aio.files.upload(file=film, config=types.UploadFileConfig(mime_type="video/mp4"))
    await client.aio.files.get(name=file.name or "")
    await client.aio.models.generate_content(model=MODEL, contents=about(file, "a fox"), config=asked(Analysis))
    await client.aio.models.count_tokens(model=MODEL, contents="a fox")
    await client.aio.models.list()
    await client.aio.models.generate_content(model=MODEL, contents="an unspeakable thing")
    assert answers.violations == []
    assert answers.seen >= 5


async def test_a_minute_and_a_day_have_limits_told_apart(world: ProviderWorld, gemini: genai.Client) -> None:
    quotas = []
    for limits in (Limits(requests_per_minute=0), Limits(requests_per_day=0)):
        world.accounts.limit("gemini", "studio", limits)
        with pytest.raises(errors.ClientError) as caught:
            await gemini.aio.models.generate_content(model=MODEL, contents="hm")
        assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
        quotas.append(caught.value.details["error"]["details"][0]["violations"][0]["quotaId"])
    assert ["PerMinute" in quotas[0], "PerDay" in quotas[1]] == [True, True]


async def test_bad_keys_and_retired_models_are_told_as_google_tells_them(
    world: ProviderWorld, gemini: genai.Client
) -> None:
    world.accounts.revoke("sandbox-gemini-studio-1")
    with pytest.raises(errors.ClientError) as caught:
        await gemini.aio.models.generate_content(model=MODEL, contents="hm")
    assert (caught.value.code, caught.value.details["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


async def test_a_retired_model_is_a_404(gemini: genai.Client) -> None:
    with pytest.raises(errors.ClientError, match="no longer available"):
        await gemini.aio.models.generate_content(model="gemini-2.0-flash", contents="hm")


async def test_models_are_listed_page_by_page(gemini: genai.Client) -> None:
    whole = {model.name: model.supported_actions async for model in await gemini.aio.models.list()}
    paged = [model.name async for model in await gemini.aio.models.list(config={"page_size": 3})]
    assert set(paged) == set(whole)
    assert len(set(paged)) == len(paged) > 6
    assert {"models/gemini-3.8-flash", "models/gemini-3.1-flash-image"} <= set(paged)
    assert "generateContent" in (whole["models/gemini-3.1-flash-image"] or [])


async def test_a_blocked_prompt_has_a_reason_and_no_candidates(gemini: genai.Client) -> None:
    answer = await gemini.aio.models.generate_content(model=MODEL, contents="an unspeakable thing", config=asked(Plan))
    assert answer.candidates is None
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT


async def test_forbidden_things_may_be_planned(gemini: genai.Client) -> None:
    answer = await gemini.aio.models.generate_content(model=MODEL, contents="a forbidden city", config=asked(Plan))
    assert answer.parsed is not None


async def test_scripted_answers_come_instead(world: ProviderWorld, gemini: genai.Client) -> None:
    world.faults.add("gemini", "POST", ":generateContent$", google.overloaded())
    with pytest.raises(errors.ServerError) as caught:
        await gemini.aio.models.generate_content(model=MODEL, contents="hm")
    assert caught.value.code == 503
    assert (await gemini.aio.models.generate_content(model=MODEL, contents="a fox")).text


async def test_a_stream_breaks_off_when_scripted(world: ProviderWorld, gemini: genai.Client) -> None:
    world.faults.add("gemini", "POST", ":streamGenerateContent", Truncated())
    stream = await gemini.aio.models.generate_content_stream(model=MODEL, contents="a fox", config=asked(Plan))
    pieces: list[str] = []
    with pytest.raises(httpx2.TransportError):
        pieces += [chunk.text or "" async for chunk in stream]
    assert world.requests[-1].accepted


async def test_html_comes_where_json_was_expected(world: ProviderWorld, gemini: genai.Client) -> None:
    world.faults.add("gemini", "POST", ":generateContent", Html(status=502))
    with pytest.raises(errors.ServerError):
        await gemini.aio.models.generate_content(model=MODEL, contents="hm")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)
