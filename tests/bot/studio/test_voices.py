"""Voices: remembered for a while, found by name or label, and never waited for long."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

from bot.app.pools import judge
from bot.studio.voices import FRESH, SORE, Voices
from providers.credential import Credential
from providers.errors import ProviderError, Unavailable
from providers.speech import Speech, Voice
from ratelimit import ApiKey, KeyPool, Limits
from tests import virtual_time

ARIA = Voice(id="a1", name="Aria", labels=("british", "narration"))
TOM = Voice(id="t1", name="Tom", labels=("american",))
RARE = Voice(id="r1", name="Rarebird")


class Library:
    name = "elevenlabs"

    def __init__(self, *, failure: ProviderError | None = None, hangs: bool = False) -> None:
        self.searches: list[str] = []
        self.failure = failure
        self._hangs = hangs

    async def speak(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        voice: str | None = None,
        model: str | None = None,
    ) -> Speech:
        raise AssertionError("nobody speaks here")

    async def find(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        since: float,
        others: Collection[str] = (),
        voice: str | None = None,
    ) -> Speech | None:
        raise Unavailable("elevenlabs")

    async def voices(self, credential: Credential, *, search: str = "", limit: int = 25) -> Sequence[Voice]:
        self.searches.append(search)
        if self._hangs:
            await asyncio.sleep(3600)
        if self.failure is not None:
            raise self.failure
        return [RARE] if search == "rarebird" else [ARIA, TOM] if not search else []

    async def close(self) -> None:
        """Nothing is open."""


def voices_of(library: Library) -> Voices:
    pool = KeyPool(
        "elevenlabs", [ApiKey("k", "a", "fake")], limits=Limits(), judge=judge, max_retries=0, clock=virtual_time.now
    )
    return Voices(library, pool, clock=virtual_time.now)


def test_voices_are_asked_for_once_in_a_while() -> None:
    library = Library()

    async def story() -> None:
        voices = voices_of(library)
        await asyncio.gather(*(voices.known() for _ in range(3)))
        await asyncio.sleep(FRESH + 1)
        assert await voices.known() == (ARIA, TOM)

    virtual_time.run(story())
    assert library.searches == ["", ""]


def test_they_are_found_by_name_or_label_and_elsewhere_where_nobody_fits() -> None:
    async def story() -> list[Sequence[Voice]]:
        voices = voices_of(Library())
        return [await voices.search(words) for words in ("BRIT", "tom", "", "Rarebird", "nobody")]

    assert [list(found) for found in virtual_time.run(story())] == [[ARIA], [TOM], [ARIA, TOM], [RARE], []]


def test_a_voice_is_named_by_its_id_or_its_name() -> None:
    async def story() -> list[Voice | None]:
        voices = voices_of(Library())
        return [await voices.named(name) for name in ("a1", "aria", "rarebird", "Nobody")]

    assert virtual_time.run(story()) == [ARIA, ARIA, RARE, None]


def test_a_service_that_fails_is_left_alone_for_a_while_and_nobody_waits() -> None:
    library = Library(failure=Unavailable("elevenlabs"))

    async def story() -> None:
        voices = voices_of(library)
        assert await voices.known() == ()
        assert await voices.known() == ()
        library.failure = None
        await asyncio.sleep(SORE + 1)
        assert await voices.known() == (ARIA, TOM)

    virtual_time.run(story())
    assert library.searches == ["", ""]


def test_a_service_that_hangs_is_not_waited_for() -> None:
    async def story() -> float:
        assert await voices_of(Library(hangs=True)).known() == ()
        return virtual_time.now()

    assert virtual_time.run(story()) <= 3.0
