"""Looking at a file for real: how long, how large, which colours, where it cuts, how much it moves."""

from __future__ import annotations

import asyncio
import colorsys
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image, ImageChops, ImageStat, UnidentifiedImageError

from sandbox.providers.film import DrawingFailed, run_ffmpeg

#: Looks per second, and the size a frame is looked at in.
LOOKS_PER_SECOND = 4
SIZE = (48, 27)
#: Mean difference of two looks, 0..255, from which it is a cut.
CUT = 30.0
MAX_CUTS = 40
#: Characters; a longer text before a picture is no caption.
LONGEST_CAPTION = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stretch between two cuts. `brightness` and `motion` are 0..1."""

    start: float
    end: float
    colour: str
    brightness: float
    motion: float

    @property
    def light(self) -> str:
        return (
            "dark"
            if self.brightness < 0.3
            else "dim"
            if self.brightness < 0.45
            else "bright"
            if self.brightness > 0.65
            else "softly lit"
        )

    @property
    def movement(self) -> str:
        return "nearly still" if self.motion < 0.01 else "calm" if self.motion < 0.03 else "lively"

    @property
    def words(self) -> str:
        return f"a {self.light}, {self.movement} picture, mostly {self.colour}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of a file. A picture has a `duration` of 0 and one scene; several of one film have as many."""

    width: int
    height: int
    duration: float = 0.0
    fps: float = 0.0
    has_sound: bool = False
    scenes: tuple[Scene, ...] = field(default=())

    def between(self, start: float, end: float) -> Look:
        """What is seen from `start` to `end`; times stay those of the whole film."""
        scenes = tuple(
            replace(scene, start=max(scene.start, start), end=min(scene.end, end))
            for scene in self.scenes
            if scene.start < end and scene.end > start
        )
        return replace(self, duration=round(end - start, 2), scenes=scenes)

    @property
    def shape(self) -> str:
        return "upright" if self.height > self.width else "square" if self.height == self.width else "wide"


def colour_name(red: float, green: float, blue: float) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.12:
        return "black"
    if saturation < 0.12:
        return "white" if value > 0.85 else "grey"
    names = ("red", "orange", "yellow", "green", "green", "teal", "teal", "blue", "blue", "violet", "magenta", "red")
    return ("deep " if value < 0.4 else "") + names[int(hue * 12) % 12]


async def look_at(path: Path, mime_type: str) -> Look | None:
    """What is in the file; `None` where nothing can be seen."""
    if mime_type.startswith("image/"):
        return await asyncio.to_thread(_picture, path)
    if not mime_type.startswith("video/"):
        return None
    scale = f"fps={LOOKS_PER_SECOND},scale={SIZE[0]}:{SIZE[1]}"
    arguments = ["-v", "info", "-i", str(path), "-an", "-vf", scale, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    try:
        frames, told = await run_ffmpeg(arguments)
    except DrawingFailed:
        return None
    return await asyncio.to_thread(_film, frames, told)


def time_in(caption: str) -> float | None:
    """The second that a picture's caption names, as "at 3.5 s" or "0:03" do; `None` where it is no such caption."""
    if len(caption) > LONGEST_CAPTION:
        return None
    match = re.search(r"\b(?:(\d+):)?(\d+(?:\.\d+)?)(?(1)|\s*s(?:ec\w*)?)\b", caption)
    return int(match[1] or 0) * 60 + float(match[2]) if match else None


def album(pictures: Sequence[tuple[float, Look]]) -> Look:
    """A film of which only pictures are seen, each taken at a second of it."""
    taken = sorted(pictures, key=lambda picture: picture[0])
    ends = [at for at, _ in taken[1:]] + [taken[-1][0]]
    scenes = tuple(
        replace(look.scenes[0], start=at, end=end) for (at, look), end in zip(taken, ends, strict=True) if look.scenes
    )
    return replace(taken[0][1], scenes=scenes)


def _picture(path: Path) -> Look | None:
    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize(SIZE)
            width, height = image.size
    except (UnidentifiedImageError, OSError):
        return None
    return Look(width=width, height=height, scenes=(_scene([small], [0.0], 0, 1),))


def _film(frames: bytes, told: str) -> Look | None:
    size = re.search(r"Video:.*? (\d{2,5})x(\d{2,5})", told)
    clock = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    fps = re.search(r"([\d.]+) fps", told)
    step = SIZE[0] * SIZE[1] * 3
    pictures = [Image.frombytes("RGB", SIZE, frames[at : at + step]) for at in range(0, len(frames) - step + 1, step)]
    if size is None or not pictures:
        return None
    changes = [0.0] + [_difference(pictures[n - 1], pictures[n]) for n in range(1, len(pictures))]
    duration = (
        int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]) if clock else len(pictures) / LOOKS_PER_SECOND
    )
    cuts = [n for n, change in enumerate(changes) if change > CUT][:MAX_CUTS]
    edges = [0, *cuts, len(pictures)]
    scenes = tuple(_scene(pictures, changes, begin, end) for begin, end in itertools.pairwise(edges) if end > begin)
    return Look(
        width=int(size[1]),
        height=int(size[2]),
        duration=round(duration, 2),
        fps=float(fps[1]) if fps else 0.0,
        has_sound="Audio:" in told,
        scenes=scenes,
    )


def _difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def _scene(pictures: list[Image.Image], changes: list[float], begin: int, end: int) -> Scene:
    middle = pictures[(begin + end) // 2 if end - begin > 1 else begin]
    red, green, blue = ImageStat.Stat(middle).mean
    moves = changes[begin + 1 : end] or [0.0]
    return Scene(
        start=round(begin / LOOKS_PER_SECOND, 2),
        end=round(end / LOOKS_PER_SECOND, 2),
        colour=colour_name(red, green, blue),
        brightness=(0.299 * red + 0.587 * green + 0.114 * blue) / 255,
        motion=sum(moves) / len(moves) / 255,
    )
