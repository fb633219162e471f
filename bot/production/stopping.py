"""Stops what a cancelled film has running at a service, and finds out what it cost all the same."""

from __future__ import annotations

import asyncio
import logging

from bot.production.camera import LOOK_WITHIN
from providers.errors import OperationFailed, ProviderError, RequestFault
from providers.video import Failed, Running, Succeeded, VideoProvider
from ratelimit import ApiKey

logger = logging.getLogger(__name__)


async def stop(provider: VideoProvider, operation: str, key: ApiKey) -> Succeeded | Failed:
    """Stop an operation where that can be done; how it ended there, with its charge where anybody tells.

    Only one that the service still held in its own line is given back, and is forgotten there then (Runway, 2026-08):
    so it is looked at before and after. One that is made by now is left alone, for it is paid and can be fetched.
    """
    charged: int | None = None
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            before = await provider.poll(operation, key)
            if not isinstance(before, Running):
                return before
            await provider.cancel(operation, key)
            try:
                after = await provider.poll(operation, key)
            except RequestFault:
                charged = 0 if before.waiting else None
            else:
                charged = None if isinstance(after, Running) else after.price_microusd
    except (ProviderError, TimeoutError) as error:
        logger.warning("not stopped at the provider", extra={"operation": operation, "error": repr(error)})
    return Failed(error=OperationFailed(provider.name, "cancelled"), price_microusd=charged)
