"""What the measurements of a video say, in words: all there is to plan from where no model can look at it."""

from __future__ import annotations

from bot.media.scan import Scan
from bot.studio.model import Analysis, Asset, Moment, Sight

#: Cuts that are named one by one.
MOST_MOMENTS = 20


def facts_of(asset: Asset, found: Scan) -> dict[str, object]:
    """The measurements as data for a model, named with their units."""
    return {
        "seconds": round(asset.duration, 1),
        "cuts_at_seconds": [round(cut, 1) for cut in found.cuts[:MOST_MOMENTS]],
        "motion_0_to_1": round(found.motion, 2),
        "brightness_0_to_1": round(found.brightness, 2),
        "colours": list(found.colours),
        "loudness_lufs": None if found.loudness is None else round(found.loudness, 1),
        "somebody_seems_to_speak": found.has_speech,
    }


def analysis_of(asset: Asset, found: Scan) -> Analysis:
    """The measurements as an analysis: what a ruler tells, and nothing made up."""
    scenes = len(found.cuts) + 1
    wide = "upright" if asset.height > asset.width else "square" if asset.height == asset.width else "wide"
    many = "one continuous scene" if scenes == 1 else f"{scenes} scenes"
    return Analysis(
        summary=f"A {wide} clip of {asset.duration:.0f} seconds in {many}; {_motion(found.motion)}. Nobody has looked "
        "at it: what it shows is not known.",
        look=f"{_light(found.brightness)}{_colours(found.colours)}",
        sound=_sound(asset, found),
        moments=tuple(Moment(at=cut, what="a cut to another scene") for cut in found.cuts[:MOST_MOMENTS]),
        cuts=tuple(found.cuts),
        sight=Sight.MEASURED,
        is_deaf=asset.has_audio,
    )


def _motion(motion: float) -> str:
    if motion < 0.1:
        return "almost nothing moves"
    return "it moves gently" if motion < 0.4 else "much moves"


def _light(brightness: float) -> str:
    return "Dark" if brightness < 0.25 else "Bright" if brightness > 0.65 else "Of middle brightness"


def _colours(colours: tuple[str, ...]) -> str:
    return f", mostly {' and '.join(colours[:3])}" if colours else ""


def _sound(asset: Asset, found: Scan) -> str:
    if not asset.has_audio:
        return "It has no sound."
    if found.loudness is None:
        return "Its sound is silence."
    return f"It has sound; probably {'somebody' if found.has_speech else 'nobody'} speaks."
