"""How the bot stands, as values to show: what `/admin status`, the dashboard and `/api/status` are drawn from.

Nothing in here is a secret: keys go by their ids, and people and servers by Discord's. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.production.model import ProductionState
from bot.studio.budget import Spending
from ratelimit import KeyHealth, KeyView, Priority

#: Seconds that a film may wait to begin, where nobody says otherwise.
QUEUE_PROMISE = 3600.0
_SERVING = {KeyHealth.HEALTHY, KeyHealth.PROBING, KeyHealth.COOLING}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """One process of the bot, as it last told.

    Args:
        role: "all", "gateway" or "worker".
        shards: "0-3/8", of one that talks to Discord; empty for a worker.
        memory_bytes: resident; `None` where the system does not tell.
        loop_late: seconds by which its event loop came late, for 99 of 100 ticks of the last minute; `None` if unknown.
        waiting: requests in the line for a key, at all services.
    """

    name: str
    role: str
    version: str
    shards: str
    started_at: float
    seen_at: float
    is_here: bool
    memory_bytes: int | None
    loop_late: float | None
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordStatus:
    """Our standing with Discord; there is none in a worker.

    Args:
        latency: seconds from a heartbeat to its answer; `None` while not connected.
        refused: answers of 401, 403 and 429 within the last ten minutes, and `refused_at_most` we allow ourselves.
            Discord itself shuts us out at 10,000.
        limited: answers of 429 since the start.
        silent_until: until when nothing but answers to interactions is sent; `None` where that is not so.
        sessions_left, sessions_of: identifications that Discord granted when we last connected, until
            `sessions_reset_at`; `None` where it has not told.
    """

    is_connected: bool
    latency: float | None
    guilds: int
    refused: int
    refused_at_most: int
    limited: int
    silent_until: float | None
    sessions_left: int | None
    sessions_of: int | None
    sessions_reset_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStatus:
    """`kind` is "SQLite" or "PostgreSQL". `latency` is of one short transaction, in seconds; `bytes` of its files.

    `waiting` counts transactions that wait for a connection in this process. Where it is not reached, `error` names
    why, and everything that stands in rows is empty in this status.
    """

    kind: str
    latency: float | None
    bytes: int | None
    waiting: int
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatus:
    """Who waits for something, and how long it took others lately; seconds. `None` where nobody waited.

    Args:
        oldest: how long the one has waited who waits longest.
        p50, p95: so long at most half, and 95 of 100, of those waited who got their turn in the last `period` seconds.
        by_user: whose those are that wait for a key, and how many; the few with the most, the most first.
    """

    waiting: int
    oldest: float | None
    p50: float | None
    p95: float | None
    period: float
    by_user: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """A key: the pool's own view of it, and what it met lately.

    Args:
        view: health, until, why; used and limit by window; open operations and room.
        asked, refused: requests lent to it and what of them speaks against it, in the last `period` seconds.
        left, unit: credits or characters that its account may still spend, where the service tells.
        plan: the service's name of what was bought; empty where it does not tell.
    """

    view: KeyView
    asked: int
    refused: int
    left: int | None = None
    unit: str = ""
    plan: str = ""

    @property
    def error_rate(self) -> float | None:
        """0 to 1; `None` where it was not asked."""
        return min(1.0, self.refused / self.asked) if self.asked else None

    @property
    def room(self) -> int | None:
        """Operations its account may have open at once, in all; `None` where no such limit is known."""
        return self.view.limits.account.room

    @property
    def rooms(self) -> Mapping[str, tuple[int, int]]:
        """How many operations its account has open of how many, by model, where a model has room of its own.

        Models that nothing is said of by name, and that have nothing open, are left out.
        """
        open_now = {model: is_open for model, is_open in self.view.open_by_model.items() if model is not None}
        rooms = {
            model: self.view.limits.for_model(model).room
            for model in dict.fromkeys((*self.view.limits.models, *open_now))
        }
        return {model: (open_now.get(model, 0), room) for model, room in rooms.items() if room is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One provider. `waits` are of those who wait for one of its keys, by class; all in this process.

    Args:
        paused: whether an operator paused it.
        calls: orders of the last 24 hours by their state (`jobs.ledger.CallState`), in all processes.
        verdicts: what was learned in the last hour, by name ("Throttled", "Unavailable" …).
    """

    name: str
    keys: tuple[KeyStatus, ...]
    waits: Mapping[Priority, LineStatus]
    paused: bool
    calls: Mapping[str, int]
    verdicts: Mapping[str, int]

    @property
    def can_serve(self) -> bool:
        """Whether any key works, or will by itself."""
        return any(key.view.health in _SERVING for key in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmStatus:
    """Films. `now` counts those that are not over, by state; `last_day` those that ended in the last 24 hours.

    `line` is of accepted films that wait to begin. `undelivered` are over and could not be posted; `by_worker` counts
    those under way by the process that makes them. `refused` counts orders that services refused in 24 hours.
    """

    now: Mapping[ProductionState, int]
    last_day: Mapping[ProductionState, int]
    refused: int
    undelivered: int
    line: LineStatus
    by_worker: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Spender:
    """A person or server, and what counts for it in its period: a UTC day of a person, a UTC month of a server."""

    id: int
    used_microusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyStatus:
    """What was spent. `users` are the biggest of today, `guilds` of this month, the biggest first."""

    bot: Spending
    user_cap_microusd: int | None
    guild_cap_microusd: int | None
    users: tuple[Spender, ...]
    guilds: tuple[Spender, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedChannel:
    """A channel in which we may not write: not tried again before `until`. `because` names an error and its code."""

    id: int
    until: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """What an operator has paused: "all", or a service."""

    name: str
    by: int
    reason: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskStatus:
    """The disk of `DATA_DIR`. With less than `reserve_bytes` free nothing new is begun."""

    free_bytes: int
    total_bytes: int
    reserve_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A model in use that is switched off after `day` (ISO), or whose price is known through then only."""

    provider: str
    model: str
    day: str
    days_left: int
    successor: str | None
    is_price: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStatus:
    """`made_at` of the newest whole backup, `None` without one; `every` is how often one is due, `None` for never.

    A PostgreSQL is backed up by whoever runs it, unless `pg_dump` is at hand: then `has_database` says so.
    """

    made_at: float | None
    bytes: int | None
    has_database: bool
    every: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at `at`.

    `waits` adds up all services of this process, by class. What stands in rows (films, money, channels, pauses) is of
    all processes. `queue_promise` is how many seconds a film may wait to begin.
    """

    at: float
    version: str
    started_at: float
    processes: tuple[ProcessStatus, ...]
    discord: DiscordStatus | None
    database: DatabaseStatus
    waits: Mapping[Priority, LineStatus]
    films: FilmStatus
    services: tuple[ServiceStatus, ...]
    money: MoneyStatus | None
    closed: tuple[ClosedChannel, ...]
    paused: tuple[Paused, ...]
    disk: DiskStatus
    endings: tuple[Ending, ...]
    backups: BackupStatus
    queue_promise: float = QUEUE_PROMISE

    @property
    def uptime(self) -> float:
        return self.at - self.started_at
