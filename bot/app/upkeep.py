"""What is looked after once a day: models that end soon, and the object store's own tidying."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from bot.production.outbox import STORED_FILMS
from bot.storage.errors import StorageError
from bot.storage.objects import ObjectStore
from providers.catalogue import Catalogue

logger = logging.getLogger(__name__)

EVERY = 24 * 3600.0
#: Days before a model's end from which on it is told, once a day.
WITHIN = 30


async def warn_of_endings(catalogue: Catalogue, providers: Collection[str]) -> None:
    """Warn once a day until cancelled: of models in use that will be switched off, and of prices that run out."""
    while True:
        for ending in catalogue.retiring(WITHIN):
            if ending.provider in providers:
                logger.warning(
                    "the price of a model runs out" if ending.is_price else "a model will be switched off",
                    extra={
                        "model": ending.model,
                        "on": ending.day.isoformat(),
                        "successor": ending.successor or "none",
                    },
                )
        await asyncio.sleep(EVERY)


async def keep_store_tidy(store: ObjectStore | None, keep: float | None) -> None:
    """Have the object store remove films after so many seconds, `None` for never; asked for once a day."""
    days = None if keep is None else round(keep / EVERY)
    while store is not None:
        try:
            await store.tidy(prefix=STORED_FILMS, expire_after_days=days)
        except StorageError as error:
            logger.warning(
                "the object store takes no rules from us: let parts of broken uploads expire there by hand",
                extra={"error": type(error).__name__},
            )
        await asyncio.sleep(EVERY)
