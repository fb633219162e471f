"""ElevenLabs as a voice, a maker of noises and a band (elevenlabs 2.78)."""

from __future__ import annotations

from providers.elevenlabs.adapter import ElevenLabs
from providers.elevenlabs.clients import DEFAULT_BASE_URL
from providers.elevenlabs.faults import elevenlabs_fault
from providers.elevenlabs.limits import DEFAULT_VOICE, MUSIC_MODEL, PROVIDER, SOUND_MODEL, SPEECH_MODEL
from providers.elevenlabs.words import timed_words

__all__ = [
    "DEFAULT_BASE_URL",
    "DEFAULT_VOICE",
    "MUSIC_MODEL",
    "PROVIDER",
    "SOUND_MODEL",
    "SPEECH_MODEL",
    "ElevenLabs",
    "elevenlabs_fault",
    "timed_words",
]
