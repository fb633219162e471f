"""Faults by chance: a share of all requests to the services and to Discord meet one of what may go wrong there."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from sandbox.discord import faults as discord
from sandbox.providers import faults as services
from sandbox.providers.answers import Answer
from sandbox.providers.faults import Breaks, Html, Reset, Truncated
from sandbox.world import World

_LOADED = Answer(503, {"error": "overloaded"})
_BROKEN = Answer(500, {"error": "internal"})
_TOO_FAST = Answer(429, {"error": "too many requests"}, {"Retry-After": "1"})
#: Of an order, and of anything that may be asked again. One that was applied was taken, its answer lost.
_ORDERING: Sequence[services.Fault] = (
    _LOADED,
    _BROKEN,
    _TOO_FAST,
    Reset(applied=False),
    Reset(applied=True),
    Html(502, applied=True),
    Truncated(),
    Breaks(),
)
_ASKING: Sequence[services.Fault] = (_LOADED, _BROKEN, _TOO_FAST, Reset(), Html(502, applied=False), Truncated())
_ORDERS = ("/v1/text_to_video", "/v1/image_to_video", "/v1/text-to-speech/", "/v1/music", "/v1/sound-generation")


class Weather:
    """A storm over a world, until `clear`. The same seed and the same requests meet the same faults."""

    def __init__(self, world: World, *, seed: int, share: float) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # chance, not secrets
        self._share = share
        self._world = world
        self.struck: Counter[str] = Counter()
        world.providers.faults.chance = self._service
        world.discord.faults.chance = self._discord

    def clear(self) -> None:
        self._world.providers.faults.chance = None
        self._world.discord.faults.chance = None

    def _service(self, service: str, method: str, path: str) -> services.Fault | None:
        if self._dice.random() >= self._share:
            return None
        self.struck[service] += 1
        is_order = method == "POST" and path.startswith(_ORDERS)
        return self._dice.choice(_ORDERING if is_order else _ASKING)

    def _discord(self, _method: str, _path: str) -> discord.Fault | None:
        if self._dice.random() >= self._share:
            return None
        self.struck["discord"] += 1
        applied = self._dice.random() < 0.5
        match self._dice.randrange(4):
            case 0:
                return discord.Fault(effect=discord.Effect.RESET, applied=applied)
            case 1:
                body = {"message": "You are being rate limited.", "retry_after": 0.2, "global": False}
                return discord.Fault(status=429, body=body, headers={"Retry-After": "0.2"})
            case 2:
                return discord.Fault(status=503, applied=applied)
            case _:
                return discord.Fault(status=500, applied=applied)
