"""What a status needs of the rows, read in one short transaction."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Column, ColumnElement, Select, func, select, text

from bot.db import Transaction
from bot.db.tables import channels, paid_calls, productions, reservations, switches
from bot.jobs.ledger import CallState
from bot.production.model import OPEN, TERMINAL, ProductionState
from bot.status.samples import processes
from bot.status.status import ClosedChannel, FilmStatus, LineStatus, MoneyStatus, Paused, ProcessStatus, Spender
from bot.studio.budget import Budgets, day_of, month_of

DAY = 24 * 3600.0
#: So many spenders and closed channels are named, and so many waits are looked at.
NAMED, LOOKED_AT = 10, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """`calls` are orders of the last 24 hours, by provider and state; `others` are the bot's other processes."""

    films: FilmStatus
    money: MoneyStatus | None = None
    calls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    closed: tuple[ClosedChannel, ...] = ()
    paused: tuple[Paused, ...] = ()
    others: tuple[ProcessStatus, ...] = ()
    latency: float | None = None
    bytes: int | None = None


NO_ROWS = Rows(
    films=FilmStatus(
        now={},
        last_day={},
        refused=0,
        undelivered=0,
        line=LineStatus(waiting=0, oldest=None, p50=None, p95=None, period=DAY),
        by_worker={},
    )
)


async def read(transaction: Transaction, budgets: Budgets, now: float, *, name: str, is_shared: bool) -> Rows:
    """Everything at `now`; `name` is this process's, and others are looked for where the rows are shared."""
    began = time.perf_counter()
    await transaction.execute(select(1))
    latency = time.perf_counter() - began
    calls = await _calls(transaction, now)
    refused = sum(states.get(CallState.REFUSED, 0) for states in calls.values())
    return Rows(
        films=await _films(transaction, now, refused),
        money=await _money(transaction, budgets, now),
        calls=calls,
        closed=await _closed(transaction, now),
        paused=tuple(
            Paused(name=row.name, by=row.by, reason=row.reason, at=row.at)
            for row in await transaction.execute(select(switches).order_by(switches.c.name))
        ),
        others=await processes(transaction, now, but_for=name) if is_shared else (),
        latency=latency,
        bytes=await _size(transaction),
    )


async def _films(transaction: Transaction, now: float, refused: int) -> FilmStatus:
    over = productions.c.state.in_(TERMINAL)
    counted = select(productions.c.state, func.count()).group_by(productions.c.state)
    ended = counted.where(over, productions.c.finished_at >= now - DAY)
    undelivered = select(func.count()).where(
        over, productions.c.delivered_at.is_(None), productions.c.undelivered.is_not(None)
    )
    by_worker = (
        select(func.coalesce(productions.c.worker, ""), func.count())
        .where(productions.c.state == ProductionState.RUNNING)
        .group_by(productions.c.worker)
    )
    return FilmStatus(
        now=await _states(transaction, counted.where(productions.c.state.in_(OPEN))),
        last_day=await _states(transaction, ended),
        refused=refused,
        undelivered=(await transaction.execute(undelivered)).scalar_one(),
        line=await _line(transaction, now),
        by_worker={name: number for name, number in await transaction.execute(by_worker)},  # noqa: C416  # rows are no pairs
    )


async def _states(transaction: Transaction, query: Select[str, int]) -> dict[ProductionState, int]:
    return {ProductionState(state): number for state, number in await transaction.execute(query)}


async def _line(transaction: Transaction, now: float) -> LineStatus:
    """Of films that wait to begin, and how long those waited that began in the last day."""
    waits = productions.c.state == ProductionState.ACCEPTED
    waiting, oldest = (
        await transaction.execute(select(func.count(), func.min(productions.c.accepted_at)).where(waits))
    ).one()
    lately = (
        select(productions.c.started_at - productions.c.accepted_at)
        .where(productions.c.started_at >= now - DAY)
        .order_by(productions.c.started_at.desc())
        .limit(LOOKED_AT)
    )
    waited = sorted(float(each) for (each,) in await transaction.execute(lately))
    return LineStatus(
        waiting=waiting,
        oldest=None if oldest is None else max(0.0, now - oldest),
        p50=_within(waited, 0.5),
        p95=_within(waited, 0.95),
        period=DAY,
    )


def _within(ordered: Sequence[float], share: float) -> float | None:
    """What this share of them stayed within; `None` of none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


async def _calls(transaction: Transaction, now: float) -> dict[str, dict[str, int]]:
    query = (
        select(paid_calls.c.provider, paid_calls.c.state, func.count())
        .where(paid_calls.c.created_at >= now - DAY)
        .group_by(paid_calls.c.provider, paid_calls.c.state)
    )
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for provider, state, number in await transaction.execute(query):
        found[provider][state] = number
    return dict(found)


async def _money(transaction: Transaction, budgets: Budgets, now: float) -> MoneyStatus:
    caps = await budgets.caps_within(transaction)
    return MoneyStatus(
        bot=await budgets.today(transaction),
        user_cap_microusd=caps.user_day_microusd,
        guild_cap_microusd=caps.guild_month_microusd,
        users=await _spenders(transaction, reservations.c.owner_id, day_of(now)[0]),
        guilds=await _spenders(transaction, reservations.c.guild_id, month_of(now)[0]),
    )


async def _spenders(
    transaction: Transaction, who: ColumnElement[int] | Column[int], since: float
) -> tuple[Spender, ...]:
    used = func.sum(func.coalesce(reservations.c.settled_microusd, reservations.c.reserved_microusd))
    query = (
        select(who, used)
        .where(reservations.c.at >= since, who.is_not(None))
        .group_by(who)
        .having(used > 0)
        .order_by(used.desc(), who)
        .limit(NAMED)
    )
    return tuple(Spender(id_, int(amount)) for id_, amount in await transaction.execute(query))


async def _closed(transaction: Transaction, now: float) -> tuple[ClosedChannel, ...]:
    query = (
        select(channels.c.id, channels.c.closed_until, channels.c.closed_because)
        .where(channels.c.closed_until > now)
        .order_by(channels.c.closed_until.desc())
        .limit(NAMED)
    )
    rows = await transaction.execute(query)
    return tuple(ClosedChannel(id=id_, until=until, because=because or "") for id_, until, because in rows)


async def _size(transaction: Transaction) -> int | None:
    """Bytes of a PostgreSQL's database; the file of a SQLite is measured as a file."""
    if transaction.dialect.name != "postgresql":
        return None
    return int((await transaction.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())
