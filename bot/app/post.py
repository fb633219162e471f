"""What one process does of the whole: talk to Discord, work, or both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.presence import Presence
from bot.jobs.shard_locks import ShardLocks
from bot.studio.shards import ALL_SHARDS, Shards


class ProcessRole(StrEnum):
    ALL = "all"
    GATEWAY = "gateway"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The part of this process.

    `name` names it among those that share a PostgreSQL; `presence` is there for each of them that works, `locks` for
    each that talks. A worker shows nothing, and has all shards.
    """

    role: ProcessRole
    name: str
    presence: Presence | None
    shards: Shards = ALL_SHARDS
    locks: ShardLocks | None = None

    @property
    def talks(self) -> bool:
        return self.role is not ProcessRole.WORKER

    @property
    def works(self) -> bool:
        return self.role is not ProcessRole.GATEWAY

    @property
    def worker(self) -> str | None:
        """By which its films are known as its own; `None` where one process has them all."""
        return None if self.presence is None and self.works else self.name
