"""Services that would make a film and lend no key for it, and nobody expects them back by themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from bot.studio.casting import Casting
from bot.ui.waits import rests_until
from bot.ui.wording import titled
from ratelimit import KeyPool


class Away:
    """Looks at the pools as this process knows them: one that orders nothing itself finds nobody away."""

    def __init__(self, pools: Mapping[str, KeyPool]) -> None:
        self._pools = pools

    def among(self, castings: Iterable[Casting]) -> list[str]:
        """Titles of the services of these shots whose every key is rejected, used up, paused or retired."""
        wanted = {(casting.model.provider, casting.model.id) for casting in castings}
        found = {provider for provider, model in wanted if self._lends_none(provider, model)}
        return [titled(provider) for provider in sorted(found)]

    def _lends_none(self, provider: str, model: str) -> bool:
        pool = self._pools.get(provider)
        return pool is not None and all(rests_until(key, model) == math.inf for key in pool.view().keys)
