"""Clips that are real: small mp4 files (H.264, yuv420p, AAC where the model sings) drawn from their prompts."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import imageio_ffmpeg
from PIL import Image, ImageOps

from sandbox.providers import scenery

FRAMES_PER_SECOND = 24
#: Clips drawn at once; more would only slow each other down on a small machine.
DRAWN_AT_ONCE = 2
#: Seconds that a last picture takes to come, and stands still after that.
FADE = 0.5


class DrawingFailed(Exception):
    """ffmpeg did not make what it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a clip shows. `duration` in seconds, sizes in pixels (even).

    It fades into `last_image` at its end; `references` hang in its upper left corner, so that one sees they came along.
    `recipe`, where given, makes it of other files: ffmpeg's inputs, filters and codecs, in place of a painting.
    """

    id: str
    prompt: str
    duration: float
    width: int
    height: int
    audio: bool = False
    start_image: Path | None = None
    last_image: Path | None = None
    references: tuple[Path, ...] = ()
    recipe: tuple[str, ...] = ()
    take: int = 1

    @property
    def seed(self) -> int:
        """What the picture is thrown by: words that are filmed again look different each time."""
        return scenery.seed_of(self.prompt if self.take == 1 else f"{self.prompt} #{self.take}")


async def run_ffmpeg(arguments: Sequence[str], fed: bytes | None = None) -> tuple[bytes, str]:
    """Run ffmpeg to its end; what it wrote to stdout and stderr. Killed and awaited when we are cancelled."""
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-nostdin",
        *arguments,
        stdin=asyncio.subprocess.PIPE if fed is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate(fed)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise DrawingFailed(err.decode(errors="replace")[-2000:])
    return out, err.decode(errors="replace")


class Films:
    """The clips being drawn. An async context manager: what is unfinished when it closes is dropped.

    Args:
        eager: draw as soon as a clip is ordered; otherwise when it is first asked for.
        stock: draw one clip for each shape and hand it to everyone, for those who measure something else; a file is
            handed out as it is, whatever shape was asked for.
        longest_side: draw them no larger than so many pixels, for those who look at no picture.
    """

    def __init__(
        self, directory: Path, *, eager: bool = True, stock: bool | Path = False, longest_side: int | None = None
    ) -> None:
        self.directory = directory
        self._longest_side = longest_side
        self.eager = eager
        self.stock = stock
        self._tasks: dict[str, asyncio.Task[Path]] = {}
        self._filmed: dict[str, list[str]] = {}  # prompt → the clips of it, in the order they were asked for
        self._room = asyncio.Semaphore(DRAWN_AT_ONCE)
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    def _take(self, clip: Clip) -> int:
        ids = self._filmed.setdefault(clip.prompt, [])
        if clip.id not in ids:
            ids.append(clip.id)
        return ids.index(clip.id) + 1

    def order(self, clip: Clip) -> None:
        self._take(clip)
        if self.eager and not isinstance(self.stock, Path):
            self._begin(clip)

    async def file(self, clip: Clip) -> Path:
        """The finished clip, waiting for it where it is still being drawn."""
        if isinstance(self.stock, Path):
            return self.stock
        return await asyncio.shield(self._begin(clip))

    def _begin(self, clip: Clip) -> asyncio.Task[Path]:
        shape = f"{clip.width}x{clip.height}-{clip.duration:g}-{clip.audio:d}"
        name = shape if self.stock and not clip.recipe else clip.id
        if name not in self._tasks:
            drawn = self._sized(replace(clip, take=self._take(clip)))
            self._tasks[name] = self._group.create_task(self._draw(drawn, self.directory / f"{name}.mp4"))
        return self._tasks[name]

    def _sized(self, clip: Clip) -> Clip:
        if self._longest_side is None or clip.recipe:
            return clip
        shrunk = min(1.0, self._longest_side / max(clip.width, clip.height))
        return replace(clip, width=round(clip.width * shrunk / 2) * 2, height=round(clip.height * shrunk / 2) * 2)

    async def _draw(self, clip: Clip, target: Path) -> Path:
        async with self._room:
            return await draw(clip, target)


async def draw(clip: Clip, target: Path) -> Path:
    """Draw `clip` into `target`, about half a second of one core for five seconds at 720p."""
    folder = target.with_suffix(".layers")
    try:
        arguments = list(clip.recipe) or await _to_its_end(asyncio.to_thread(_prepare, clip, folder))
        part = target.with_suffix(".part")
        await run_ffmpeg([*arguments, "-f", "mp4", str(part)])
        part.rename(target)
    finally:
        await asyncio.to_thread(_remove, folder)
    return target


async def _to_its_end(work: Coroutine[None, None, list[str]]) -> list[str]:
    """Wait for a thread also when cancelled, so that nobody clears up under its hands."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _remove(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink()
    if folder.exists():
        folder.rmdir()


def _prepare(clip: Clip, folder: Path) -> list[str]:
    """Paint the layers into `folder`; the arguments that make them a film, numbers only: no word of a prompt."""
    folder.mkdir(parents=True, exist_ok=True)
    footer = f"{clip.duration:g} s · {clip.width}×{clip.height} · {clip.id}"
    layers = scenery.paint(clip.prompt, footer, clip.width, clip.height, _start_image(clip), seed=clip.seed)
    images = [
        layers.back,
        *layers.hills,
        layers.hero.image,
        *([layers.falling] if layers.falling else []),
        layers.caption,
    ]
    inputs: list[str] = []
    for number, image in enumerate(images):
        path = folder / f"{number}.png"
        image.save(path, compress_level=1)
        inputs += ["-framerate", str(FRAMES_PER_SECOND), "-i", str(path)]
    graph = _graph(clip, layers)
    for number, (name, image, seen) in enumerate(_guests(clip)):
        path = folder / f"{name}.png"
        image.save(path, compress_level=1)
        inputs += ["-framerate", str(FRAMES_PER_SECOND), "-i", str(path)]
        graph = graph.removesuffix("[film]") + f"[g{number}];[{len(images)}:v]{seen}[guest{number}];"
        graph += f"[g{number}][guest{number}]overlay=eof_action=repeat:format=yuv420[film]"
        images.append(image)
    sound: list[str] = []
    if clip.audio:
        inputs += ["-f", "lavfi", "-i", _ambience(clip)]
        sound = ["-map", f"{len(images)}:a", "-c:a", "aac", "-b:a", "96k", "-ac", "2"]
    return [
        "-y", "-v", "error", "-filter_threads", "1", *inputs, "-filter_complex", graph, "-map", "[film]", *sound,
        "-t", f"{clip.duration:g}", "-r", str(FRAMES_PER_SECOND), "-c:v", "libx264", "-preset", "ultrafast",
        "-crf", "27", "-pix_fmt", "yuv420p", "-threads", "2", "-movflags", "+faststart",
    ]  # fmt: skip


def _guests(clip: Clip) -> list[tuple[str, Image.Image, str]]:
    """Pictures of the caller's that lie over the painting, and the filter that brings each in."""
    guests: list[tuple[str, Image.Image, str]] = []
    if clip.references:
        side = min(clip.width, clip.height) // 4
        wall = Image.new("RGBA", (clip.width, clip.height))
        for number, path in enumerate(clip.references):
            with Image.open(path) as picture:
                wall.paste(ImageOps.fit(picture.convert("RGB"), (side, side)), (8 + number * (side + 8), 8))
        guests.append(("references", wall, "format=rgba"))
    if clip.last_image is not None:
        with Image.open(clip.last_image) as picture:
            end = ImageOps.fit(picture.convert("RGB"), (clip.width, clip.height))
        begins = max(0.0, clip.duration - 2 * FADE)
        seen = f"format=rgba,loop=loop=-1:size=1,setpts=N/{FRAMES_PER_SECOND}/TB,fade=in:st={begins:g}:d={FADE}:alpha=1"
        guests.append(("last", end, seen))
    return guests


def _start_image(clip: Clip) -> Image.Image | None:
    if clip.start_image is None:
        return None
    with Image.open(clip.start_image) as image:
        return image.convert("RGB")


def _graph(clip: Clip, layers: scenery.Layers) -> str:
    """The camera: the back slides a little, the hills more, the hero crosses, the caption stays."""
    dice = random.Random(clip.seed + 1)
    share = f"(t/{max(clip.duration, 0.1):g})"
    slide = layers.back.width - clip.width
    lift = layers.back.height - clip.height
    steps = [
        f"[0:v]format=yuv420p,loop=loop=-1:size=1,setpts=N/{FRAMES_PER_SECOND}/TB,"
        f"crop={clip.width}:{clip.height}:x='{slide}/2+{slide}/2*{share}':y='{lift}/2*(1-{share})'[s0]"
    ]
    overlays: list[tuple[str, str]] = [
        (f"-{hills.width - clip.width}*{share}", f"{clip.height - hills.height}") for hills in layers.hills
    ]
    hero = layers.hero.image
    swing = clip.height * dice.uniform(0.06, 0.14)
    middle = clip.height * dice.uniform(0.34, 0.46) - hero.height / 2
    turn = dice.uniform(0.7, 1.4)
    if layers.hero.stands:  # on the near hills, and the camera passes by
        start = clip.width * dice.uniform(0.42, 0.55)
        foot = clip.height - layers.caption.height - hero.height
        overlays.append((f"{start:.0f}-{clip.width * 0.22:.0f}*{share}", f"{foot + clip.height * 0.02:.0f}"))
    else:
        across = f"-{hero.width}+({clip.width}*0.58+{hero.width})*sin({share}*PI/2)"
        overlays.append((across, f"{middle:.0f}+{swing:.0f}*sin(t*{turn:.2f}*2)"))
    if layers.falling is not None:
        overlays.append(("0", f"-{clip.height}+mod(t*{int(clip.height * 0.9)},{clip.height})"))
    overlays.append(("0", f"{clip.height - layers.caption.height}"))
    for number, (x, y) in enumerate(overlays):
        steps.append(f"[s{number}][{number + 1}:v]overlay=x='{x}':y='{y}':eval=frame:format=yuv420[s{number + 1}]")
    steps[-1] = steps[-1].rsplit("[", 1)[0] + "[film]"
    return ";".join(steps)


def _ambience(clip: Clip) -> str:
    """A quiet chord in stereo that breathes, in a key of the prompt's own."""
    dice = random.Random(clip.seed + 2)
    root = 110 * 2 ** (dice.randint(0, 11) / 12)
    third = dice.choice((1.2, 1.25))
    breath = f"(0.6+0.4*sin(2*PI*t*{dice.uniform(0.2, 0.5):.2f}))"
    fade = f"min(1,min(t*4,max(0,({clip.duration:g}-t)*4)))"

    def channel(detune: float) -> str:
        tones = "+".join(
            f"{level}*sin(2*PI*{root * ratio * detune:.2f}*t)"
            for ratio, level in ((1, 0.5), (third, 0.25), (1.5, 0.25))
        )
        return f"0.16*{fade}*{breath}*({tones})"

    return f"aevalsrc='{channel(1)}|{channel(1.003)}':s=44100:d={clip.duration:g}"
