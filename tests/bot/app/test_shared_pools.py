"""Pools of several processes on one store: one quota, shared to the last request, over crashes and outages."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager

import pytest

from ratelimit import Allowance, ApiKey, Cost, DayLimit, KeyPool, Limit, Limits, OpenOperation, Priority, Rejected
from ratelimit.book import OPERATION
from ratelimit.rations import BATCH
from ratelimit.usage import Permit, Want
from tests import virtual_time
from tests.bot.app.memory_store import MemoryStore
from tests.ratelimit.provider import THROTTLED, StrictServer, granted_at, make_pool, settle

LIMIT, PERIOD = 60, 60.0
RATE = Limits(account=Allowance(rates=(Limit(LIMIT, period=PERIOD),)))


def a_pool(store: MemoryStore, limits: Limits = RATE, *, seed: int = 1) -> KeyPool:
    return make_pool(limits, "a", store=store, dice=random.Random(seed))


@asynccontextmanager
async def running(*coroutines: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run them beside the block, and cancel them after it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


class Crowd:
    """Wants more than there is, for ever."""

    def __init__(self, server: StrictServer) -> None:
        self.server = server
        self.sent: list[float] = []

    async def send(self, pool: KeyPool, user: str = "ana") -> None:
        async with pool.lease(user=user, priority=Priority.MEDIUM) as lease:
            lease.sent()
            self.sent.append(virtual_time.now())
            await self.server.take(lease.key)

    async def press(self, pool: KeyPool) -> None:
        """Twenty users at once."""

        async def one(user: str) -> None:
            while True:
                await self.send(pool, user)

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(one(f"user-{number}"))


# One quota


@pytest.mark.parametrize("period", [60.0, 6.0])
@pytest.mark.parametrize("processes", [1, 4])
def test_several_processes_fill_one_quota_and_never_exceed_it(processes: int, period: float) -> None:
    async def story() -> tuple[int, int, float]:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, period))
        limits = Limits(account=Allowance(rates=(Limit(LIMIT, period=period),)))
        pools = [a_pool(store, limits, seed=seed) for seed in range(processes)]
        async with running(*(pool.run() for pool in pools), *(crowd.press(pool) for pool in pools)):
            await asyncio.sleep(10 * period - 0.01)
            return crowd.server.refused, len(crowd.sent), store.journeys / len(crowd.sent)

    refused, sent, journeys_per_grant = virtual_time.run(story())

    assert refused == 0
    assert sent >= 0.95 * 10 * LIMIT
    assert journeys_per_grant < 0.3


def test_no_process_is_left_without_its_share() -> None:
    async def story() -> list[int]:
        store, server = MemoryStore(), StrictServer(15, 60.0)
        limits = Limits(account=Allowance(rates=(Limit(15, period=60.0),)))
        pools = [a_pool(store, limits, seed=seed) for seed in range(4)]
        crowds = [Crowd(server) for _ in pools]
        async with running(
            *(pool.run() for pool in pools), *(crowd.press(pool) for crowd, pool in zip(crowds, pools, strict=True))
        ):
            await asyncio.sleep(1200)
            return [len(crowd.sent) for crowd in crowds]

    shares = virtual_time.run(story())

    assert sum(shares) >= 0.95 * 15 * 20
    assert min(shares) >= 0.5 * max(shares)


@pytest.mark.parametrize("processes", [1, 3])
def test_urgent_work_finds_the_window_open_though_patient_work_fills_it_in_other_processes(processes: int) -> None:
    async def story() -> tuple[list[float], int, int, float]:
        store, server = MemoryStore(), StrictServer(15, 60.0)
        limits = Limits(account=Allowance(rates=(Limit(15),)))
        workers = [a_pool(store, limits, seed=seed) for seed in range(processes)]
        gateway = a_pool(store, limits, seed=9)
        waits: list[float] = []

        async def make_films(pool: KeyPool, user: str) -> None:
            while True:
                async with pool.lease(user=user, priority=Priority.LOW, model="film") as lease:
                    lease.sent()
                    await server.take(lease.key)

        async def chat() -> None:
            dice = random.Random(3)
            while True:
                await asyncio.sleep(dice.uniform(0, 40))
                asked_at = virtual_time.now()
                async with gateway.lease(user="ana", priority=Priority.HIGH, model="chat") as lease:
                    lease.sent()
                    waits.append(virtual_time.now() - asked_at)
                    await server.take(lease.key)

        films = [make_films(pool, f"user-{number}") for pool in workers for number in range(20)]
        async with running(gateway.run(), *(pool.run() for pool in workers), *films, chat()):
            await asyncio.sleep(120)  # until it is known that somebody urgent is about
            waits.clear()
            served = server.served
            await asyncio.sleep(3600)
            return sorted(waits), server.served - served, server.refused, store.journeys / server.served

    waits, served, refused, journeys = virtual_time.run(story())

    assert refused == 0
    assert waits[len(waits) // 2] < 4.0
    assert waits[int(0.95 * len(waits))] < 9.0
    assert served >= 0.95 * 15 * 60
    assert journeys < 4.0


def test_a_limit_of_one_request_goes_round_between_processes() -> None:
    async def story() -> list[int]:
        store, server = MemoryStore(), StrictServer(1, 60.0)
        limits = Limits(account=Allowance(rates=(Limit(1),)))
        pools = [a_pool(store, limits, seed=seed) for seed in range(4)]
        crowds = [Crowd(server) for _ in pools]
        async with running(
            *(pool.run() for pool in pools), *(crowd.press(pool) for crowd, pool in zip(crowds, pools, strict=True))
        ):
            await asyncio.sleep(3600)
            return [len(crowd.sent) for crowd in crowds]

    shares = virtual_time.run(story())

    assert sum(shares) >= 57
    assert min(shares) >= 12


@pytest.mark.parametrize("seed", range(12))
def test_whatever_classes_and_costs_wait_in_whichever_process_all_are_served_in_time(seed: int) -> None:
    """No two processes ever leave something to each other."""
    dice = random.Random(seed)
    room = dice.choice([None, 2, 5])
    accounts = "ab"[: dice.choice([1, 1, 2])]
    shares: list[float] = []

    async def ask(pool: KeyPool) -> None:
        cost = Cost(tokens=dice.choice([1, 10, 100, 600, 1000]))
        shares.append(max(1 / 10, cost.tokens / 1000))
        account, model = dice.choice([None, None, *accounts]), dice.choice([None, "x", "y"])
        user, priority = f"user-{dice.randrange(5)}", dice.choice(list(Priority))
        seconds = dice.uniform(0, 3)
        await asyncio.sleep(dice.choice([0.0, dice.uniform(0, 60)]))
        async with pool.lease(user=user, priority=priority, cost=cost, model=model, account=account) as lease:
            lease.sent()
            await asyncio.sleep(seconds)

    async def story() -> float:
        store, limits = (
            MemoryStore(),
            Limits(account=Allowance(rates=(Limit(10, tokens=1000, period=20.0),), room=room)),
        )
        pools = [make_pool(limits, *accounts, store=store, dice=random.Random(number)) for number in range(3)]
        async with running(*(pool.run() for pool in pools)), asyncio.timeout(3600):
            await asyncio.gather(*(ask(pools[number % 3]) for number in range(40)))
            return virtual_time.now()

    ended_at = virtual_time.run(story())

    assert ended_at < 60 + 1.6 * 20 * sum(shares)  # of one account alone, one after the other


# Crashes


@pytest.mark.parametrize("seconds", [0.1, 1.0, 30.0, 59.9, 61.0, 75.0])
def test_killed_at_full_load_and_started_again_the_provider_refuses_nothing(seconds: float) -> None:
    async def story() -> tuple[int, int]:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        for seed in range(3):
            pool = a_pool(store, seed=seed)
            async with running(pool.run(), crowd.press(pool)):
                await asyncio.sleep(seconds)
                store.is_away = True  # killed: nothing is told any more
            store.is_away = False
        await asyncio.sleep(PERIOD)
        return crowd.server.refused, len(crowd.sent)

    refused, sent = virtual_time.run(story())

    assert refused == 0
    assert sent >= LIMIT


def test_a_process_that_stops_in_order_leaves_to_the_next_what_it_did_not_use() -> None:
    async def story() -> int:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        pool = a_pool(store)
        async with running(pool.run()), asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(crowd.send(pool, f"user-{number}"))
        heir = a_pool(store, seed=2)
        async with running(heir.run(), crowd.press(heir)):
            await asyncio.sleep(30)
        return len(crowd.sent)

    assert virtual_time.run(story()) == LIMIT


def test_what_one_process_took_in_truth_is_what_another_may_not_take() -> None:
    async def story() -> list[float]:
        store = MemoryStore()
        limits = Limits(account=Allowance(rates=(Limit(None, tokens=100, period=PERIOD),)))
        first, second = a_pool(store, limits), a_pool(store, limits, seed=2)
        granted = []
        async with running(first.run(), second.run()):
            async with first.lease(user="ana", cost=Cost(tokens=10)) as lease:
                lease.sent()
                await asyncio.sleep(5)
                lease.spent(70)
            await asyncio.sleep(30)
            for tokens in (30, 40):
                async with second.lease(user="bea", cost=Cost(tokens=tokens)):
                    granted.append(virtual_time.now())
        return granted

    beside, after = virtual_time.run(story())
    assert beside < 36
    assert PERIOD <= after < PERIOD + 1


def test_what_one_process_sent_shows_in_the_windows_of_another_until_it_leaves_them() -> None:
    async def story() -> list[int]:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        first, second = a_pool(store), a_pool(store, seed=2)
        seen = []
        async with running(first.run(), second.run()):
            for _ in range(3):
                await crowd.send(first)
            for at in (20.0, 40.0):
                await asyncio.sleep(at - virtual_time.now())
                await crowd.send(second)
            for at in (50.0, 65.0):
                await asyncio.sleep(at - virtual_time.now())
                seen.append(second.view().keys[0].usage[0].requests)
        return seen

    assert virtual_time.run(story()) == [5, 2]


def test_who_serves_is_known_with_a_store_too() -> None:
    async def story() -> int:
        pool = a_pool(MemoryStore())
        async with running(pool.run()), pool.lease(user="ana"):
            pass
        return pool.view().keys[0].served

    assert virtual_time.run(story()) == 1


def test_no_process_takes_all_there_is_on_one_journey() -> None:
    async def story() -> int:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        pool = a_pool(store)
        async with running(pool.run(), *(crowd.send(pool, f"user-{number}") for number in range(50))):
            await asyncio.sleep(0.02)
            return sum(entry.requests for entry in store.entries["studio"].values())

    assert virtual_time.run(story()) == BATCH


# Outages


def test_while_the_store_is_away_permits_are_spent_and_then_everybody_waits_until_it_is_back() -> None:
    async def story() -> tuple[int, int, int, str]:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        pool = a_pool(store)
        async with running(pool.run(), crowd.press(pool)):
            await asyncio.sleep(20)
            before = len(crowd.sent)
            store.is_away = True
            await asyncio.sleep(100)
            during = len(crowd.sent) - before
            reason = await _reason(pool)
            store.is_away = False
            await asyncio.sleep(90)
            return crowd.server.refused, during, len(crowd.sent) - during - before, reason

    refused, during, after, reason = virtual_time.run(story())

    assert refused == 0
    assert during <= 32
    assert after >= LIMIT
    assert "cannot be reached" in reason


async def _reason(pool: KeyPool) -> str:
    async def wait() -> None:
        async with pool.lease(user="bea", name="asked about"):
            pass

    async with running(wait()):
        await asyncio.sleep(0.01)
        outlook = pool.outlook("asked about")
        assert outlook is not None
        assert (outlook.soonest, outlook.latest) == (None, None)
        return outlook.reason


def test_what_was_sent_while_the_store_was_away_is_told_when_it_is_back() -> None:
    async def story() -> int:
        store, crowd = MemoryStore(), Crowd(StrictServer(1, PERIOD))
        limits = Limits(account=Allowance(rates=(Limit(1, period=PERIOD),)))
        first, second = a_pool(store, limits), a_pool(store, limits, seed=2)
        async with running(first.run(), second.run()):
            async with first.lease(user="ana") as lease:
                store.is_away = True
                await asyncio.sleep(150)  # it prepares for longer than anybody remembers
                lease.sent()
                await crowd.server.take(lease.key)
                store.is_away = False
                await asyncio.sleep(20)
            await crowd.send(second)
        return crowd.server.refused

    assert virtual_time.run(story()) == 0


def test_an_outage_of_a_day_ends_like_any_other() -> None:
    async def story() -> float:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        pool = a_pool(store)
        async with running(pool.run()):
            store.is_away = True
            asyncio.get_running_loop().call_later(86_400, setattr, store, "is_away", False)
            await crowd.send(pool)
            return virtual_time.now()

    assert virtual_time.run(story()) < 86_400 + 20


# Room


ROOM = Limits(account=Allowance(room=2))


def test_operations_of_another_process_take_room_and_its_release_frees_it_within_seconds() -> None:
    async def story() -> float:
        store = MemoryStore()
        first, second = a_pool(store, ROOM), a_pool(store, ROOM, seed=2)
        async with running(first.run(), second.run()):
            for number in range(2):
                async with first.lease(user="ana") as lease:
                    lease.hold(f"operation-{number}")
            asyncio.get_running_loop().call_later(1000.0, first.release, "operation-1")
            async with second.lease(user="bea"):
                return virtual_time.now()

    assert 1000 < virtual_time.run(story()) < 1004


def test_two_operations_of_one_lease_take_room_for_two_in_other_processes() -> None:
    async def story() -> float:
        store = MemoryStore()
        first, second = a_pool(store, ROOM), a_pool(store, ROOM, seed=2)
        async with running(first.run(), second.run()):
            async with first.lease(user="ana") as lease:
                lease.hold("operation-0")
                lease.hold("operation-1")
            await asyncio.sleep(100)
            asyncio.get_running_loop().call_later(1000.0, first.release, "operation-0")
            async with second.lease(user="bea"):
                return virtual_time.now()

    assert virtual_time.run(story()) > 1100


def test_an_operation_that_another_process_saw_end_takes_no_room_here_either() -> None:
    async def story() -> float:
        store = MemoryStore()
        first, second = a_pool(store, ROOM), a_pool(store, ROOM, seed=2)
        async with running(first.run(), second.run()):
            for number in range(2):
                async with first.lease(user="ana") as lease:
                    lease.hold(f"operation-{number}")
            await asyncio.sleep(100)
            second.release("operation-0")
            async with first.lease(user="ana"):
                return virtual_time.now()

    assert virtual_time.run(story()) < 110


def test_an_operation_keeps_its_room_for_hours_though_its_process_has_nothing_else_to_tell() -> None:
    async def story() -> tuple[float, int]:
        store = MemoryStore()
        first, second = a_pool(store, ROOM), a_pool(store, ROOM, seed=2)
        async with running(first.run()):
            for number in range(2):
                async with first.lease(user="ana") as lease:
                    lease.hold(f"operation-{number}")
            await asyncio.sleep(2.5 * OPERATION)
            journeys = store.journeys
            asyncio.get_running_loop().call_later(100.0, first.release, "operation-1")
            async with running(second.run()), second.lease(user="bea"):
                return virtual_time.now() - 2.5 * OPERATION, journeys

    waited, journeys = virtual_time.run(story())
    assert 100 < waited < 105
    assert journeys < 30


def test_operations_that_one_process_restores_take_room_in_the_others() -> None:
    async def story() -> float:
        store = MemoryStore()
        first, second = a_pool(store, ROOM), a_pool(store, ROOM, seed=2)
        first.restore([OpenOperation(f"operation-{number}", "key-1", "m") for number in range(2)])
        async with running(first.run(), second.run()):
            await asyncio.sleep(50)
            asyncio.get_running_loop().call_later(100.0, first.release, "operation-0")
            async with second.lease(user="bea"):
                return virtual_time.now()

    assert 150 <= virtual_time.run(story()) < 160


def test_operations_restored_at_boot_are_counted_once_and_before_anything_is_lent() -> None:
    async def story() -> int:
        store = MemoryStore()
        first = a_pool(store, ROOM)
        async with running(first.run()), first.lease(user="ana") as lease:
            lease.hold("operation")
            await asyncio.sleep(10)
        second = a_pool(store, ROOM, seed=2)
        second.restore([OpenOperation(id="operation", key_id="key-1", model=None)])
        most = 0
        out = 0

        async def work() -> None:
            nonlocal most, out
            async with second.lease(user="ana"):
                out += 1
                most = max(most, out)
                await asyncio.sleep(5)
                out -= 1

        async with running(second.run()), asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(work())
        return most

    assert virtual_time.run(story()) == 1


# Permits nobody can use


def test_permits_that_lapse_are_asked_for_by_others_at_once() -> None:
    async def ask(pool: KeyPool, model: str) -> float:
        asked_at = virtual_time.now()
        async with pool.lease(user="ana", priority=Priority.HIGH, model=model):
            return virtual_time.now() - asked_at

    async def story() -> float:
        pool = a_pool(MemoryStore(), Limits(account=Allowance(rates=(Limit(15),))))
        async with running(pool.run()):
            gone = [asyncio.create_task(ask(pool, "x")) for _ in range(15)]
            await asyncio.sleep(0.001)
            for task in gone:
                task.cancel()
            await asyncio.gather(*gone, return_exceptions=True)
            return await ask(pool, "y")

    assert virtual_time.run(story()) < 6.0  # they are valid for 5 s


@pytest.mark.parametrize("rate", [Limit(15), DayLimit(15)])
def test_permits_that_lapse_are_free_for_other_processes_though_nobody_here_asks_again(rate: Limit | DayLimit) -> None:
    async def ask(pool: KeyPool) -> float:
        async with pool.lease(user="ana", priority=Priority.HIGH):
            return virtual_time.now()

    async def story() -> tuple[float, int]:
        store, limits = MemoryStore(), Limits(account=Allowance(rates=(rate,)))
        idle, busy = a_pool(store, limits), a_pool(store, limits, seed=2)
        async with running(idle.run(), busy.run()):
            gone = [asyncio.create_task(ask(idle)) for _ in range(15)]
            await asyncio.sleep(0.001)
            for task in gone:
                task.cancel()
            await asyncio.gather(*gone, return_exceptions=True)
            await asyncio.sleep(10)
            asked_at = virtual_time.now()
            waited = await ask(busy) - asked_at
            await asyncio.sleep(30)
            journeys = store.journeys
            await asyncio.sleep(3600)
            return waited, store.journeys - journeys

    waited, journeys = virtual_time.run(story())
    assert waited < 0.1
    assert journeys == 0  # who idles, idles


def test_a_permit_granted_to_somebody_cancelled_before_waking_serves_the_next() -> None:
    async def story() -> tuple[str, float]:
        pool = a_pool(MemoryStore(), Limits(account=Allowance(rates=(Limit(1),), room=1)))
        rations = pool._line.rations
        assert rations is not None
        rations.of["a"].permits["p"] = Permit(id="p", account="a", model=None, cost=Cost(), opens_at=0.0, closes_at=5.0)
        pool.restore([OpenOperation("operation", "key-1")])
        first, second = asyncio.create_task(granted_at(pool)), asyncio.create_task(granted_at(pool))
        await settle()
        pool.release("operation")
        first.cancel()
        return await second

    assert virtual_time.run(story()) == ("key-1", 0.0)


# What is asked of the store


async def _wanted(permits: Sequence[str], wishes: Sequence[str | None], *, resting: Sequence[str] = ()) -> list[Want]:
    """With these accounts' permits at hand, what of these wishes (an account, or any) is asked of the store."""
    pool = make_pool(RATE, "a", "b", store=MemoryStore())
    rations = pool._line.rations
    assert rations is not None
    for account in resting:
        pool.report(THROTTLED, key_id=f"key-{'ab'.index(account) + 1}")
    waiting = [asyncio.create_task(granted_at(pool, account=wish, priority=Priority.HIGH)) for wish in wishes]
    await settle()
    for account in permits:
        permit = Permit(id="p", account=account, model=None, cost=Cost(), opens_at=1.0, closes_at=5.0)
        rations.of[account].permits[permit.id] = permit
    wanted = pool._line.wants(BATCH)
    for task in waiting:
        task.cancel()
    await settle()
    return wanted


@pytest.mark.parametrize(
    ("permits", "wishes", "resting", "wanted"),
    [
        ([], [None], [], [("a", "b")]),
        (["a"], [None, None], [], [("a", "b")]),
        (["b"], ["a", "b"], [], [("a",)]),
        ([], [None], ["a"], [("b",)]),
        ([], [None], ["a", "b"], [("a", "b")]),
    ],
    ids=["nothing at hand", "one for two", "of another account", "one that rests", "all rest"],
)
def test_the_store_is_asked_for_what_is_not_at_hand_of_accounts_that_are_well(
    permits: list[str], wishes: list[str | None], resting: list[str], wanted: list[tuple[str, ...]]
) -> None:
    asked = virtual_time.run(_wanted(permits, wishes, resting=resting))
    assert [want.accounts for want in asked] == wanted


@pytest.mark.parametrize("urgent_model", ["x", "y"])
def test_patient_work_hoards_no_permits_that_urgent_work_could_use(urgent_model: str) -> None:
    async def story() -> tuple[list[float], int]:
        pool = a_pool(MemoryStore(), Limits(account=Allowance(rates=(Limit(15),))))
        waits: list[float] = []
        sent = 0

        async def patient() -> None:
            nonlocal sent
            async with pool.lease(user="flood", priority=Priority.LOW, model="x"):
                sent += 1

        async def urgent(number: int) -> None:
            nonlocal sent
            await asyncio.sleep(number * 20)
            asked_at = virtual_time.now()
            async with pool.lease(user="chat", priority=Priority.HIGH, model=urgent_model):
                sent += 1
                waits.append(virtual_time.now() - asked_at)

        async with running(pool.run(), *(patient() for _ in range(200)), *(urgent(number) for number in range(30))):
            await asyncio.sleep(600)
        return sorted(waits), sent

    waits, sent = virtual_time.run(story())
    assert waits[len(waits) // 2] < 4.0
    assert sent >= 0.93 * 150


def test_a_small_request_passes_a_large_one_that_it_does_not_delay() -> None:
    async def ask(pool: KeyPool, user: str, tokens: int) -> float:
        async with pool.lease(user=user, priority=Priority.HIGH, cost=Cost(tokens=tokens)) as lease:
            lease.sent()
            return virtual_time.now()

    async def story() -> tuple[float, float]:
        pool = a_pool(MemoryStore(), Limits(account=Allowance(rates=(Limit(100, tokens=1000),))))
        async with running(pool.run()):
            await ask(pool, "early", 500)
            await asyncio.sleep(10)
            large = asyncio.create_task(ask(pool, "large", 900))
            await asyncio.sleep(2)
            return await ask(pool, "small", 10), await large

    small, large = virtual_time.run(story())
    assert small < 14.0
    assert large == pytest.approx(60.25, abs=1.0)


# The cost of journeys


def test_whoever_lines_up_while_nothing_is_left_and_a_key_is_out_causes_no_journey() -> None:
    async def story() -> int:
        store = MemoryStore()
        pool = make_pool(Limits(account=Allowance(rates=(Limit(15),))), "a", "b", store=store)
        crowd = Crowd(StrictServer(15, 60.0))
        async with running(pool.run()):
            pool.report(Rejected(), key_id="key-2")
            async with running(*(crowd.send(pool, f"user-{number}") for number in range(15))):
                await asyncio.sleep(5)
            journeys = store.journeys
            async with running(*(_late(pool, 0.1 * number) for number in range(200))):
                await asyncio.sleep(20)
            return store.journeys - journeys

    assert virtual_time.run(story()) < 10


async def _late(pool: KeyPool, pause: float) -> None:
    await asyncio.sleep(pause)
    async with pool.lease(user="ana", priority=Priority.MEDIUM):
        pass


def test_whoever_waits_for_room_that_it_takes_up_itself_causes_no_journeys() -> None:
    async def story() -> tuple[int, float]:
        store = MemoryStore()
        pool = a_pool(store, ROOM)
        async with running(pool.run()), pool.lease(user="ana") as lease:
            lease.hold("operation")
        heir = a_pool(store, ROOM, seed=2)
        heir.restore([OpenOperation(id="operation", key_id="key-1", model=None)])
        async with running(heir.run()):
            async with heir.lease(user="ana") as lease:
                lease.hold("another")
            begun_at, journeys = virtual_time.now(), store.journeys
            asyncio.get_running_loop().call_later(1000.0, heir.release, "operation")
            async with heir.lease(user="bea"):
                return store.journeys - journeys, virtual_time.now() - begun_at

    journeys, waited = virtual_time.run(story())
    assert journeys < 5
    assert waited == pytest.approx(1000, abs=0.2)


@pytest.mark.parametrize("milliseconds", [0, 1, 4, 7, 20])
def test_whoever_comes_while_a_journey_is_under_way_does_not_wait_for_those_whom_it_served_nothing(
    milliseconds: int,
) -> None:
    async def ask(pool: KeyPool, tokens: int) -> float:
        asked_at = virtual_time.now()
        async with pool.lease(user=f"of {tokens}", priority=Priority.HIGH, cost=Cost(tokens=tokens)):
            return virtual_time.now() - asked_at

    async def story() -> float:
        pool = a_pool(MemoryStore(), Limits(account=Allowance(rates=(DayLimit(None, tokens=1000),))))
        async with running(pool.run()):
            await ask(pool, 900)
            await asyncio.sleep(30)
            large = asyncio.create_task(ask(pool, 500))
            await asyncio.sleep(milliseconds / 1000)
            waited = await ask(pool, 50)
            large.cancel()
            await asyncio.gather(large, return_exceptions=True)
            return waited

    assert virtual_time.run(story()) < 0.1


# Keys that come and go


def test_a_higher_limit_serves_at_once_who_was_told_that_there_is_nothing() -> None:
    async def story() -> float:
        one, ten = (Limits(account=Allowance(rates=(Limit(number, period=PERIOD),))) for number in (1, 10))
        pool = a_pool(MemoryStore(), one)
        async with running(pool.run()):
            await granted_at(pool)
            waiting = asyncio.create_task(granted_at(pool))
            await asyncio.sleep(5)
            pool.set_limits(ten)
            return (await waiting)[1]

    assert virtual_time.run(story()) < 6


def test_an_account_without_a_key_for_a_while_is_not_forgotten_by_the_store() -> None:
    async def story() -> float:
        pool = a_pool(MemoryStore(), Limits(account=Allowance(rates=(Limit(1, period=PERIOD),))))
        async with running(pool.run()):
            await granted_at(pool)
            pool.retire("key-1")
            await asyncio.sleep(30)
            pool.add(ApiKey("key-9", "a", "fake-secret-9"))
            return (await granted_at(pool))[1]

    assert virtual_time.run(story()) >= PERIOD


def test_an_account_that_comes_or_goes_in_one_process_is_shared_like_the_others() -> None:
    """One process learns of a new account later than the other; neither takes more than there is, and both go on."""

    async def story() -> tuple[int, int, set[str]]:
        store, crowd = MemoryStore(), Crowd(StrictServer(LIMIT, PERIOD))
        pools = [a_pool(store, seed=seed) for seed in range(2)]
        async with running(*(pool.run() for pool in pools), *(crowd.press(pool) for pool in pools)):
            await asyncio.sleep(PERIOD)
            pools[0].add(ApiKey("key-2", "b", "fake-secret-2"))
            await asyncio.sleep(PERIOD)
            pools[1].add(ApiKey("key-2", "b", "fake-secret-2"))
            await asyncio.sleep(2 * PERIOD)
            before = len(crowd.sent)
            for pool in pools:
                pool.retire("key-1")
            await asyncio.sleep(2 * PERIOD)
            left = {key.id for pool in pools for key in pool.view().keys}
            return crowd.server.refused, len(crowd.sent) - before, left

    refused, sent, left = virtual_time.run(story())

    assert refused == 0
    assert 0.9 * 2 * LIMIT <= sent <= 2 * LIMIT + 1
    assert left == {"key-2"}
