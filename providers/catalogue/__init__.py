"""What may be ordered, within which limits, for how much: `catalogue.toml`, read once into types."""

from __future__ import annotations

from providers.catalogue.entries import (
    ChatModel,
    HearingModel,
    ImageModel,
    Model,
    MusicModel,
    RateTier,
    Retirement,
    SoundModel,
    SpeechModel,
    VideoModel,
    utf16_units,
)
from providers.catalogue.whole import Catalogue, Retiring

__all__ = [
    "Catalogue",
    "ChatModel",
    "HearingModel",
    "ImageModel",
    "Model",
    "MusicModel",
    "RateTier",
    "Retirement",
    "Retiring",
    "SoundModel",
    "SpeechModel",
    "VideoModel",
    "utf16_units",
]
