"""A real clip to show."""

from __future__ import annotations

from tests.bot.media.conftest import draw, ffmpeg, plain

__all__ = ["draw", "ffmpeg", "plain"]
