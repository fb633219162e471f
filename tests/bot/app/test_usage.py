"""What was spent, in a real database: one turn at a time, all or nothing, away or not."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.app import usage
from bot.app.usage import PostgresUsageStore, SqliteUsageStore
from bot.db import Database
from bot.db.tables import usage_entries
from ratelimit import Entry, StoreAway, Turn, UsageStore
from tests.bot.app.hammers import Hammer, over_admitted

ENTRY = Entry(
    id="one",
    holder="1-00000000",
    account="a",
    model=None,
    requests=1,
    tokens=7,
    at=1_700_000_000.123456,
    is_sent=False,
    open_until=1_700_000_005.5,
)


@pytest.fixture
async def engine(postgres: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(postgres)
    async with engine.begin() as connection:
        await connection.run_sync(usage_entries.create, checkfirst=True)
        await connection.execute(usage_entries.delete())
    yield engine
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> UsageStore:
    if request.param == "sqlite":
        return SqliteUsageStore(request.getfixturevalue("database"))
    return PostgresUsageStore(request.getfixturevalue("engine"))


def writing(*changed: Entry, removed: Iterable[str] = (), seen: list[Entry] | None = None) -> Callable[..., Turn]:
    """A turn that decides nothing."""

    def turn(entries: Iterable[Entry], now: float) -> Turn:
        if seen is not None:
            seen.extend(sorted(entries, key=lambda entry: entry.id))
        return Turn(
            now=now,
            permits=(),
            unmet=(),
            again_at=math.inf,
            others=(),
            signs=(),
            closed=frozenset(),
            changed=changed,
            removed=tuple(removed),
        )

    return turn


async def kept(store: UsageStore, pool: str = "runway") -> list[Entry]:
    seen: list[Entry] = []
    await store.exchange(pool, writing(seen=seen))
    return seen


async def test_what_was_written_is_read_as_it_was(store: UsageStore) -> None:
    entries = [ENTRY, replace(ENTRY, id="two", model="veo-3", is_sent=True, open_until=math.inf, priority=3)]

    await store.exchange("runway", writing(*entries))

    assert await kept(store) == entries
    assert await kept(store, "gemini") == []


async def test_entries_are_replaced_and_removed_in_their_own_pool_alone(store: UsageStore) -> None:
    await store.exchange("gemini", writing(ENTRY))
    await store.exchange("runway", writing(ENTRY, replace(ENTRY, id="two")))

    await store.exchange("runway", writing(replace(ENTRY, tokens=9), removed=["two"]))

    assert await kept(store) == [replace(ENTRY, tokens=9)]
    assert await kept(store, "gemini") == [ENTRY]


async def test_the_time_is_unix_time_that_goes_on(store: UsageStore) -> None:
    first = await store.exchange("runway", writing())
    second = await store.exchange("runway", writing())

    assert first.now < second.now < first.now + 10
    assert first.now == pytest.approx(time.time(), abs=60)


async def test_a_turn_that_fails_is_raised_as_it_came_and_leaves_nothing(store: UsageStore) -> None:
    def turn(entries: Iterable[Entry], now: float) -> Turn:
        raise LookupError

    await store.exchange("runway", writing(ENTRY))
    with pytest.raises(LookupError):
        await store.exchange("runway", turn)

    assert await kept(store) == [ENTRY]


async def test_turns_that_come_at_once_lose_none_of_each_others_words(store: UsageStore) -> None:
    def one_more(entries: Iterable[Entry], now: float) -> Turn:
        total = sum(entry.tokens for entry in entries)
        return writing(replace(ENTRY, tokens=total + 1))((), now)

    await store.exchange("runway", writing(replace(ENTRY, tokens=0)))
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(store.exchange("runway", one_more))

    assert [entry.tokens for entry in await kept(store)] == [20]


async def test_a_turn_cancelled_at_any_moment_is_all_or_nothing_and_the_next_one_comes_through(
    store: UsageStore,
) -> None:
    both = [ENTRY, replace(ENTRY, id="two")]
    for tenths_of_milliseconds in range(0, 60, 4):
        await store.exchange("runway", writing(removed=["one", "two"]))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(store.exchange("runway", writing(*both)))
            await asyncio.sleep(tenths_of_milliseconds / 10_000)  # the work is another's: turns do not reach it
            task.cancel()
        assert await kept(store) in ([], both)


class Listening:
    """A way to the server that counts how often its client stops to wait for an answer."""

    READY = b"Z\x00\x00\x00\x05"

    def __init__(self, url: URL) -> None:
        self.round_trips = 0
        self._url = url
        self._hung_up = asyncio.Event()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[URL]:
        async with await asyncio.start_server(self._connected, "127.0.0.1") as server:
            yield self._url.set(port=server.sockets[0].getsockname()[1])
            await self._hung_up.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, on = await asyncio.open_connection("127.0.0.1", self._url.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on(reader, on))
            group.create_task(self._pass_on(back, writer))
        self._hung_up.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.round_trips += data.count(self.READY)
            writer.write(data)
        writer.close()
        await writer.wait_closed()


async def test_a_turn_takes_two_round_trips(engine: AsyncEngine) -> None:
    way = Listening(engine.url)
    async with way() as url:
        far = create_async_engine(url)
        store = PostgresUsageStore(far)
        await store.exchange("runway", writing(ENTRY))
        way.round_trips = 0

        await store.exchange("runway", writing(replace(ENTRY, id="two"), removed=["one"]))

        await far.dispose()
    assert way.round_trips == 2


# Away


async def test_a_server_that_is_not_there_is_away() -> None:
    engine = create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    with pytest.raises(StoreAway):
        await PostgresUsageStore(engine).exchange("runway", writing())
    await engine.dispose()


async def test_a_connection_that_broke_is_away_once(engine: AsyncEngine, postgres: str) -> None:
    store = PostgresUsageStore(engine)
    await store.exchange("runway", writing(ENTRY))
    operator = create_async_engine(postgres)
    async with operator.connect() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        )
    await operator.dispose()

    with pytest.raises(StoreAway):
        await store.exchange("runway", writing())

    assert await kept(store) == [ENTRY]


async def test_a_lock_that_nobody_gives_back_is_away_in_the_end(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "REACH", 0.05)
    async with engine.begin() as connection:
        await connection.execute(text(usage.LOCK.replace("%(of_pool)s::text", "'runway'")))
        with pytest.raises(StoreAway):
            await PostgresUsageStore(engine).exchange("runway", writing())


async def test_a_process_that_stood_still_with_the_lock_finds_the_store_away_and_wrote_nothing(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "LOCK", usage.LOCK.replace("5000", "50"))

    def frozen(entries: Iterable[Entry], now: float) -> Turn:
        time.sleep(0.3)
        return writing(ENTRY)(entries, now)

    with pytest.raises(StoreAway):
        await PostgresUsageStore(engine).exchange("runway", frozen)

    assert await kept(PostgresUsageStore(engine)) == []


async def test_a_server_that_may_not_be_written_is_away(engine: AsyncEngine) -> None:
    """A standby, until it is promoted."""
    standby = create_async_engine(engine.url, connect_args={"options": "-c default_transaction_read_only=on"})

    with pytest.raises(StoreAway):
        await PostgresUsageStore(standby).exchange("runway", writing(ENTRY))
    await standby.dispose()


async def test_a_file_that_somebody_else_locked_is_away(database: Database, tmp_path: Path) -> None:
    async with database.transaction() as transaction:
        await transaction.exec_driver_sql("PRAGMA busy_timeout=10")
    other = sqlite3.connect(tmp_path / "greenlight.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreAway):
        await SqliteUsageStore(database).exchange("runway", writing())
    other.close()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_table_that_is_missing_is_a_mistake_and_told_as_one(store: UsageStore, database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(text("DROP TABLE usage_entries"))

    with pytest.raises(OperationalError):
        await store.exchange("runway", writing())


# Real processes on one quota

LIMIT, PERIOD, SKEW = 40, 2.0, 0.05


async def test_four_processes_on_one_quota_never_exceed_it_nor_does_one_that_is_killed(
    engine: AsyncEngine, postgres: str
) -> None:
    async def start() -> Hammer:
        return await Hammer.start(postgres, limit=LIMIT, period=PERIOD, skew=SKEW)

    hammers = [await start() for _ in range(4)]
    await asyncio.gather(*(hammer.until_sent() for hammer in hammers))
    await asyncio.sleep(PERIOD)
    await hammers[0].kill()
    hammers.append(await start())
    await asyncio.sleep(1.5 * PERIOD)
    await asyncio.gather(*(hammer.stop() for hammer in hammers[1:]))

    sent = [at for hammer in hammers for at in hammer.sent]
    assert over_admitted(sent, LIMIT, PERIOD) == 0
    assert len(sent) >= 3 * LIMIT


async def test_one_process_killed_at_full_load_and_started_again_is_refused_nothing(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/usage.sqlite3"
    sent: list[float] = []
    for _ in range(3):
        hammer = await Hammer.start(url, limit=LIMIT, period=PERIOD, skew=SKEW)
        await hammer.until_sent()
        await asyncio.sleep(0.3 * PERIOD)
        await hammer.kill()
        sent += hammer.sent

    assert over_admitted(sent, LIMIT, PERIOD) == 0
    assert len(sent) > 1.5 * LIMIT
