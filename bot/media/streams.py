"""Reads ffmpeg's framecrc listing: the one output of ffmpeg that tells streams and packets to a machine.

The package that brings us ffmpeg has no ffprobe, and headers lie; the listing holds what was really in the file.

    #tb 0: 1/15360
    #media_type 0: video
    #codec_id 0: h264
    #dimensions 0: 320x240
    0,          0,          0,      512,     8644, 0xcae7e519     (stream, dts, pts, duration, size, checksum)
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Stream:
    """One stream as listed so far; `first` and `last` are in units of `time_base`."""

    media: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    time_base: float = 0.0  # seconds
    packets: int = 0
    first: int | None = None
    last: int | None = None

    @property
    def duration(self) -> float:
        """Seconds from the first packet's start to the last one's end, without what is decoded but never presented."""
        if self.first is None or self.last is None:
            return 0.0
        return (self.last - max(0, self.first)) * self.time_base


@dataclass(slots=True)
class Listing:
    """Fed with the lines of a listing, one by one."""

    streams: dict[int, Stream] = field(default_factory=dict)

    def read(self, line: str) -> None:
        if line.startswith("#"):
            self._read_header(line)
        elif line:
            self._read_packet(line)

    def first_of(self, media: str) -> Stream | None:
        return next((stream for stream in self.streams.values() if stream.media == media), None)

    @property
    def duration(self) -> float:
        """Seconds of the longest stream so far."""
        return max((stream.duration for stream in self.streams.values()), default=0.0)

    @property
    def packets(self) -> int:
        return sum(stream.packets for stream in self.streams.values())

    def _read_header(self, line: str) -> None:
        key, _, value = line[1:].partition(": ")
        name, _, number = key.partition(" ")
        if not number.isdecimal():
            return
        stream = self.streams.setdefault(int(number), Stream())
        match name:
            case "tb":
                numerator, _, denominator = value.partition("/")
                stream.time_base = int(numerator) / int(denominator)
            case "media_type":
                stream.media = value
            case "codec_id":
                stream.codec = value
            case "dimensions":
                width, _, height = value.partition("x")
                stream.width, stream.height = int(width), int(height)
            case _:
                pass

    def _read_packet(self, line: str) -> None:
        number, _, presented, lasts, *_ = line.split(",")
        stream = self.streams[int(number)]
        stream.packets += 1
        start = int(presented)
        if start < -(1 << 62):  # AV_NOPTS_VALUE: the packet has no time of its own
            return
        end = start + max(0, int(lasts))
        stream.first = start if stream.first is None else min(stream.first, start)
        stream.last = end if stream.last is None else max(stream.last, end)
