"""Clips made out of clips: recipes for ffmpeg, numbers and our own paths only, no word of a prompt."""

from __future__ import annotations

from pathlib import Path

from sandbox.providers.runway.assets import Footage

#: The short side of an upscaled clip.
SHORT_SIDE = {"720p": 720, "1k": 1080, "2k": 1440, "4k": 2160}

_PICTURE = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "27", "-pix_fmt", "yuv420p", "-threads", "2")
_SOUND = ("-c:a", "aac", "-b:a", "96k", "-ac", "2")
_QUIETLY = ("-y", "-v", "error", "-filter_threads", "1")
_END = ("-movflags", "+faststart")


def edited(source: Footage, width: int, height: int) -> tuple[str, ...]:
    """The same clip in other colours."""
    look = f"scale={width}:{height},hue=h=120:s=1.3"
    return _from(source, "-vf", look, "-t", f"{source.seconds:.3f}")


def upscaled(source: Footage, width: int, height: int) -> tuple[str, ...]:
    """The same clip with more pixels, and a little sharper."""
    return _from(source, "-vf", f"scale={width}:{height}:flags=lanczos,unsharp", "-t", f"{source.seconds:.3f}")


def extended(source: Footage, seconds: int, width: int, height: int) -> tuple[str, ...]:
    """The clip, and its last frame going on through the colours for `seconds` more."""
    drift = f"hue=h='max(0,t-{source.seconds:.3f})*40'"
    look = f"scale={width}:{height},fps=24,tpad=stop_mode=clone:stop_duration={seconds},{drift}"
    return _from(source, "-vf", look, "-af", "apad", "-t", f"{source.seconds + seconds:.3f}")


def performed(character: Path, acting: Footage, width: int, height: int, *, character_moves: bool) -> tuple[str, ...]:
    """The character, swaying, for as long as the acting lasts, with the acting's voice."""
    loop = ("-stream_loop", "-1") if character_moves else ("-loop", "1", "-framerate", "24")
    fill = f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height}"
    look = f"[0:v]{fill},fps=24,rotate='0.05*sin(t*4)',hue=s='1+0.2*sin(t*4)',setsar=1[film]"
    sound = ("-map", "1:a:0", *_SOUND) if acting.audio else ()
    return (
        *_QUIETLY, *loop, "-i", str(character), "-i", str(acting.path), "-filter_complex", look, "-map", "[film]",
        *sound, "-t", f"{acting.seconds:.3f}", *_PICTURE, *_END,
    )  # fmt: skip


def _from(source: Footage, *how: str) -> tuple[str, ...]:
    maps = ("-map", "0:v:0", "-map", "0:a:0") if source.audio else ("-map", "0:v:0")
    kept = tuple(part for part in how if source.audio or part not in {"-af", "apad"})
    sound = _SOUND if source.audio else ()
    return (*_QUIETLY, "-i", str(source.path), *maps, *kept, *_PICTURE, *sound, *_END)


def even(pixels: float) -> int:
    """The nearest number of pixels that H.264 takes."""
    return max(2, round(pixels / 2) * 2)
