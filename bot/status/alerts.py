"""What is told before anybody asks: each thing that is not well once, with its remedy, and once more when it is over.

           seen for `settle`              not seen for `OVER_AFTER`
begun ───────────────────────► to tell ─────────────────────────────► to tell that it is over ──► gone
  └──► gone, where it was over before it was told

What was told, and to whom, stands in rows: a restart tells nothing twice. What is decided is a function of values.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from sqlalchemy import ColumnElement, Row, delete, select, update

from bot.db import Database, Transaction, insert_or_ignore
from bot.db.tables import alerts
from bot.status.finding import Finding, Severity

#: The `guild_id` of what concerns the whole bot.
INSTANCE = 0
#: Seconds that something must last before it is told: much passes by itself. What lets people down is told at once.
SETTLE = {Severity.NOTE: 60.0, Severity.WARNING: 60.0, Severity.CRITICAL: 0.0}
#: Seconds for which it must not be seen to be over: a key that dies and lives by the minute is one alert.
OVER_AFTER = 600.0
#: Days after which what lasts is told once more.
REMIND_AFTER = 7 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that is or was not well. `guild_id` is whose it is, `INSTANCE` for the operators.

    `what` and `remedy` are as they were last found, in the receivers' language; `told` are the channels and people that
    have read of it, or of its end where it is over.
    """

    guild_id: int
    name: str
    severity: Severity
    what: str
    remedy: str
    began_at: float
    seen_at: float
    told_at: float | None = None  # when the first of them was told; None before
    over_at: float | None = None
    told: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Keep:
    """Write it down as it is now."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class Drop:
    """It passed before anybody was told, or everybody was told that it is over."""

    alert: Alert


Step = Keep | Drop


def look(
    known: Iterable[Alert],
    found: Iterable[tuple[int, Finding]],
    *,
    receivers: Mapping[int, Collection[int]],
    now: float,
) -> list[Step]:
    """What becomes of the alerts, now that these findings were made; by whose they are."""
    open_now = {(guild_id, finding.name): finding for guild_id, finding in found}
    steps: list[Step] = []
    before = {(alert.guild_id, alert.name): alert for alert in known}
    for key, alert in before.items():
        finding = open_now.get(key)
        seen = _seen(alert, finding, now) if finding is not None else _missed(alert, receivers, now)
        if seen != alert:
            steps.append(Drop(alert) if seen is None else Keep(seen))
    for (guild_id, name), finding in open_now.items():
        if (guild_id, name) not in before:
            steps.append(Keep(_begun(guild_id, finding, now)))
    return steps


def is_to_tell(alert: Alert, now: float) -> bool:
    """Whether it is time to tell it, or that it is over, to those who have not been told."""
    return alert.over_at is not None or now - alert.began_at >= SETTLE[alert.severity]


def _begun(guild_id: int, finding: Finding, now: float) -> Alert:
    return Alert(
        guild_id=guild_id,
        name=finding.name,
        severity=finding.severity,
        what=finding.what,
        remedy=finding.remedy,
        began_at=now,
        seen_at=now,
    )


def _seen(alert: Alert, finding: Finding, now: float) -> Alert:
    """It lasts; where it had been told that it is over, it begins anew."""
    if alert.over_at is not None:
        return _begun(alert.guild_id, finding, now)
    remind = alert.told_at is not None and now - alert.told_at >= REMIND_AFTER
    return replace(
        alert,
        severity=finding.severity,
        what=finding.what,
        remedy=finding.remedy,
        seen_at=now,
        told_at=None if remind else alert.told_at,
        told=frozenset() if remind else alert.told,
    )


def _missed(alert: Alert, receivers: Mapping[int, Collection[int]], now: float) -> Alert | None:
    if alert.over_at is not None:
        is_told = alert.told >= set(receivers.get(alert.guild_id, ()))
        return None if is_told else alert
    if alert.told_at is None:
        return None
    if now - alert.seen_at < OVER_AFTER:
        return alert
    return replace(alert, over_at=now, told=frozenset())


class AlertRows:
    """Keeps the alerts; every process that talks may look, one at a time does."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> list[Alert]:
        async with self._database.transaction() as transaction:
            return [_alert(row) for row in await transaction.execute(select(alerts))]

    async def look(self, found: Iterable[tuple[int, Finding]], receivers: Mapping[int, Collection[int]]) -> list[Alert]:
        """Bring the rows of those who have receivers in step with what was found; what is to be told now."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            theirs = select(alerts).where(alerts.c.guild_id.in_(receivers))
            known = [_alert(row) for row in await transaction.execute(theirs)]
            for step in look(known, found, receivers=receivers, now=now):
                match step:
                    case Keep(alert):
                        await _write(transaction, alert)
                    case Drop(alert):
                        await transaction.execute(delete(alerts).where(*_is(alert)))
                    case _:
                        assert_never(step)
            rows = (await transaction.execute(theirs)).all()
        return [alert for alert in map(_alert, rows) if is_to_tell(alert, now)]

    async def told(self, alert: Alert, receiver: int) -> None:
        """Somebody has read of it, or can never."""
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(select(alerts).where(*_is(alert)))).one_or_none()
            if row is None:
                return
            current = _alert(row)
            told = json.dumps(sorted(current.told | {receiver}))
            at = self._clock() if current.told_at is None else current.told_at
            await transaction.execute(update(alerts).where(*_is(alert)).values(told=told, told_at=at))


def _is(alert: Alert) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return alerts.c.guild_id == alert.guild_id, alerts.c.name == alert.name


async def _write(transaction: Transaction, alert: Alert) -> None:
    values = {
        "severity": int(alert.severity),
        "what": alert.what,
        "remedy": alert.remedy,
        "began_at": alert.began_at,
        "seen_at": alert.seen_at,
        "told_at": alert.told_at,
        "over_at": alert.over_at,
        "told": json.dumps(sorted(alert.told)),
    }
    written = insert_or_ignore(transaction, alerts).values(guild_id=alert.guild_id, name=alert.name, **values)
    await transaction.execute(written.on_conflict_do_update(index_elements=["guild_id", "name"], set_=values))


def _alert(row: Row[tuple[object, ...]]) -> Alert:
    return Alert(
        guild_id=row.guild_id,
        name=row.name,
        severity=Severity(row.severity),
        what=row.what,
        remedy=row.remedy,
        began_at=row.began_at,
        seen_at=row.seen_at,
        told_at=row.told_at,
        over_at=row.over_at,
        told=frozenset(json.loads(row.told)),
    )
