"""How we stand with Discord, as operators see it."""

from __future__ import annotations

import math
import time

import discord

from bot.status.status import DiscordStatus
from bot.ui.client import Greenlight


def standing(client: Greenlight) -> DiscordStatus:
    """Connected or not, and what is left of what Discord grants us."""
    brake, sessions = client.brake, client.brake.sessions
    silent = brake.silent_for()
    is_connected = client.is_ready() and _is_open(client)
    return DiscordStatus(
        is_connected=is_connected,
        latency=client.latency if is_connected and math.isfinite(client.latency) else None,
        guilds=len(client.guilds),
        refused=brake.refused(),
        refused_at_most=brake.budget,
        limited=brake.limited,
        silent_until=time.time() + silent if silent else None,
        sessions_left=sessions.left if sessions is not None else None,
        sessions_of=sessions.of if sessions is not None else None,
        sessions_reset_at=sessions.reset_at if sessions is not None else None,
    )


def _is_open(client: Greenlight) -> bool:
    """Whether every connection that the client keeps is open."""
    if isinstance(client, discord.AutoShardedClient):
        return bool(client.shards) and not any(shard.is_closed() for shard in client.shards.values())
    return client.ws.open
