"""The same narrated, scored and captioned film by every kind of model: `python -m benchmarks.models [DIR]`.

Measured with ffmpeg's own filters on what arrived in Discord: loudness, true peak, how far picture and sound end apart,
and how far the first caption is from the first word. The films stay in DIR, where one is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stage import data_of, quick_world, ready_bot
from benchmarks.visitor import Visitor
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.media.fit import list_packets
from bot.media.loudness import measure
from sandbox.discord.reading import text_of
from sandbox.providers.voice import LEAD
from sandbox.world import World

#: Of each kind one: Google's, Runway's that needs no picture and that animates one, Veo through Runway and Vertex.
MODELS = ("gemini-omni-1.2-flash", "gen4.5", "gen4_turbo", "veo3.1", "veo-3.1-fast-generate-001")
IDEA = "a koi that becomes a dragon, with a narrator and slow piano music,"
SHOTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One film. Times in seconds, loudness in LUFS and dBTP; `late` is the first caption after the first word, in
    milliseconds.
    """

    model: str
    cost: str
    took: float
    lasts: float
    loudness: float | None
    peak: float | None
    gap: float
    late: float | None


async def main(keep: Path | None) -> None:
    print(f"{'model':<28}{'cost':>7}{'took':>8}{'lasts':>8}{'LUFS':>8}{'dBTP':>7}{'A/V gap':>10}{'caption':>10}")
    with contextlib.ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for model in MODELS:
            made = await film_by(model, folder / model)
            late = "-" if made.late is None else f"{made.late:+.0f} ms"
            print(
                f"{made.model:<28}{made.cost:>7}{made.took:>7.1f}s{made.lasts:>7.2f}s{made.loudness or 0:>8.2f}"
                f"{made.peak or 0:>7.2f}{made.gap * 1000:>7.1f} ms{late:>10}"
            )


async def film_by(model: str, folder: Path) -> Made:
    """Have one film made by a bot that plans with `model`, and measure it."""
    folder.mkdir(parents=True, exist_ok=True)
    async with quick_world(folder / "world") as world, ready_bot(world, folder, VIDEO_MODEL=model):
        visitor = Visitor(world.discord, world.discord.mia)
        thread = await visitor.plan(IDEA, shots=SHOTS)
        began = time.monotonic()
        await visitor.greenlight(thread)
        message = await visitor.film(thread)
        took = time.monotonic() - began
        cost = re.search(r"cost (\$[\d.]+)", text_of(message))
        film = folder / "film.mp4"
        film.write_bytes(_bytes_of(world, message))
        words = sorted(data_of(folder).glob("films/*/voice-*.json"))
    ffmpeg = Ffmpeg(find_ffmpeg())
    loud = await measure(ffmpeg, film)
    listing = await list_packets(ffmpeg, film)
    picture, sound = listing.first_of("video"), listing.first_of("audio")
    assert picture is not None
    assert sound is not None
    return Made(
        model=model,
        cost=cost[1] if cost else "?",
        took=took,
        lasts=listing.duration,
        loudness=loud.integrated,
        peak=loud.true_peak,
        gap=abs(picture.duration - sound.duration),
        late=await _lateness(ffmpeg, film) if words else None,
    )


async def _lateness(ffmpeg: Ffmpeg, film: Path) -> float | None:
    """Milliseconds from the first word, as its service told it, to the first caption of the film's own track."""
    script = film.with_suffix(".srt")
    process = await asyncio.create_subprocess_exec(
        str(ffmpeg.executable), "-v", "error", "-y", "-i", str(film), "-map", "0:s:0", str(script)
    )
    await process.wait()
    shown = re.search(r"(\d\d):(\d\d):(\d\d),(\d{3}) -->", script.read_text()) if script.exists() else None
    if shown is None:
        return None
    hours, minutes, seconds, thousandths = map(int, shown.groups())
    # The sandbox's voice opens every recording with as much silence.
    return (hours * 3600 + minutes * 60 + seconds) * 1000 + thousandths - LEAD * 1000


def _bytes_of(world: World, message: dict[str, object]) -> bytes:
    attachments = message["attachments"]
    assert isinstance(attachments, list)
    path = str(attachments[0]["url"]).split("?")[0].removeprefix(world.discord.cdn_url)
    found = world.discord.simulation.file(path)
    assert found is not None, path
    return found[0]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
