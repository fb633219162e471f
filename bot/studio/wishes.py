"""What a person asked for, completed by what they want by default. A default never stands in anybody's way: one that
cannot be had any more, or does not go with what was asked for, gives way to what is usual here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.studio.model import Request
from bot.studio.preferences import PreferenceRows, Preferences
from bot.studio.voices import Voices
from providers.catalogue import VideoModel


class Wishes:
    """Completes requests.

    `models` are those on offer, `usual` is the one that is taken where nobody names any; `ratios_of` tells the shapes
    that a film of a model can have.
    """

    def __init__(
        self,
        rows: PreferenceRows,
        *,
        models: Sequence[VideoModel],
        usual: VideoModel,
        ratios_of: Callable[[VideoModel], tuple[str, ...]],
        voices: Voices | None = None,
    ) -> None:
        self._rows = rows
        self._models = {model.id: model for model in models}
        self._usual = usual
        self._ratios_of = ratios_of
        self._voices = voices

    async def completed(self, request: Request) -> Request:
        """The request with what it leaves open filled in."""
        chosen = await self._rows.of(request.owner_id)
        model = self._model(request, chosen)
        shapes = self._ratios_of(self._models.get(request.model or model or "", self._usual))
        request = replace(
            request,
            model=request.model or model,
            seconds=request.seconds or chosen.seconds,
            captions=request.captions or chosen.captions,
            ratio=request.ratio or (chosen.ratio if chosen.ratio in shapes else ""),
        )
        if not request.voice and chosen.voice and await self._speaks(chosen.voice):
            request = replace(request, voice=chosen.voice, voice_name=chosen.voice_name)
        return request

    def _model(self, request: Request, chosen: Preferences) -> str | None:
        """The model they usually want, if it can be had and makes the shape that is asked for."""
        model = self._models.get(chosen.model)
        if model is None or (request.ratio and request.ratio not in self._ratios_of(model)):
            return None
        return model.id

    async def _speaks(self, voice: str) -> bool:
        return self._voices is not None and await self._voices.named(voice) is not None
