from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from providers.errors import InvalidRequest, ProviderError, Unavailable, UnexpectedResponse
from providers.groq import GroqEars
from providers.groq.ears import punctuated
from providers.hearing import Transcript
from providers.quota import DAY, Note, QuotaNote
from providers.speech import TimedWord
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated

HEAR = "POST /openai/v1/audio/transcriptions"
MODEL = "whisper-large-v3-turbo"
HEARD = {
    "text": " A koi, wakes.",
    "language": "English",
    "duration": 1.5,
    "words": [
        {"word": "A", "start": 0.0, "end": 0.2},
        {"word": "koi", "start": 0.3, "end": 0.6},
        {"word": "wakes", "start": 0.8, "end": 1.2},
    ],
}


@pytest.fixture
def ears(server: Loopback, http: httpx.AsyncClient) -> GroqEars:
    return GroqEars(http=http, base_url=server.url, read_timeout=0.2)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "somebody's secret name.bin"
    path.write_bytes(b"ID3\x04sound")
    return path


async def test_a_recording_is_written_down_with_the_time_of_each_word(
    ears: GroqEars, server: Loopback, key: Key, sound: Path
) -> None:
    server.on(HEAR, Reply(200, HEARD))
    assert await ears.transcribe(sound, key, model=MODEL) == Transcript(
        text="A koi, wakes.",
        language="English",
        words=(
            TimedWord(text="A", start=0.0, end=0.2),
            TimedWord(text="koi,", start=0.3, end=0.6),
            TimedWord(text="wakes.", start=0.8, end=1.2),
        ),
        seconds=1.5,
    )
    (seen,) = server.seen
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    for part in (b'filename="sound.mp3"', b"ID3\x04sound", MODEL.encode(), b"verbose_json", b"word"):
        assert part in seen.body
    assert b"secret name" not in seen.body


async def test_silence_is_a_transcript_without_words(ears: GroqEars, server: Loopback, key: Key, sound: Path) -> None:
    server.on(HEAR, Reply(200, {"text": "", "language": None, "duration": "2.5"}))
    assert await ears.transcribe(sound, key, model=MODEL) == Transcript(text="", seconds=2.5)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xff\xfb\x90\0", b"sound.mp3"),
        (b"OggS\0", b"sound.ogg"),
        (b"fLaC\0", b"sound.flac"),
        (b"RIFF\0\0\0\0WAVEfmt ", b"sound.wav"),
    ],
)
async def test_a_recording_is_named_for_its_content(
    ears: GroqEars, server: Loopback, key: Key, sound: Path, content: bytes, name: bytes
) -> None:
    server.on(HEAR, Reply(200, HEARD))
    sound.write_bytes(content)
    await ears.transcribe(sound, key, model=MODEL)
    assert b'filename="' + name in server.seen[0].body


@pytest.mark.parametrize("content", [b"", b"\xff", b"<html>", b"RIFF\0\0\0\0AVI ", b"ID3" + bytes(25_000_000)])
async def test_a_recording_that_is_too_large_or_none_never_leaves(
    ears: GroqEars, server: Loopback, key: Key, sound: Path, content: bytes
) -> None:
    sound.write_bytes(content)
    with pytest.raises(InvalidRequest):
        await ears.transcribe(sound, key, model=MODEL)
    assert server.seen == []


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), Unavailable),
        (Hang(), Unavailable),
        (Truncated(), Unavailable),
        (Reply(200, b"<html>"), UnexpectedResponse),
        (Reply(200, {"words": []}), UnexpectedResponse),
        (Reply(400, {"error": {"message": "could not process file"}}), InvalidRequest),
        (Reply(413, {"error": {"message": "too large"}}), InvalidRequest),
        (Reply(502, b"<html>"), Unavailable),
    ],
    ids=repr,
)
async def test_a_recording_is_sent_once_and_its_failure_named(
    ears: GroqEars, server: Loopback, key: Key, sound: Path, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(HEAR, behaviour)
    with pytest.raises(ProviderError) as caught:
        await ears.transcribe(sound, key, model=MODEL)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


async def test_what_is_left_is_told(server: Loopback, http: httpx.AsyncClient, key: Key, sound: Path) -> None:
    heard: list[Note] = []
    server.on(HEAR, Reply(200, HEARD, {"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "4s"}))
    ears = GroqEars(http=http, base_url=server.url, notice=heard.append)
    await ears.transcribe(sound, key, model=MODEL)
    assert heard == [QuotaNote(provider="groq", key_id=key.id, model=MODEL, period=DAY, requests=7, resets_in=4.0)]
    await ears.close()


@pytest.mark.parametrize(
    ("text", "bare", "expected"),
    [
        ("Well, yes!", ["Well", "yes"], ["Well,", "yes!"]),
        ("“So,” he said", ["So", "he", "said"], ["“So,”", "he", "said"]),
        ("鯉が、目", ["鯉", "が", "目"], ["鯉", "が、", "目"]),
        ("the the.", ["the", "the"], ["the", "the."]),
        ("A koi.", ["A", "carp", "koi"], ["A", "carp", "koi."]),
        ("A koi.", ["", "koi"], ["", "koi."]),
        ("", ["koi"], ["koi"]),
    ],
)
def test_words_get_the_signs_around_them(text: str, bare: list[str], expected: list[str]) -> None:
    words = [TimedWord(text=word, start=0.0, end=1.0) for word in bare]
    assert [word.text for word in punctuated(text, words)] == expected
