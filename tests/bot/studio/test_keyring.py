"""Keys as an operator changes them: in the pools at once, in rows for the next start, in no text at all."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import insert, select, update

from bot.db import Database
from bot.db.tables import audit, key_book, paid_calls
from bot.jobs.ledger import CallState
from bot.jobs.wake import Wake
from bot.settings.providers import key_id
from bot.studio.errors import KeyRefused
from bot.studio.key_book import KeyBook
from bot.studio.keyring import Keyring
from bot.studio.sealing import Seal
from providers.credential import Credential
from providers.errors import KeyRejected, ProviderError
from providers.errors import Unavailable as ServiceUnavailable
from ratelimit import ApiKey, Exhausted, KeyHealth, KeyPool, Limits, Rejected, Verdict

OPERATOR = 9
OLD = ApiKey("runway-old", "runway-old", "fake-runway-old")
SECRET = "fake-runway-new-secret"
NEW = key_id("runway", SECRET)


def judge(outcome: object, _now: float) -> Verdict | None:
    return Rejected() if isinstance(outcome, KeyRejected) else None


class Lister:
    name = "runway"

    def __init__(self) -> None:
        self.failure: ProviderError | None = None
        self.asked: list[str] = []

    async def listed(self, credential: Credential) -> frozenset[str]:
        self.asked.append(credential.id)
        if self.failure is not None:
            raise self.failure
        return frozenset({"gen4.5", "gen4_turbo"})


class Bench:
    """A process of the bot, as far as keys go."""

    def __init__(self, database: Database, *, drawn_from: str = "ours") -> None:
        self.lister = Lister()
        self.pools = {
            "runway": KeyPool("runway", [OLD], limits=Limits(), judge=judge),
            "vertex": KeyPool("vertex", [ApiKey("vertex-old", "v", "fake-vertex")], limits=Limits(), judge=judge),
        }
        self.learned: list[str] = []
        self.ring = Keyring(
            KeyBook(database),
            self.pools,
            Seal(drawn_from),
            {"runway": self.lister},
            Wake(),
            learn=self.learned.append,
        )

    def lent(self, provider: str = "runway") -> dict[str, KeyHealth]:
        return {key.id: key.health for key in self.pools[provider].view().keys}


@pytest.fixture
async def bench(database: Database) -> Bench:
    return Bench(database)


async def restarted(database: Database, *, drawn_from: str = "ours") -> Bench:
    bench = Bench(database, drawn_from=drawn_from)
    await bench.ring.look()
    return bench


async def an_order(database: Database, key: str, state: CallState) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(
            insert(paid_calls).values(
                key=f"film/1/{state}", job="film", provider="runway", model="gen4.5", key_id=key, request_hash="",
                state=state, open=1, price_microusd=1, deadline_at=0.0, created_at=0.0, updated_at=0.0,
            )
        )  # fmt: skip


async def test_a_key_that_is_added_is_lent_at_once_and_after_a_restart(database: Database, bench: Bench) -> None:
    name, tried = await bench.ring.add("runway", "", SECRET, OPERATOR)

    assert (name, tried is not None and tried.models) == (NEW, 2)
    assert bench.lent() == {OLD.id: KeyHealth.HEALTHY, NEW: KeyHealth.HEALTHY}
    again = await restarted(database)
    assert again.lent() == bench.lent()
    assert again.pools["runway"].key(NEW).secret == SECRET
    assert SECRET in again.learned


async def test_no_row_holds_a_secret_as_it_is(database: Database, bench: Bench) -> None:
    await bench.ring.add("runway", "studio", SECRET, OPERATOR)

    async with database.transaction() as transaction:
        rows = [str(row) for table in (key_book, audit) for row in await transaction.execute(select(table))]
    assert len(rows) == 2
    assert not [row for row in rows if SECRET in row]
    assert bench.learned[0] == SECRET  # before anything was done with it


@pytest.mark.parametrize(
    ("secret", "account"),
    [("short", ""), ("with a space in it", ""), ("x" * 401, ""), (SECRET, "a:b"), (SECRET, "-"), ("{" + "\n" * 20, "")],
)
async def test_what_cannot_be_a_key_is_refused_and_not_kept(
    database: Database, bench: Bench, secret: str, account: str
) -> None:
    with pytest.raises(KeyRefused) as refused:
        await bench.ring.add("runway", account, secret, OPERATOR)

    assert secret not in refused.value.reason
    assert not await KeyBook(database).lines()
    assert not bench.lister.asked


async def test_a_key_that_its_service_refuses_is_not_kept(database: Database, bench: Bench) -> None:
    bench.lister.failure = KeyRejected("runway", "401")

    with pytest.raises(KeyRefused, match="runway refuses that key"):
        await bench.ring.add("runway", "", SECRET, OPERATOR)

    assert not await KeyBook(database).lines()
    assert NEW not in bench.lent()


async def test_a_service_that_is_down_keeps_nobody_from_adding_a_key(bench: Bench) -> None:
    bench.lister.failure = ServiceUnavailable("runway", "503")

    _, tried = await bench.ring.add("runway", "", SECRET, OPERATOR)

    assert tried is not None
    assert isinstance(tried.refusal, ServiceUnavailable)
    assert NEW in bench.lent()


async def test_a_key_is_added_once_and_for_a_service_that_runs(bench: Bench) -> None:
    await bench.ring.add("runway", "", SECRET, OPERATOR)

    with pytest.raises(KeyRefused, match=NEW):
        await bench.ring.add("runway", "", SECRET, OPERATOR)
    with pytest.raises(KeyRefused, match="GROQ_API_KEYS"):
        await bench.ring.add("groq", "", SECRET, OPERATOR)


async def test_a_pause_holds_over_a_restart_and_in_other_processes(database: Database, bench: Bench) -> None:
    other = await restarted(database)
    await bench.ring.pause(OLD.id, OPERATOR, "too dear")
    await other.ring.look()

    assert bench.lent() == other.lent() == (await restarted(database)).lent() == {OLD.id: KeyHealth.PAUSED}
    held = await bench.ring.one(OLD.id)
    assert held.line is not None
    assert (held.is_paused, held.is_added, held.line.paused_because) == (True, False, "too dear")

    await other.ring.resume(OLD.id, OPERATOR)
    await bench.ring.look()
    assert bench.lent() == {OLD.id: KeyHealth.HEALTHY}


async def test_a_key_that_was_out_is_asked_again_in_every_process_once_it_is_resumed(
    database: Database, bench: Bench
) -> None:
    other = await restarted(database)
    for process in (bench, other):
        process.pools["runway"].report(Exhausted(), key_id=OLD.id)

    await bench.ring.pause(OLD.id, OPERATOR)
    await bench.ring.resume(OLD.id, OPERATOR)  # so soon that the other process has not looked in between
    await other.ring.look()

    assert [process.lent()[OLD.id] for process in (bench, other)] == [KeyHealth.HEALTHY] * 2
    other.pools["runway"].report(Exhausted(), key_id=OLD.id)
    await other.ring.look()
    assert other.lent()[OLD.id] is KeyHealth.OUT  # decided once, believed once


async def test_a_retired_key_of_the_settings_stays_retired_and_can_be_brought_back(
    database: Database, bench: Bench
) -> None:
    await bench.ring.add("runway", "", SECRET, OPERATOR)

    assert await bench.ring.retire(OLD.id, OPERATOR) == 0
    again = await restarted(database)
    assert bench.lent() == again.lent() == {NEW: KeyHealth.HEALTHY}
    assert (await again.ring.one(OLD.id)).is_retired

    await again.ring.resume(OLD.id, OPERATOR)
    await bench.ring.look()
    assert OLD.id in bench.lent()
    assert OLD.id in again.lent()


@pytest.mark.parametrize("state", [CallState.SUBMITTED, CallState.UNKNOWN])
async def test_the_secret_of_a_retired_key_is_kept_as_long_as_an_order_needs_it(
    database: Database, bench: Bench, state: CallState
) -> None:
    await bench.ring.add("runway", "", SECRET, OPERATOR)
    await an_order(database, NEW, state)

    assert await bench.ring.retire(NEW, OPERATOR) == 1
    assert (await restarted(database)).pools["runway"].key(NEW).secret == SECRET

    async with database.transaction() as transaction:
        await transaction.execute(update(paid_calls).values(state=CallState.DONE))
    await bench.ring.look()
    assert [line.sealed for line in await KeyBook(database).lines()] == [None]
    assert not (await restarted(database)).pools["runway"].knows(NEW)


async def test_a_key_that_was_retired_can_be_told_again(database: Database, bench: Bench) -> None:
    await bench.ring.add("runway", "", SECRET, OPERATOR)
    await bench.ring.retire(NEW, OPERATOR)

    await bench.ring.add("runway", "studio", SECRET, OPERATOR)

    assert bench.lent()[NEW] is KeyHealth.HEALTHY
    assert (await restarted(database)).lent()[NEW] is KeyHealth.HEALTHY


async def test_with_another_token_added_keys_are_locked_and_told_so(database: Database, bench: Bench) -> None:
    await bench.ring.add("runway", "", SECRET, OPERATOR)
    again = await restarted(database, drawn_from="another")

    held = await again.ring.one(NEW)
    assert (held.is_locked, held.view) == (True, None)
    assert again.lent() == {OLD.id: KeyHealth.HEALTHY}
    with pytest.raises(KeyRefused, match="DISCORD_TOKEN"):
        await again.ring.resume(NEW, OPERATOR)

    await again.ring.add("runway", "", SECRET, OPERATOR)
    assert not (await again.ring.one(NEW)).is_locked
    assert again.lent()[NEW] is KeyHealth.HEALTHY


async def test_a_test_tells_the_pool_what_it_learned(bench: Bench) -> None:
    assert (await bench.ring.test(OLD.id)).models == 2
    bench.lister.failure = KeyRejected("runway", "401")

    tried = await bench.ring.test(OLD.id)

    assert isinstance(tried.refusal, KeyRejected)
    assert bench.lent()[OLD.id] is KeyHealth.OUT
    bench.lister.failure = None
    await bench.ring.test(OLD.id)
    assert bench.lent()[OLD.id] is KeyHealth.HEALTHY


async def test_what_cannot_be_done_is_said(bench: Bench) -> None:
    with pytest.raises(KeyRefused, match="no free call"):
        await bench.ring.test("vertex-old")
    for act in (bench.ring.pause, bench.ring.resume, bench.ring.retire):
        with pytest.raises(KeyRefused, match="don't know"):
            await act("runway-nobody", OPERATOR)


async def test_who_decided_what_is_written_down_and_logged_without_the_secret(
    database: Database, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await bench.ring.add("runway", "", SECRET, OPERATOR)
    await bench.ring.pause(NEW, OPERATOR)
    await bench.ring.resume(NEW, OPERATOR)
    await bench.ring.retire(NEW, OPERATOR)

    async with database.transaction() as transaction:
        noted = (await transaction.execute(select(audit.c.actor_id, audit.c.action, audit.c.ref))).all()
    actions = ["key add", "key pause", "key resume", "key retire"]
    assert [tuple(row) for row in noted] == [(OPERATOR, action, NEW) for action in actions]
    assert SECRET not in caplog.text


async def test_a_key_that_is_brought_back_while_it_is_still_used_is_there_after_a_restart(
    database: Database, bench: Bench
) -> None:
    await bench.ring.add("runway", "", SECRET, OPERATOR)
    async with bench.pools["runway"].lease(user="ana", key_id=NEW):
        await bench.ring.retire(NEW, OPERATOR)
        assert [line.sealed for line in await KeyBook(database).lines()] == [None]

        await bench.ring.resume(NEW, OPERATOR)

    assert bench.lent()[NEW] is KeyHealth.HEALTHY
    assert (await restarted(database)).lent()[NEW] is KeyHealth.HEALTHY
