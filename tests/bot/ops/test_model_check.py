from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from bot.ops.model_check import Finding, check, compare, ending
from bot.settings import ProviderSettings
from bot.settings.providers import ProviderKey
from providers.catalogue import Catalogue
from providers.credential import Credential
from providers.errors import KeyRejected, ProviderError, Unavailable

DAY = date(2026, 11, 25)


def catalogue(day: date = DAY) -> Catalogue:
    return Catalogue.load(today=lambda: day)


def ours(provider: str) -> frozenset[str]:
    return frozenset(model.id for model in catalogue().models() if model.provider == provider)


@dataclass
class Lister:
    """A service that lists what it is told to, by key, and remembers who asked."""

    name: str
    answers: Mapping[str, frozenset[str] | Exception | Callable[[], object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def listed(self, credential: Credential) -> frozenset[str]:
        self.asked.append(credential.id)
        answer = self.answers.get(credential.id, ours(self.name))
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            await asyncio.Event().wait()
            raise AssertionError
        return answer


def keyed(provider: str, **accounts: str) -> ProviderSettings:
    """Settings of a provider with keys, named with their account."""
    keys = tuple(ProviderKey(key, account, f"fake-{key}") for key, account in accounts.items())
    return ProviderSettings(name=provider, keys=keys)


def told(findings: tuple[Finding, ...] | list[Finding], *, about: str) -> list[str]:
    return [str(each) for each in findings if each.provider == about]


async def asked(lister: Lister, settings: ProviderSettings, day: date = DAY) -> list[str]:
    findings = await check(catalogue(day), {lister.name: settings}, {lister.name: lister})
    return told(findings, about=lister.name)


async def test_a_service_that_lists_all_of_ours_is_said_to_agree() -> None:
    (said,) = await asked(Lister("runway"), keyed("runway", one="studio"))
    assert said == "NOTE  runway: account studio: asked; 12 of our 12 models are among the 12 it lists"


async def test_each_account_is_asked_with_its_first_key_only() -> None:
    lister = Lister("runway")
    await asked(lister, keyed("runway", one="studio", two="studio", three="other"))
    assert lister.asked == ["one", "three"]


async def test_what_we_offer_and_they_do_not_list_is_a_warning_with_the_successor() -> None:
    lister = Lister("gemini", {"one": ours("gemini") - {"gemini-3.1-flash-image"}})
    said = await asked(lister, keyed("gemini", one="studio"))
    assert (
        "WARN  gemini: account studio: gemini-3.1-flash-image is offered here, but not listed there; "
        "use gemini-nano-banana-2.1" in said
    )


async def test_another_version_of_what_we_use_is_a_note_and_strangers_are_left_out() -> None:
    more = {"gemini-omni-1.3-flash", "gemini-5-flash", "gemini-embedding-2", "gemini-2.5-flash"}
    said = await asked(Lister("gemini", {"one": ours("gemini") | more}), keyed("gemini", one="studio"))
    assert [line for line in said if "unknown here" in line] == [
        "NOTE  gemini: account studio: listed there and unknown here, other versions of what we use: "
        "gemini-5-flash, gemini-omni-1.3-flash"
    ]
    assert "NOTE  gemini: account studio: gone by our list, but still listed there: gemini-2.5-flash" in said


async def test_silence_about_a_whole_kind_says_nothing_about_its_models() -> None:
    lister = Lister("elevenlabs", {"one": ours("elevenlabs") - {"music_v2", "eleven_text_to_sound_v2"}})
    said = await asked(lister, keyed("elevenlabs", one="studio"))
    assert len(said) == 3
    assert all(line.startswith("NOTE") for line in said)
    assert any("nothing is known of music_v2" in line for line in said)


async def test_an_empty_list_is_one_warning() -> None:
    said = await asked(Lister("runway", {"one": frozenset()}), keyed("runway", one="studio"))
    assert [line for line in said if line.startswith("WARN")] == [
        "WARN  runway: account studio: it lists no models at all"
    ]


@pytest.mark.parametrize("error", [KeyRejected("groq", "no such key"), Unavailable("groq", "down"), OSError("no file")])
async def test_a_service_that_cannot_be_asked_is_said_plainly_and_the_others_are_asked(
    error: ProviderError | OSError,
) -> None:
    listers = {"groq": Lister("groq", {"one": error}), "runway": Lister("runway")}
    findings = await check(catalogue(), {name: keyed(name, one="studio") for name in listers}, listers)
    (said,) = told(findings, about="groq")
    assert said.startswith(f"WARN  groq: account studio: it could not be asked: {type(error).__name__}")
    assert any("12 of our 12" in line for line in told(findings, about="runway"))


async def test_a_service_that_hangs_is_given_up() -> None:
    lister = Lister("groq", {"one": lambda: None})
    settings = {"groq": keyed("groq", one="studio")}
    (said,) = told(await check(catalogue(), settings, {"groq": lister}, patience=0.01), about="groq")
    assert said.startswith("WARN  groq: account studio: no answer")


async def test_a_service_without_a_key_or_a_list_is_a_note() -> None:
    findings = await check(catalogue(), {"vertex": keyed("vertex", one="studio")}, {})
    assert told(findings, about="vertex") == ["NOTE  vertex: it does not list its models, so it was not asked"]
    assert told(findings, about="runway") == ["NOTE  runway: no key is set, so it was not asked"]


def test_what_ends_soon_is_a_warning_and_what_has_ended_asks_to_be_moved() -> None:
    soon = [str(each) for each in ending(catalogue(DAY))]
    assert soon == ["WARN  gemini: gemini-omni-1.1-flash can be used through 2026-12-03, then gemini-omni-1.2-flash"]
    late = [str(each) for each in ending(catalogue(date(2026, 12, 4)))]
    assert late[0].startswith("WARN  gemini: gemini-omni-1.1-flash is gone since 2026-12-03")
    assert "WARN  gemini: the price of gemini-3.8-flash is known through 2026-12-31 only; look it up" in late


def test_a_model_past_its_day_is_not_missed() -> None:
    listed = ours("gemini") - {"gemini-omni-1.1-flash"}
    assert [*compare(catalogue(date(2026, 12, 4)), "gemini", "studio", listed)] == []


def test_facts_that_grow_old_are_a_note_for_each_service() -> None:
    old = [each for each in ending(catalogue(DAY + timedelta(days=200))) if "90 days" in each.text]
    assert {each.provider for each in old} == {"runway", "gemini", "vertex", "groq", "elevenlabs"}
    assert not any(each.matters for each in old)
