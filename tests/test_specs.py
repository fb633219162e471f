from __future__ import annotations

import pytest

from tests.specs import request_violations, response_violations

RUNWAY = {"model": "gen4.5", "promptText": "a koi", "ratio": "1280:720", "duration": 5}
OMNI = {"model": "gemini-omni-1.1-flash", "input": "a koi", "response_format": {"type": "video"}}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "a koi"}]}]}
GROQ = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "a koi"}]}
SPEECH = {"text": "a koi", "model_id": "eleven_multilingual_v2"}

PLACES = [
    ("runway", "/v1/text_to_video", RUNWAY),
    ("gemini", "/v1beta/interactions", OMNI),
    ("gemini", "/v1beta/models/gemini-3.8-flash:generateContent", GEMINI),
    ("groq", "/openai/v1/chat/completions", GROQ),
    ("elevenlabs", "/v1/text-to-speech/voice", SPEECH),
]


@pytest.mark.parametrize(("service", "path", "body"), PLACES)
def test_a_good_body_breaks_nothing_and_an_invented_field_does(
    service: str, path: str, body: dict[str, object]
) -> None:
    assert request_violations(service, "POST", path, body) == []
    assert request_violations(service, "POST", path, {**body, "invented": 1}) != []


@pytest.mark.parametrize(
    "changes",
    [{"model": "gen3a_turbo"}, {"promptText": "x" * 1001}, {"duration": 11}, {"ratio": "960:960"}],
)
def test_runways_limits_bite(changes: dict[str, object]) -> None:
    assert request_violations("runway", "POST", "/v1/text_to_video", {**RUNWAY, **changes}) != []


def test_an_answer_without_its_price_is_a_violation() -> None:
    answer = {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f"}
    violations = response_violations("runway", "POST", "/v1/text_to_video", 200, answer)
    assert violations == ["(body): 'estimatedCost' is a required property"]


def test_a_ratio_that_omni_does_not_make_is_a_violation() -> None:
    body = {**OMNI, "response_format": {"type": "video", "aspect_ratio": "4:3"}}
    assert request_violations("gemini", "POST", "/v1beta/interactions", body) != []


def test_a_path_that_is_in_no_document_is_a_violation() -> None:
    assert request_violations("runway", "POST", "/v1/lip_sync", {}) == ["POST /v1/lip_sync: not in the document"]
