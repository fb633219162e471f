"""Which model makes which shot, from which words, at what price, and when a clip made before will do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from bot.studio.errors import CannotRender, NoDraft
from bot.studio.model import Plan, Shot, ShotStart
from bot.studio.text import within
from providers.catalogue import Catalogue, VideoModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """How one shot is made; `duration` is the clip's length in seconds.

    `source` names the picture that its first frame is, `None` where it starts from words; `resolution` is a draft's,
    `None` for what the model makes films at.
    """

    number: int
    shot: Shot
    model: VideoModel
    prompt: str
    duration: int
    ratio: str
    source: str | None
    price_microusd: int
    resolution: str | None = None

    @property
    def content(self) -> str:
        """Names the clip by everything that decides it: equal contents, equal clips."""
        return self.content_of(self.shot.take)

    def content_of(self, take: int) -> str:
        """What names the clip of another take."""
        facts: list[object] = [self.model.id, self.prompt, self.duration, self.ratio, self.source]
        if self.resolution is not None:
            facts.append(self.resolution)
        if take > 1:  # the first is named as it was before there were others
            facts.append(take)
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    @property
    def clip(self) -> str:
        """The name of the clip's file."""
        return f"{self.content}.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What making a plan costs. `price_microusd` leaves out what was made and paid before.

    `kept` are the shots and `kept_sounds` the files of the recordings that are; they must not be ordered at this price.
    """

    price_microusd: int
    kept: tuple[int, ...]
    kept_sounds: tuple[str, ...] = ()


def cast(plan: Plan, catalogue: Catalogue, *, asset_id: str | None = None, draft: bool = False) -> tuple[Casting, ...]:
    """Decide every shot of a plan, or of its draft.

    Raises:
        CannotRender: no model can make one of the shots.
        NoDraft: one of the models has no cheaper size.
    """
    chosen = catalogue.resolve(plan.model)
    castings: list[Casting] = []
    for number, shot in enumerate(plan.shots, start=1):
        model = _model_for(shot, chosen, catalogue, plan.ratio)
        duration = model.nearest_duration(shot.duration)
        resolution = model.draft_size if draft else None
        if draft and resolution is None:
            raise NoDraft
        prompt = _prompt(shot, model)
        source = {
            ShotStart.TEXT: None,
            ShotStart.PREVIOUS: castings[-1].content if castings else None,
            ShotStart.UPLOAD: f"{asset_id}@{shot.start_at}",
            ShotStart.STILL: f"still:{shot.still}",
        }[shot.start]
        castings.append(
            Casting(
                number=number,
                shot=shot,
                model=model,
                prompt=prompt,
                duration=duration,
                ratio=plan.ratio,
                source=source,
                price_microusd=model.price_microusd(duration, resolution),
                resolution=resolution,
            )
        )
    return tuple(castings)


def quote(
    castings: Collection[Casting],
    made: Collection[str] = (),
    sound_microusd: int = 0,
    kept_sounds: Collection[str] = (),
) -> Quote:
    """Price a cast plan. `made` holds the contents of clips that are there already; the sound's price is added, which
    leaves out `kept_sounds`.
    """
    clips = sum(casting.price_microusd for casting in castings if casting.content not in made)
    return Quote(
        price_microusd=clips + sound_microusd,
        kept=tuple(casting.number for casting in castings if casting.content in made),
        kept_sounds=tuple(sorted(kept_sounds)),
    )


def _model_for(shot: Shot, chosen: VideoModel, catalogue: Catalogue, ratio: str) -> VideoModel:
    """The chosen model, or its sister where it cannot start the way the shot does (gen4_turbo only animates)."""
    sisters = [model for model in catalogue.video_models({chosen.provider}) if model.family == chosen.family]
    sisters = [model for model in sisters if ratio in model.ratios]
    if shot.start is ShotStart.TEXT:
        able = [model for model in sisters if not model.needs_start_image]
        able.sort(key=lambda model: model.id != chosen.id)
    else:
        # A picture to start from makes the cheapest sister as good: it only has to move it.
        able = sorted(
            (model for model in sisters if model.takes_start_image), key=lambda model: model.price_per_second_microusd
        )
    if not able:
        raise CannotRender
    return able[0]


def _prompt(shot: Shot, model: VideoModel) -> str:
    """What the model is told: the picture, the camera, and what is heard where it makes sound; cut to what it takes."""
    prompt = f"{shot.prompt.rstrip('. ')}. Camera: {shot.camera}." if shot.camera else shot.prompt
    if shot.sound and model.native_audio:
        prompt = f"{prompt.rstrip('. ')}. Sound: {shot.sound.rstrip('. ')}."
    return within(prompt, model.prompt_limit)
