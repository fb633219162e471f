"""What ElevenLabs' models take. Longer or shorter is refused here, before it costs a request."""

from __future__ import annotations

from typing import Final

from providers.errors import InvalidRequest

PROVIDER: Final = "elevenlabs"
DEFAULT_VOICE: Final = "JBFqnCBsd6RMkjVDRZzb"  # "George", the voice of ElevenLabs' own samples
SPEECH_MODEL: Final = "eleven_multilingual_v2"
SOUND_MODEL: Final = "eleven_text_to_sound_v2"
MUSIC_MODEL: Final = "music_v2"  # music_v1 is marked as deprecated in their document of 2026-08-22

# Characters of one request; help.elevenlabs.io "Error Code 400 or 401" and models page, 2026-11. The service counts as
# Python does: by code points.
_TEXT_LIMITS = {
    "eleven_v4": 10_000,
    "eleven_v4_turbo": 10_000,
    "eleven_v3": 5_000,
    "eleven_multilingual_v2": 10_000,
    "eleven_flash_v2_5": 40_000,
    "eleven_turbo_v2_5": 40_000,
    "eleven_flash_v2": 30_000,
    "eleven_turbo_v2": 30_000,
}
_SMALLEST_TEXT_LIMIT = 5_000
_MUSIC_PROMPT_LIMIT = 4_100  # their document of 2026-08-22, as the lengths below
_EFFECT_SECONDS = (0.5, 30.0)
_MUSIC_SECONDS = (3.0, 600.0)


def text_limit(model: str) -> int:
    """Characters that one request to a speech model may have; the least of all for one we do not know."""
    return _TEXT_LIMITS.get(model, _SMALLEST_TEXT_LIMIT)


def check_text(text: str, model: str) -> None:
    """Raises `InvalidRequest` for a text that `model` does not take."""
    limit = text_limit(model)
    if not text.strip() or len(text) > limit:
        raise InvalidRequest(PROVIDER, f"{model} takes 1 to {limit} characters, not {len(text)}")


def check_effect(prompt: str, seconds: float) -> None:
    """Raises `InvalidRequest` for a noise that cannot be made."""
    low, high = _EFFECT_SECONDS
    if not prompt.strip():
        raise InvalidRequest(PROVIDER, "a noise has a description")
    if not low <= seconds <= high:
        raise InvalidRequest(PROVIDER, f"a noise lasts {low:g} to {high:g} s, not {seconds:g}")


def check_music(prompt: str, seconds: float) -> None:
    """Raises `InvalidRequest` for music that cannot be made."""
    low, high = _MUSIC_SECONDS
    if not prompt.strip() or len(prompt) > _MUSIC_PROMPT_LIMIT:
        raise InvalidRequest(
            PROVIDER, f"a description of music has 1 to {_MUSIC_PROMPT_LIMIT} characters, not {len(prompt)}"
        )
    if not low <= seconds <= high:
        raise InvalidRequest(PROVIDER, f"music lasts {low:g} to {high:g} s, not {seconds:g}")
