"""A status as JSON: the shapes that docs/http.md promises. Ids are texts, for they are too large for JavaScript."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bot.status.finding import Finding, Severity
from bot.status.findings import findings
from bot.status.samples import Sample
from bot.status.status import KeyStatus, LineStatus, ServiceStatus, Status
from ratelimit import KeyHealth, Priority, Usage

Json = dict[str, object]


def status_json(status: Status) -> Json:
    """Everything: `/api/status`."""
    database, films, disk = status.database, status.films, status.disk
    return {
        "at": _time(status.at),
        "version": status.version,
        "started_at": _time(status.started_at),
        "uptime_seconds": _seconds(status.uptime),
        "well": verdict(findings(status)),
        "findings": [_finding(each) for each in findings(status)],
        "processes": [
            {
                "name": each.name,
                "role": each.role,
                "version": each.version,
                "shards": each.shards,
                "started_at": _time(each.started_at),
                "seen_at": _time(each.seen_at),
                "is_here": each.is_here,
                "memory_bytes": each.memory_bytes,
                "loop_late_seconds": _seconds(each.loop_late),
                "waiting": each.waiting,
            }
            for each in status.processes
        ],
        "discord": _discord(status),
        "database": {
            "kind": database.kind,
            "latency_seconds": _seconds(database.latency),
            "bytes": database.bytes,
            "waiting": database.waiting,
            "error": database.error,
        },
        "queue": {priority.name.lower(): _line(line) for priority, line in status.waits.items()},
        "films": {
            "now": {state.value: number for state, number in films.now.items()},
            "last_day": {state.value: number for state, number in films.last_day.items()},
            "orders_refused_last_day": films.refused,
            "undelivered": films.undelivered,
            "line": _line(films.line),
            "by_worker": dict(films.by_worker),
        },
        "services": [_service(each) for each in status.services],
        "money": _money(status),
        "channels_closed": [
            {"id": str(each.id), "until": _time(each.until), "because": each.because} for each in status.closed
        ],
        "paused": [
            {"name": each.name, "by": str(each.by), "reason": each.reason, "at": _time(each.at)}
            for each in status.paused
        ],
        "disk": {
            "free_bytes": disk.free_bytes,
            "total_bytes": disk.total_bytes,
            "reserve_bytes": disk.reserve_bytes,
        },
        "models_ending": [
            {
                "provider": each.provider,
                "model": each.model,
                "day": each.day,
                "days_left": each.days_left,
                "successor": each.successor,
                "is_price": each.is_price,
            }
            for each in status.endings
        ],
        "backups": {
            "made_at": None if status.backups.made_at is None else _time(status.backups.made_at),
            "bytes": status.backups.bytes,
            "has_database": status.backups.has_database,
            "every_seconds": _seconds(status.backups.every),
        },
    }


def ai_status_json(status: Status) -> Json:
    """Only how the services do: `/api/ai-status`."""
    return {
        "at": _time(status.at),
        "services": [
            {
                "name": each.name,
                "state": service_state(each),
                "keys": len(each.keys),
                "keys_healthy": sum(key.view.health is KeyHealth.HEALTHY for key in each.keys),
                "paused": each.paused,
                "waiting": sum(line.waiting for line in each.waits.values()),
                "requests_last_hour": sum(key.asked for key in each.keys),
                "error_rate": _share(sum(key.refused for key in each.keys), sum(key.asked for key in each.keys)),
                "orders_last_day": dict(each.calls),
                "models_ending": [ending.model for ending in status.endings if ending.provider == each.name],
            }
            for each in status.services
        ],
    }


def rate_limit_json(status: Status) -> Json:
    """Only what is used of which limit: `/api/rate-limit-status`."""
    return {
        "at": _time(status.at),
        "services": [
            {
                "name": each.name,
                "waiting": {priority.name.lower(): line.waiting for priority, line in each.waits.items()},
                "waiting_by_user": {
                    priority.name.lower(): dict(line.by_user) for priority, line in each.waits.items() if line.by_user
                },
                "keys": [_limits(key) for key in each.keys],
            }
            for each in status.services
        ],
    }


def history_json(samples: Sequence[Sample]) -> Json:
    """The last day in points: `/api/history`."""
    return {
        "points": [
            {
                "at": _time(each.at),
                "seconds": _seconds(each.seconds),
                "requests": dict(each.requests),
                "waiting": dict(each.waiting),
                "films": each.films,
                "oldest_seconds": _seconds(each.oldest),
                "spent_microusd": each.spent_microusd,
                "errors": each.errors,
                "limited": each.limited,
            }
            for each in samples
        ]
    }


def verdict(found: Iterable[Finding]) -> str:
    """Either "well", or the gravest of what was found."""
    gravest = max((each.severity for each in found), default=None)
    return "well" if gravest in {None, Severity.NOTE} else _severity(gravest or Severity.NOTE)


def service_state(service: ServiceStatus) -> str:
    """Either "paused", "healthy", "degraded" where some key does not serve, or "down" where none does."""
    if service.paused:
        return "paused"
    serving = [key.view.health in {KeyHealth.HEALTHY, KeyHealth.PROBING} for key in service.keys]
    if all(serving):
        return "healthy"
    return "degraded" if any(serving) else "down"


def _finding(finding: Finding) -> Json:
    return {
        "name": finding.name,
        "severity": _severity(finding.severity),
        "what": finding.what,
        "remedy": finding.remedy,
    }


def _severity(severity: Severity) -> str:
    return severity.name.lower()


def _discord(status: Status) -> Json | None:
    discord = status.discord
    if discord is None:
        return None
    return {
        "is_connected": discord.is_connected,
        "latency_seconds": _seconds(discord.latency),
        "guilds": discord.guilds,
        "refused_last_ten_minutes": discord.refused,
        "refused_at_most": discord.refused_at_most,
        "rate_limited": discord.limited,
        "silent_until": None if discord.silent_until is None else _time(discord.silent_until),
        "sessions_left": discord.sessions_left,
        "sessions_of": discord.sessions_of,
        "sessions_reset_at": None if discord.sessions_reset_at is None else _time(discord.sessions_reset_at),
    }


def _line(line: LineStatus) -> Json:
    return {
        "waiting": line.waiting,
        "oldest_seconds": _seconds(line.oldest),
        "p50_seconds": _seconds(line.p50),
        "p95_seconds": _seconds(line.p95),
    }


def _service(service: ServiceStatus) -> Json:
    return {
        "name": service.name,
        "state": service_state(service),
        "paused": service.paused,
        "keys": [_key(each) for each in service.keys],
        "waiting": {priority.name.lower(): service.waits[priority].waiting for priority in Priority},
        "orders_last_day": dict(service.calls),
        "verdicts_last_hour": dict(service.verdicts),
    }


def _key(key: KeyStatus) -> Json:
    view = key.view
    return {
        **_limits(key),
        "until": _moment(view.until),
        "why": view.why,
        "in_flight": view.in_flight,
        "requests_last_hour": key.asked,
        "error_rate": key.error_rate,
        "left": key.left,
        "unit": key.unit,
        "plan": key.plan,
        "resting_models": {model: _moment(until) for model, until in view.resting_models.items()},
    }


def _limits(key: KeyStatus) -> Json:
    return {
        "id": key.view.id,
        "account": key.view.account,
        "health": key.view.health.value,
        "open": key.view.open,
        "room": key.room,
        "models": {model: {"open": is_open, "room": room} for model, (is_open, room) in key.rooms.items()},
        "windows": [_window(each) for each in key.view.usage],
    }


def _window(usage: Usage) -> Json:
    return {
        "model": usage.model,
        "period_seconds": usage.limit.period,
        "requests": usage.requests,
        "requests_limit": usage.limit.requests,
        "tokens": usage.tokens,
        "tokens_limit": usage.limit.tokens,
    }


def _money(status: Status) -> Json | None:
    money = status.money
    if money is None:
        return None
    return {
        "today": {
            "used_microusd": money.bot.used_microusd,
            "held_microusd": money.bot.held_microusd,
            "cap_microusd": money.bot.cap_microusd,
            "resets_at": _time(money.bot.resets_at),
        },
        "user_cap_microusd": money.user_cap_microusd,
        "guild_cap_microusd": money.guild_cap_microusd,
        "users_today": [{"id": str(each.id), "used_microusd": each.used_microusd} for each in money.users],
        "guilds_this_month": [{"id": str(each.id), "used_microusd": each.used_microusd} for each in money.guilds],
    }


def _time(at: float) -> float:
    return round(at, 3)


def _moment(at: float | None) -> float | None:
    """JSON knows no infinity: a time that never comes is none."""
    return None if at is None or math.isinf(at) else _time(at)


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _share(part: int, whole: int) -> float | None:
    return min(1.0, part / whole) if whole else None
