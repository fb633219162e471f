"""Recordings: paid once, refused ones tried again where that helps, and unanswered ones never."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import pytest
from sqlalchemy import select

from bot.app.pools import judge
from bot.db import Database
from bot.db.tables import reservations
from bot.jobs.ledger import CallState, Completed, Intent, Ledger, Outcome
from bot.jobs.wake import Wake
from bot.production.booth import MAX_TRIES, Booth, Find, Kept, NoRecording, Recording
from bot.production.switches import Switches
from bot.production.write_offs import WriteOffs
from bot.studio.budget import Budgets, Caps, Kind
from providers.errors import InvalidRequest, KeyRejected, OutcomeUnknown, ProviderError, Unavailable
from ratelimit import Allowance, ApiKey, KeyPool, Limit, Limits, OpenOperation, Priority

UNLIMITED = Limits()


class Studio:
    """Records as scripted, the last of the script for good."""

    def __init__(self, database: Database, *failures: ProviderError | None, limits: Limits = UNLIMITED) -> None:
        self.ledger = Ledger(database)
        keys = [ApiKey(f"voice-{number}", f"account-{number}", "fake-secret") for number in (1, 2, 3)]
        self.pool = KeyPool("elevenlabs", keys, limits=limits, judge=judge, skew=0.0)
        self.booth = Booth(self.pool, self.ledger)
        self.recorded: list[str] = []
        self.recording, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self._failures = list(failures) or [None]

    async def record(self, key: ApiKey) -> Kept:
        self.recorded.append(key.id)
        self.recording.set()
        await self.gate.wait()
        failure = self._failures.pop(0) if len(self._failures) > 1 else self._failures[0]
        if failure is not None:
            raise failure
        return Kept(800, f"request-{len(self.recorded)}")

    async def buy(self, times: int = 1, find: Find | None = None, job: str = "film") -> list[str]:
        """Try so many times; the reasons of those that failed."""
        reasons = []
        for _ in range(times):
            try:
                await self.booth.buy(
                    Recording(
                        key=f"{job}/voice-1/1",
                        job=job,
                        user_id=7,
                        provider="elevenlabs",
                        model="voice",
                        words="Once there was a koi.",
                        price_microusd=900,
                        record=self.record,
                        find=find,
                    )
                )
            except NoRecording as missing:
                reasons.append(missing.reason)
        return reasons

    async def calls(self) -> Sequence[tuple[CallState, bool, int]]:
        return [(call.state, call.open, call.price_microusd) for call in await self.ledger.calls_of("film")]


def made_as(operation: str) -> Callable[[], Awaitable[Outcome]]:
    async def post() -> Outcome:
        return Completed(operation=operation)

    return post


async def test_a_recording_is_bought_once_and_paid_as_charged(database: Database) -> None:
    studio = Studio(database)

    assert await studio.buy(times=2) == []

    assert await studio.calls() == [(CallState.DONE, False, 800)]
    assert len(studio.recorded) == 1


async def test_a_keys_fault_is_answered_by_another_key(database: Database) -> None:
    studio = Studio(database, KeyRejected("elevenlabs"), Unavailable("elevenlabs"), None)

    assert await studio.buy() == []

    assert len(studio.recorded) == 3
    assert await studio.calls() == [(CallState.DONE, False, 800)]


@pytest.mark.parametrize(
    ("failure", "state", "orders"),
    [
        (OutcomeUnknown("elevenlabs"), CallState.UNKNOWN, 1),
        (InvalidRequest("elevenlabs"), CallState.REFUSED, 1),
        (Unavailable("elevenlabs"), CallState.REFUSED, MAX_TRIES),
    ],
)
async def test_what_cannot_be_had_says_why_and_takes_no_room(
    database: Database, failure: ProviderError, state: CallState, orders: int
) -> None:
    studio = Studio(database, failure)

    assert await studio.buy() == [type(failure).__name__]

    assert [call[:2] for call in await studio.calls()] == [(state, False)]
    assert len(studio.recorded) == orders


async def test_an_unanswered_recording_is_not_ordered_again(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))

    assert await studio.buy(times=3) == ["OutcomeUnknown"] * 3

    assert len(studio.recorded) == 1


async def test_a_recording_counts_against_its_limit_from_when_it_leaves(database: Database) -> None:
    studio = Studio(database, limits=Limits(account=Allowance(rates=(Limit(1, period=0.01),))))
    studio.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(studio.buy())
        await studio.recording.wait()
        try:
            async with asyncio.timeout(5.0), studio.pool.lease(user="another", key_id=studio.recorded[0]):
                pass  # although the first is still being recorded
        finally:
            studio.gate.set()


async def test_a_recording_that_stands_in_line_when_its_service_is_paused_does_not_leave(database: Database) -> None:
    studio = Studio(database, limits=Limits(account=Allowance(room=1)))
    switches = Switches(database, Wake())
    studio.booth = Booth(studio.pool, studio.ledger, switches=switches, waits=False)
    studio.pool.restore(OpenOperation(f"other-{key.id}", key.id) for key in studio.pool.view().keys)
    async with asyncio.TaskGroup() as group:
        buying = group.create_task(studio.buy())
        while not studio.pool.waiting()[Priority.GENERATION]:  # noqa: ASYNC110  # it passes by itself
            await asyncio.sleep(0.01)
        await switches.pause("elevenlabs", 7)
        studio.pool.release(f"other-{studio.pool.view().keys[0].id}")

    assert buying.result() == ["Paused"]
    assert studio.recorded == []


async def test_an_unanswered_recording_speaks_neither_for_its_key_nor_against_it(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))

    await studio.buy()

    assert {(key.served, key.refused) for key in studio.pool.view().keys} == {(0, 0)}


async def test_a_recording_that_is_given_up_speaks_neither_for_its_key_nor_against_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.production.booth.POST_WITHIN", 0.05)  # nobody waits five minutes for a test
    studio = Studio(database)
    studio.gate.clear()

    assert await studio.buy() == ["OutcomeUnknown"]

    assert {(key.served, key.refused) for key in studio.pool.view().keys} == {(0, 0)}


async def test_a_recording_cancelled_while_it_is_made_leaves_no_room_taken(database: Database) -> None:
    studio = Studio(database)
    studio.gate.clear()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(studio.buy())
        await studio.recording.wait()
        task.cancel()
        studio.gate.set()

    assert task.cancelled()
    assert await studio.ledger.open_calls() == []


async def test_a_lost_recording_that_its_service_has_is_found_and_paid_once(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))
    looks: list[tuple[str, bool]] = []

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        looks.append((key.id, since > 0))
        return Kept(700, "request-7")

    assert await studio.buy(times=2, find=find) == []

    assert looks == [(studio.recorded[0], True)]
    assert len(studio.recorded) == 1
    assert await studio.calls() == [(CallState.FOUND, False, 700)]


async def test_of_two_lost_recordings_of_the_same_words_one_is_not_found_for_both(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))
    studio.booth = Booth(studio.pool, studio.ledger, settled_after=0.0)
    made = ["made once"]  # the service has taken one of them

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        return next((Kept(700, each) for each in made if each not in others), None)

    await studio.buy(job="film")
    studio.pool = KeyPool(
        "elevenlabs", [ApiKey(studio.recorded[0], "account-1", "fake-secret")], limits=UNLIMITED, judge=judge, skew=0.0
    )
    studio.booth = Booth(studio.pool, studio.ledger, settled_after=0.0)
    await studio.buy(job="other")
    told = await asyncio.gather(studio.buy(job="film", find=find), studio.buy(job="other", find=find))

    found = [
        call for job in ("film", "other") for call in await studio.ledger.calls_of(job) if call.state is CallState.FOUND
    ]
    assert [(call.operation, call.price_microusd) for call in found] == [("made once", 700)]
    assert sorted(told) == [
        [],
        ["OutcomeUnknown"],
    ]  # the other was provably not made


async def test_what_another_order_has_made_is_passed_over_though_its_words_are_told_otherwise(
    database: Database,
) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))
    studio.booth = Booth(studio.pool, studio.ledger, settled_after=0.0)
    await studio.buy()
    await studio.ledger.order(  # the same voice, named in one and the usual one in the other
        Intent(
            key="other/voice-1/1",
            job="other",
            provider="elevenlabs",
            model="voice",
            key_id="another-key-of-the-account",
            request_hash="1" * 64,
            price_microusd=900,
            deadline_at=0.0,
        ),
        made_as("theirs"),
    )

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        return next((Kept(700, each) for each in ("theirs", "ours") if each not in others), None)

    async with asyncio.timeout(10.0):
        assert await studio.buy(find=find) == []

    [call] = await studio.ledger.calls_of("film")
    assert (call.state, call.operation) == (CallState.FOUND, "ours")


async def test_what_another_order_of_the_same_words_has_made_is_not_taken_for_a_lost_one(database: Database) -> None:
    studio = Studio(database, None, OutcomeUnknown("elevenlabs"))
    keys = [ApiKey("voice-1", "account-1", "fake-secret")]
    studio.pool = KeyPool("elevenlabs", keys, limits=UNLIMITED, judge=judge, skew=0.0)
    studio.booth = Booth(studio.pool, studio.ledger, settled_after=0.0)
    asked: list[Collection[str]] = []

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        asked.append(others)
        return None

    await studio.buy(job="other")
    await studio.buy(find=find)

    assert asked == [{"request-1"}] * len(asked)
    assert asked


async def test_a_lost_recording_that_is_provably_absent_is_ordered_again_once(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))
    studio.booth = Booth(studio.pool, studio.ledger, settled_after=0.0)

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        return None

    assert await studio.buy(find=find) == ["OutcomeUnknown"]

    assert [state for state, _, _ in await studio.calls()] == [CallState.LOST, CallState.UNKNOWN]
    assert len(studio.recorded) == 2


async def test_a_lost_recording_that_cannot_be_looked_for_stays_unknown(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"))

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        raise Unavailable("elevenlabs")

    assert await studio.buy(times=2, find=find) == ["OutcomeUnknown"] * 2

    assert len(studio.recorded) == 1


async def test_a_recording_that_was_written_off_is_ordered_anew(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"), None)
    assert await studio.buy() == ["OutcomeUnknown"]
    await studio.ledger.finish("film/voice-1/1", CallState.LOST)

    assert await studio.buy(times=2) == []

    assert [call.key for call in await studio.ledger.calls_of("film")] == ["film/voice-1/1", "film/voice-1/2"]
    assert len(studio.recorded) == 2


# The operator's rule


async def ruled(database: Database, amount: int, *, day: int | None = None) -> tuple[Studio, int]:
    """A recording that went silent once, where the operator bears so much; and what of it was counted at once."""
    studio = Studio(database, OutcomeUnknown("elevenlabs"), None)
    budgets = Budgets(database, Caps(bot_day_microusd=day))
    async with database.transaction() as transaction:
        await budgets.reserve(transaction, id="film", kind=Kind.FILM, owner_id=7, guild_id=None, amount_microusd=10_000)
    studio.booth = Booth(studio.pool, studio.ledger, write_offs=WriteOffs(database, amount, budgets=budgets))
    reasons = await studio.buy()
    async with database.transaction() as transaction:
        lost = (await transaction.execute(select(reservations.c.written_off_microusd))).scalar_one()
    assert bool(reasons) == (len(studio.recorded) == 1)
    return studio, lost


async def test_the_rule_orders_a_silent_recording_again_and_counts_it_as_lost_at_once(database: Database) -> None:
    studio, lost = await ruled(database, 900)
    assert await studio.calls() == [(CallState.LOST, False, 900), (CallState.DONE, False, 800)]
    assert lost == 900


@pytest.mark.parametrize(("amount", "day"), [(0, None), (899, None), (900, 10_899)])
async def test_a_recording_beyond_the_rule_or_the_bots_day_is_left_out(
    database: Database, amount: int, day: int | None
) -> None:
    studio, lost = await ruled(database, amount, day=day)
    assert await studio.calls() == [(CallState.UNKNOWN, False, 900)]
    assert lost == 0


async def test_a_recording_that_was_provably_not_made_cost_nothing(database: Database) -> None:
    studio = Studio(database, OutcomeUnknown("elevenlabs"), None)
    studio.booth = Booth(studio.pool, studio.ledger, settled_after=0.0)

    async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
        return None

    assert await studio.buy(find=find) == []
    assert await studio.calls() == [(CallState.LOST, False, 0), (CallState.DONE, False, 800)]
