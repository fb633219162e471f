"""A status of a bot that is well, to be made unwell in one place."""

from __future__ import annotations

from bot.status.rows import NO_ROWS
from bot.status.status import (
    BackupStatus,
    DatabaseStatus,
    DiscordStatus,
    DiskStatus,
    KeyStatus,
    LineStatus,
    MoneyStatus,
    ProcessStatus,
    ServiceStatus,
    Status,
)
from bot.studio.budget import Spending
from ratelimit import Allowance, KeyHealth, KeyView, Limits, Priority
from tests.bot.status.bench import NOON

GIB = 1 << 30
NOBODY = LineStatus(waiting=0, oldest=None, p50=None, p95=None, period=3600.0)
HERE = ProcessStatus(
    name="here",
    role="all",
    version="0.1.0",
    shards="0-0/1",
    started_at=NOON - 7200,
    seen_at=NOON,
    is_here=True,
    memory_bytes=120 << 20,
    loop_late=0.004,
    waiting=0,
)
DISCORD = DiscordStatus(
    is_connected=True,
    latency=0.04,
    guilds=3,
    refused=0,
    refused_at_most=2_000,
    limited=0,
    silent_until=None,
    sessions_left=990,
    sessions_of=1000,
    sessions_reset_at=NOON + 3600,
)


def key(name: str = "runway-1a2b3c4d", **facts: object) -> KeyStatus:
    view: dict[str, object] = {
        "id": name,
        "account": "studio",
        "health": KeyHealth.HEALTHY,
        "until": None,
        "why": "",
        "in_flight": 0,
        "granted": 20,
        "served": 20,
        "refused": 0,
        "usage": (),
        "open": 1,
        "open_by_model": {},
        "limits": Limits(account=Allowance(room=3)),
        "resting_models": {},
    }
    own = {name: facts.pop(name) for name in [*facts] if name in view and name != "refused"}
    rest: dict[str, object] = {"asked": 20, "refused": 0} | facts
    return KeyStatus(view=KeyView(**(view | own)), **rest)  # type: ignore[arg-type]  # names are those of the fields


def service(*keys: KeyStatus, name: str = "runway") -> ServiceStatus:
    return ServiceStatus(
        name=name,
        keys=keys,
        waits=dict.fromkeys(Priority, NOBODY),
        paused=False,
        calls={"done": 4},
        verdicts={},
    )


WELL = Status(
    at=NOON,
    version="0.1.0",
    started_at=NOON - 7200,
    processes=(HERE,),
    discord=DISCORD,
    database=DatabaseStatus(kind="SQLite", latency=0.001, bytes=5 << 20, waiting=0),
    waits=dict.fromkeys(Priority, NOBODY),
    films=NO_ROWS.films,
    services=(service(key()),),
    money=MoneyStatus(
        bot=Spending(used_microusd=1_000_000, held_microusd=0, cap_microusd=100_000_000, resets_at=NOON + 3600),
        user_cap_microusd=None,
        guild_cap_microusd=None,
        users=(),
        guilds=(),
    ),
    closed=(),
    paused=(),
    disk=DiskStatus(free_bytes=50 * GIB, total_bytes=100 * GIB, reserve_bytes=2 * GIB),
    endings=(),
    backups=BackupStatus(made_at=NOON - 3600, bytes=1, has_database=True, every=86_400.0),
)
