"""One take: ordered at most once whatever happens, watched to its end, and its room given back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.pools import judge
from bot.db import Database, open_database
from bot.jobs.ledger import CallState, Ledger, PaidCall
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.camera import MAX_UNUSABLE, POST_WITHIN, Camera, Order, Rig
from bot.production.model import ProductionState, Take, TakeState
from bot.production.switches import Switches
from bot.studio.casting import cast
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.video import Failed, Running, Succeeded
from ratelimit import Allowance, ApiKey, KeyHealth, KeyPool, Limit, Limits, OpenOperation, Priority
from tests.bot.production import hurry
from tests.bot.production.fakes import NOT_A_CLIP, NotingPool, ScriptedStudio
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, plan
from tests.bot.waiting import until

KEYS = ("key-1", "key-2")
ONE_EACH = Limits(account=Allowance(room=1))


class Set:
    """A camera with its provider, pool, ledger and one accepted production, of which shot 1 is ordered."""

    def __init__(self, database: Database, folder: Path, studio: ScriptedStudio, ffmpeg: Ffmpeg) -> None:
        self.office = Office(database)
        self.ledger = Ledger(database)
        self.studio = studio
        self._ffmpeg = ffmpeg
        self._folder = folder
        self.restart()

    def restart(
        self,
        keys: Iterable[str] = KEYS,
        limits: Limits = ONE_EACH,
        switches: Switches | None = None,
        post_within: float = POST_WITHIN,
    ) -> None:
        """A new pool and a new camera, as after a crash; what is open is counted again by `restore`."""
        self.pool = KeyPool(
            "runway",
            [ApiKey(key, f"account-of-{key}", "fake-secret") for key in keys],
            limits=limits,
            judge=judge,
        )
        self.camera = Camera(
            {"runway": Rig(provider=self.studio, pool=self.pool)},
            self.ledger,
            self.office.lifecycle,
            self._ffmpeg,
            operation_deadline=45.0,
            lost_after=20.0,
            post_within=post_within,
            switches=switches,
        )

    async def restore(self) -> None:
        self.pool.restore(
            OpenOperation(call.operation, call.key_id, call.model)
            for call in await self.ledger.open_calls()
            if call.operation is not None
        )

    async def order(self, *, again_for: Order | None = None) -> Order:
        """Shot 1 of a new production, of the same film as `again_for` where that is given."""
        project_id = again_for.project_id if again_for is not None else (await self.office.film()).id
        press = "again" if again_for is not None else "press"
        production = await self.office.accept(project_id, press=press)
        return Order(
            production_id=production.id,
            project_id=project_id,
            owner_id=production.owner_id,
            casting=cast(plan(), CATALOGUE)[0],
            price_microusd=(await self.office.productions.takes_of(production.id))[0].price_microusd,
            ratio="16:9",
            start_image=None,
            destination=self._folder / "clips" / "clip.mp4",
        )

    async def take(self, order: Order) -> Take:
        return (await self.office.productions.takes_of(order.production_id))[order.casting.number - 1]

    async def calls(self, order: Order) -> list[PaidCall]:
        return await self.ledger.calls_of(order.production_id)

    async def somebody_waits(self) -> bool:
        return self.pool.waiting()[Priority.GENERATION] > 0

    async def is_refused(self) -> bool:
        """Whether something was held against a key."""
        return any(key.refused for key in self.pool.view().keys)

    def held(self) -> int:
        """Rooms that are taken, at all keys together."""
        return sum(key.in_flight for key in self.pool.view().keys) + len(self.pool._lender.operations)


Story = Callable[[Set], Awaitable[None]]


@pytest.fixture
def tell(tmp_path: Path, ffmpeg: Ffmpeg, plain: Path) -> Callable[..., None]:
    """Call as `tell(story, polls=[…])`: runs the story on a set with a provider of that script, in a hurry."""

    def call(story: Story, **script: object) -> None:
        async def whole() -> None:
            database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/greenlight.sqlite3")
            studio = ScriptedStudio(plain.read_bytes(), **script)  # type: ignore[arg-type]  # passed on as given
            try:
                await story(Set(database, tmp_path, studio, ffmpeg))
            finally:
                await database.close()

        hurry.run(whole())

    return call


Tell = Callable[..., None]


def test_a_take_is_ordered_once_watched_on_its_key_and_kept(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert await set_.camera.shoot(order)

        (call,) = await set_.calls(order)
        take = await set_.take(order)
        assert set_.studio.orders == [(order.casting.prompt, call.key_id)]
        assert {key for _, key in set_.studio.looks} == {call.key_id}
        assert (call.state, call.open, call.price_microusd) == (CallState.DONE, False, 123)
        assert (take.state, take.progress) == (TakeState.MADE, 1.0)
        assert order.destination.exists()
        assert set_.held() == 0

    polls = [Running(waiting=True), Unavailable("runway"), Running(progress=0.5)]
    tell(story, polls=[*polls, Succeeded(output="clip", price_microusd=123)])


def test_a_clip_that_is_there_already_is_not_ordered(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        order.destination.parent.mkdir()
        order.destination.write_bytes(b"clip")

        assert await set_.camera.shoot(order)

        assert set_.studio.orders == []
        assert await set_.calls(order) == []
        assert (await set_.take(order)).state is TakeState.MADE

    tell(story)


def test_a_clip_kept_just_before_a_crash_gives_its_room_back(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        task = await _watched(set_, order)
        order.destination.parent.mkdir(exist_ok=True)
        order.destination.write_bytes(b"clip")  # the last thing the process did
        await _killed(task)
        set_.restart()
        await set_.restore()
        assert set_.held() == 1

        assert await set_.camera.shoot(order)

        assert set_.held() == 0
        assert [(call.state, call.open) for call in await set_.calls(order)] == [(CallState.DONE, False)]

    tell(story, polls=[Running(progress=0.1)])


def test_a_take_interrupted_after_its_order_is_watched_further_and_not_ordered_again(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        await _killed(await _watched(set_, order))
        set_.studio.polls = [Succeeded(output="clip")]
        set_.restart()
        await set_.restore()

        assert await set_.camera.shoot(order)

        assert len(set_.studio.orders) == 1
        assert set_.held() == 0

    tell(story, polls=[Running(progress=0.1)])


def test_cancelled_while_the_order_is_under_way_its_answer_is_kept_and_its_room_held(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        set_.studio.gate.clear()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(set_.camera.shoot(order))
            await set_.studio.ordering.wait()
            task.cancel()
            await asyncio.sleep(0)
            set_.studio.gate.set()

        assert task.cancelled()
        (call,) = await set_.calls(order)
        assert (call.state, call.operation, call.open) == (CallState.SUBMITTED, "op-1", True)
        assert set_.held() == 1

    tell(story)


def test_cancelled_while_waiting_for_a_key_nothing_is_ordered_or_held(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        set_.pool.restore(OpenOperation(f"other-{key}", key) for key in KEYS)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(set_.camera.shoot(order))
            await until(set_.somebody_waits, within=300.0)
            task.cancel()

        assert set_.studio.orders == []
        assert await set_.calls(order) == []
        assert set_.held() == 2

    tell(story)


def test_an_order_that_stands_in_line_when_its_service_is_paused_does_not_leave(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        switches = Switches(set_.office.database, Wake())
        set_.restart(switches=switches)
        order = await set_.order()
        set_.pool.restore(OpenOperation(f"other-{key}", key) for key in KEYS)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(set_.camera.shoot(order))
            await until(set_.somebody_waits, within=300.0)
            await switches.pause("runway", 7)
            set_.pool.release("other-key-1")
            await asyncio.sleep(30.0)
            assert set_.studio.orders == []
            assert set_.held() == 1
            await switches.resume("runway", 7)
            await task

        assert len(set_.studio.orders) == 1

    tell(story)


def test_an_order_counts_against_its_limit_from_when_it_leaves(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        set_.restart(KEYS[:1], Limits(account=Allowance(rates=(Limit(1, period=2.0),))))
        order = await set_.order()
        set_.studio.gate.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(set_.camera.shoot(order))
            await set_.studio.ordering.wait()
            try:
                async with asyncio.timeout(60.0), set_.pool.lease(user="another"):
                    pass  # although the first is still without an answer
            finally:
                set_.studio.gate.set()

    tell(story)


def test_an_order_that_is_prepared_for_long_keeps_its_place_until_it_has_left(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        set_.restart(KEYS[:1], Limits(account=Allowance(rates=(Limit(1, period=2.0),))))
        order = await set_.order()
        time = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as group:
            group.create_task(set_.camera.shoot(order))
            await set_.studio.ordering.wait()
            left_at = time()
            async with asyncio.timeout(60.0), set_.pool.lease(user="another"):
                assert time() - left_at > 1.5

    tell(story, prepares=9.0)


def test_an_order_whose_files_do_not_get_there_in_time_was_not_placed(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        set_.restart(post_within=4.0)
        order = await set_.order()
        async with asyncio.TaskGroup() as group:
            shooting = group.create_task(set_.camera.shoot(order))
            await until(set_.is_refused, within=60.0)
            set_.studio.prepares = 0.0

        assert shooting.result()
        assert len(set_.studio.orders) == 1
        assert [call.state for call in await set_.calls(order)] == [CallState.DONE]

    tell(story, prepares=9.0)


def test_the_owners_weight_is_their_share_of_the_keys(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        set_.pool = NotingPool("runway", "key-1")
        rigs = {"runway": Rig(provider=set_.studio, pool=set_.pool)}
        camera = Camera(rigs, set_.ledger, set_.office.lifecycle, set_._ffmpeg)

        assert await camera.shoot(replace(order, weight=2.0))

        assert [(asked["user"], asked["weight"]) for asked in set_.pool.asked] == [(str(order.owner_id), 2.0)]

    tell(story)


# Orders that were not accepted


@pytest.mark.parametrize("refusal", [KeyRejected("runway"), QuotaExhausted("runway"), RateLimited("runway")])
def test_a_key_that_is_refused_is_followed_by_another_under_the_same_order(tell: Tell, refusal: ProviderError) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert await set_.camera.shoot(order)

        assert [key for _, key in set_.studio.orders] == ["key-1", "key-2"]
        assert [(call.key_id, call.state) for call in await set_.calls(order)] == [("key-2", CallState.DONE)]
        assert set_.held() == 0

    tell(story, submits=[refusal, None])


def test_a_service_that_is_down_for_a_moment_is_asked_again(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        assert await set_.camera.shoot(await set_.order())
        assert len(set_.studio.orders) == 2

    tell(story, submits=[Unavailable("runway"), None])


@pytest.mark.parametrize("refusal", [ContentRejected("runway"), InvalidRequest("runway")])
def test_a_request_at_fault_is_sent_once_and_fails_its_take_by_name(tell: Tell, refusal: ProviderError) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert not await set_.camera.shoot(order)

        take = await set_.take(order)
        assert (take.state, take.failure) == (TakeState.FAILED, type(refusal).__name__)
        assert len(set_.studio.orders) == 1
        assert [call.price_microusd for call in await set_.calls(order)] == [0]

    tell(story, submits=[refusal])


def test_when_every_key_is_rejected_the_take_says_so(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert not await set_.camera.shoot(order)

        assert (await set_.take(order)).failure == "NoUsableKey"
        assert len(set_.studio.orders) == len(KEYS)

    tell(story, submits=[KeyRejected("runway")])


@pytest.mark.parametrize("silence", [OutcomeUnknown("runway"), UnexpectedResponse("runway")])
def test_an_unanswered_order_is_never_sent_again_however_often_the_take_is_made(
    tell: Tell, silence: ProviderError
) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        for _ in range(3):
            assert not await set_.camera.shoot(order)
            set_.restart()

        take = await set_.take(order)
        assert (take.state, take.failure) == (TakeState.UNKNOWN, "OutcomeUnknown")
        assert len(set_.studio.orders) == 1
        assert [call.state for call in await set_.calls(order)] == [CallState.UNKNOWN]
        assert set_.held() == 0

    tell(story, submits=[silence, None])


def test_an_unanswered_order_speaks_neither_for_its_key_nor_against_it(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        await set_.camera.shoot(await set_.order())

        assert {(key.served, key.refused) for key in set_.pool.view().keys} == {(0, 0)}

    tell(story, submits=[OutcomeUnknown("runway")])


def test_an_order_that_is_given_up_after_it_left_speaks_neither_for_its_key_nor_against_it(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        set_.restart(post_within=4.0)
        set_.studio.gate.clear()
        order = await set_.order()

        assert not await set_.camera.shoot(order)

        assert (await set_.take(order)).state is TakeState.UNKNOWN
        assert {(key.served, key.refused) for key in set_.pool.view().keys} == {(0, 0)}

    tell(story)


def test_a_key_that_is_refused_by_a_look_is_known_to_the_pool(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert await set_.camera.shoot(order)

        (call,) = await set_.calls(order)
        assert [key.id for key in set_.pool.view().keys if key.health is KeyHealth.OUT] == [call.key_id]

    tell(story, polls=[KeyRejected("runway"), Succeeded(output="clip")])


def test_a_fault_of_ours_while_ordering_is_unknown_and_not_sent_again(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        assert not await set_.camera.shoot(order)

        assert not await set_.camera.shoot(order)

        assert (await set_.take(order)).state is TakeState.UNKNOWN
        assert len(set_.studio.orders) == 1

    tell(story, submits=[ZeroDivisionError(), None])


# Operations that end badly


def test_a_failure_that_was_not_charged_is_ordered_once_more(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert await set_.camera.shoot(order)

        assert [(call.key.rsplit("/")[-1], call.state) for call in await set_.calls(order)] == [
            ("1", CallState.FAILED),
            ("2", CallState.DONE),
        ]

    free = Failed(error=OperationFailed("runway"), price_microusd=0)
    tell(story, polls=[free, Succeeded(output="clip")])


@pytest.mark.parametrize(
    ("failed", "orders"),
    [
        (Failed(error=OperationFailed("runway"), price_microusd=0), 2),
        (Failed(error=OperationFailed("runway"), price_microusd=600_000), 1),
        (Failed(error=OperationFailed("runway")), 1),
        (Failed(error=ContentRejected("runway"), price_microusd=0), 1),
    ],
)
def test_a_failed_take_costs_no_more_orders_when_it_is_made_again_after_a_crash(
    tell: Tell, failed: Failed, orders: int
) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        for _ in range(2):
            assert not await set_.camera.shoot(order)
            set_.restart()

        take = await set_.take(order)
        assert (take.state, take.failure) == (TakeState.FAILED, type(failed.error).__name__)
        assert len(set_.studio.orders) == orders
        assert set_.held() == 0

    tell(story, polls=[failed])


def test_what_is_no_clip_is_fetched_again_and_then_given_up(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert not await set_.camera.shoot(order)

        assert len(set_.studio.looks) == MAX_UNUSABLE
        assert (await set_.take(order)).failure == "UnusableClip"
        assert not order.destination.exists()
        assert len(set_.studio.orders) == 1
        assert set_.held() == 0

    tell(story, fetches=[NOT_A_CLIP])


def test_trouble_with_the_download_gives_up_nothing_that_was_paid(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        assert await set_.camera.shoot(await set_.order())
        assert len(set_.studio.orders) == 1

    failures = [Unavailable("runway"), InvalidRequest("runway"), Unavailable("runway"), NOT_A_CLIP]
    tell(story, fetches=[*failures, None])


def test_an_operation_nobody_knows_any_more_is_held_after_a_while(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()

        assert not await set_.camera.shoot(order)

        take = await set_.take(order)
        assert (take.state, take.failure) == (TakeState.UNKNOWN, "OperationLost")
        assert len(set_.studio.orders) == 1
        assert set_.held() == 0

    tell(story, polls=[InvalidRequest("runway")])


def test_an_operation_the_service_knows_a_moment_later_is_kept(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        assert await set_.camera.shoot(await set_.order())
        assert len(set_.studio.orders) == 1

    tell(story, polls=[InvalidRequest("runway"), InvalidRequest("runway"), Succeeded(output="clip")])


def test_what_is_not_over_in_time_is_held_and_found_by_the_next_production_before_it_orders(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        first = await set_.order()

        assert not await set_.camera.shoot(first)

        take = await set_.take(first)
        assert (take.state, take.failure) == (TakeState.UNKNOWN, "NotOverYet")
        assert [call.price_microusd for call in await set_.calls(first)] == [600_000]
        assert set_.held() == 0
        await set_.office.lifecycle.begin(first.production_id)
        await set_.office.lifecycle.end(first.production_id, ProductionState.FAILED)
        second = await set_.order(again_for=first)
        set_.studio.polls = [Succeeded(output="clip")]

        assert await set_.camera.shoot(second)

        assert len(set_.studio.orders) == 1
        assert [call.state for call in await set_.calls(first)] == [CallState.DONE]

    tell(story, polls=[Running()])


def test_an_operation_whose_key_was_taken_away_is_held_until_the_key_is_back(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        await _killed(await _watched(set_, order))
        (call,) = await set_.calls(order)
        set_.restart(keys=[key for key in KEYS if key != call.key_id])

        assert not await set_.camera.shoot(order)

        take = await set_.take(order)
        assert (take.state, take.failure) == (TakeState.UNKNOWN, "KeyRemoved")
        assert len(set_.studio.orders) == 1

    tell(story, polls=[Running()])


def test_two_shots_of_the_same_words_are_ordered_once(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        first = await set_.order()
        second = replace(first, casting=replace(first.casting, number=2))

        assert all(await asyncio.gather(set_.camera.shoot(first), set_.camera.shoot(second)))
        assert len(set_.studio.orders) == 1
        assert set_.held() == 0

    tell(story)


def test_a_shot_of_a_provider_that_is_not_set_up_fails_by_name(tell: Tell) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        omni = cast(plan(model="gemini-omni-1.2-flash"), CATALOGUE)[0]

        assert not await set_.camera.shoot(replace(order, casting=omni))

        assert (await set_.take(order)).failure == "CannotRender"

    tell(story)


async def _watched(set_: Set, order: Order) -> asyncio.Task[bool]:
    """A take being made whose operation has been looked at; the task is the caller's to end."""
    task = asyncio.get_running_loop().create_task(set_.camera.shoot(order))
    await set_.studio.looking.wait()
    return task


async def _killed(task: asyncio.Task[bool]) -> None:
    task.cancel()
    await asyncio.wait([task])


def test_what_was_written_off_is_ordered_once_more_and_counts_as_no_attempt(
    tell: Callable[..., None],
) -> None:
    async def story(set_: Set) -> None:
        order = await set_.order()
        assert not await set_.camera.shoot(order)
        key = f"{order.production_id}/1/1"
        await set_.ledger.finish(key, CallState.LOST)

        assert await set_.camera.shoot(order)

        assert [call.state for call in await set_.calls(order)] == [CallState.LOST, CallState.FAILED, CallState.DONE]
        assert set_.held() == 0

    failed = Failed(error=OperationFailed("runway"), price_microusd=0)
    tell(story, submits=[OutcomeUnknown("runway"), None], polls=[failed, Succeeded(output="clip")])


@pytest.mark.parametrize(("greenlit", "failure"), [(0, "KeptFileGone"), (599_999, "GotDearer")])
def test_what_was_not_in_the_price_is_not_ordered(tell: Tell, greenlit: int, failure: str) -> None:
    async def story(set_: Set) -> None:
        order = replace(await set_.order(), price_microusd=greenlit)

        assert not await set_.camera.shoot(order)

        take = await set_.take(order)
        assert (take.state, take.failure) == (TakeState.FAILED, failure)
        assert set_.studio.orders == []
        assert await set_.calls(order) == []

    tell(story)
