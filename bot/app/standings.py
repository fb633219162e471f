"""Asks services how our accounts stand there: credit, plan, and how many operations they may have open at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping

from bot.status.service_findings import LOW
from providers.errors import KeyFault, ProviderError
from providers.quota import Notice, RoomNote
from providers.standing import AccountReader, AccountStanding
from ratelimit import KeyHealth, KeyPool

logger = logging.getLogger(__name__)

#: Seconds between two rounds. Asking is free, and credit does not fall by much in an hour of a community's films.
EVERY = 3600.0
#: An answer that has not come after so many seconds is waited for next time.
PATIENCE = 30.0


class Standings:
    """The newest word of each service on each account.

    Attributes:
        latest: by provider and account.
    """

    def __init__(
        self,
        readers: Mapping[str, AccountReader],
        pools: Mapping[str, KeyPool],
        notice: Notice,
    ) -> None:
        self._readers = readers
        self._pools = pools
        self._notice = notice
        self.latest: dict[tuple[str, str], AccountStanding] = {}

    async def run(self) -> None:
        """Ask in rounds until cancelled. What fails is logged and asked again."""
        while True:
            await self.ask()
            await asyncio.sleep(EVERY)

    async def ask(self) -> None:
        """One round: one key of each account of every service that tells."""
        for provider, account, key_id in self._accounts():
            try:
                async with asyncio.timeout(PATIENCE):
                    standing = await self._readers[provider].standing(self._pools[provider].key(key_id))
            except (ProviderError, TimeoutError) as error:
                logger.warning("account not read", extra={"key_id": key_id, "error": type(error).__name__})
                if isinstance(error, KeyFault):
                    self._pools[provider].report(error, key_id=key_id)
                continue
            self.latest[provider, account] = standing
            self._heed(provider, standing)

    def _heed(self, provider: str, standing: AccountStanding) -> None:
        facts = {"key_id": standing.key_id, "plan": standing.plan, standing.unit: standing.left}
        if standing.left is not None and standing.left < LOW.get(standing.unit, 0):
            logger.warning("account nearly used up", extra=facts)
        else:
            logger.info("account", extra=facts)
        for model, allowed in standing.models.items():
            if allowed.room is not None:
                self._notice(RoomNote(provider=provider, key_id=standing.key_id, model=model, room=allowed.room))

    def _accounts(self) -> Iterator[tuple[str, str, str]]:
        """(provider, account, key id), one key for each account."""
        for name in self._readers.keys() & self._pools.keys():
            seen = set()
            for key in self._pools[name].view().keys:
                if key.account not in seen and key.health is not KeyHealth.RETIRED:
                    seen.add(key.account)
                    yield name, key.account, key.id
