"""Measures films with PyAV, which shares nothing with the code under test but the format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.stream import Disposition

if TYPE_CHECKING:
    from pathlib import Path


def ends(film: Path) -> dict[str, float]:
    """Second at which the last packet of each kind of stream ends."""
    found: dict[str, float] = {}
    with av.open(str(film)) as container:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            found[packet.stream.type] = max(found.get(packet.stream.type, 0.0), end)
    return found


def picture_packets(film: Path) -> list[bytes]:
    """The coded pictures, to see whether they were copied."""
    with av.open(str(film)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def caption_track(film: Path) -> tuple[str, str | None, bool]:
    """Codec and language of the first caption track, and whether it is on by default."""
    with av.open(str(film)) as container:
        track = container.streams.subtitles[0]
        return track.codec_context.name, track.language, bool(track.disposition & Disposition.default)
