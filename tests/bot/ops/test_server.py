"""What operators get over HTTP, what strangers do not, and that it keeps what docs/http.md promises."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from bot.db import Database
from bot.ops.guard import has_token, is_ours
from bot.ops.metrics import exposition
from bot.ops.readiness import database_answers, holds
from bot.ops.server import MOST_PAGES
from bot.status.samples import Samples
from ratelimit import Counters, KeyHealth, KeyPool, OpenOperation, Priority, Scope, Throttled
from tests.bot.ops.desk import TOKEN, fetch, schemas, serving, settings
from tests.bot.status.bench import Bench
from tests.bot.status.test_samples import SAMPLE, process
from tests.bot.status.well import WELL, key, service
from tests.bot.waiting import until


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, tmp_path)


@pytest.mark.parametrize("name", ["status", "ai-status", "rate-limit-status", "history"])
async def test_what_is_answered_is_what_is_promised(bench: Bench, name: str) -> None:
    await Samples(bench.database, clock=lambda: bench.now).write(SAMPLE, process("a"))
    async with bench.pools["runway"].lease(user="a"), serving(bench) as url:
        code, told, _ = await fetch(f"{url}/api/{name}")

    assert code == 200
    Draft202012Validator(schemas()[name]).validate(told)


async def test_what_went_before_is_answered_in_json_while_the_database_is_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Samples) -> None:
        raise OperationalError("SELECT", None, Exception("refused"))

    monkeypatch.setattr(Samples, "read", away)
    async with serving(bench) as url:
        assert (await fetch(f"{url}/api/history"))[:2] == (503, {"error": "the database is not reached"})


async def test_no_answer_holds_a_key(bench: Bench) -> None:
    kept = {pool.key(key.id).secret for pool in bench.pools.values() for key in pool.view().keys}
    async with serving(bench) as url:
        told = [(await fetch(f"{url}{path}"))[1] for path in ("/metrics", "/api/status", "/api/rate-limit-status", "/")]

    assert kept
    assert not any(secret in str(each) for secret in kept for each in told)


async def test_the_bot_lives_while_it_answers(bench: Bench) -> None:
    async with serving(bench) as url:
        assert (await fetch(f"{url}/healthz"))[:2] == (200, {"status": "ok"})


async def test_ready_is_who_has_nothing_in_the_way(bench: Bench, database: Database) -> None:
    connected = False
    questions = {"database": database_answers(database), "discord": holds(lambda: connected, "not connected")}
    async with serving(bench, questions=questions) as url:
        before = await fetch(f"{url}/readyz")
        connected = True
        after = await fetch(f"{url}/readyz")

    assert before[:2] == (503, {"ready": False, "reasons": {"discord": "not connected"}})
    assert after[:2] == (200, {"ready": True, "reasons": {}})
    Draft202012Validator(schemas()["readyz"]).validate(before[1])


async def test_with_a_token_only_who_has_it_reads_and_all_may_ask_whether_it_lives(bench: Bench) -> None:
    async with serving(bench, settings(token=TOKEN)) as url:
        codes = {path: (await fetch(url + path))[0] for path in ("/", "/healthz", "/readyz", "/metrics", "/api/events")}
        wrong = (await fetch(f"{url}/api/status", Authorization=f"Bearer {TOKEN}x"))[0]
        query = (await fetch(f"{url}/api/status?token={TOKEN}"))[0]
        right = (await fetch(f"{url}/api/status", Authorization=f"Bearer {TOKEN}"))[0]

    assert codes == {"/": 200, "/healthz": 200, "/readyz": 200, "/metrics": 401, "/api/events": 401}
    assert (wrong, query, right) == (401, 401, 200)


async def test_a_page_that_aims_its_name_at_us_is_turned_away(bench: Bench) -> None:
    async with serving(bench, settings(names=("ops.example.org",))) as url:
        codes = [
            (await fetch(f"{url}/api/status", Host=host))[0]
            for host in ("evil.example", "ops.example.org", "localhost:1", "[::1]:80")
        ]

    assert codes == [421, 200, 200, 200]


async def test_browsers_are_told_to_keep_what_they_get_to_themselves(bench: Bench) -> None:
    async with serving(bench) as url:
        for path in ("/", "/api/status", "/nowhere"):
            _, _, headers = await fetch(url + path, Origin="https://evil.example")
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert not [name for name in headers if name.startswith("Access-Control") or name == "Server"]


async def test_nothing_can_be_changed(bench: Bench) -> None:
    async with serving(bench) as url, aiohttp.ClientSession() as session:
        codes = []
        for path in ("/", "/api/status", "/readyz"):
            async with session.post(url + path, data=b"x") as answer:
                codes.append(answer.status)

    assert codes == [405] * 3


async def test_the_token_is_in_no_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(bench, settings(token=TOKEN)) as url:
            await fetch(f"{url}/api/status?token={TOKEN}", Authorization=f"Bearer {TOKEN}")

    assert caplog.records
    assert TOKEN not in caplog.text


async def test_pages_hear_of_it_again_and_again_and_only_so_many_at_once(bench: Bench) -> None:
    async with serving(bench) as url, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        pages = [await session.get(f"{url}/api/events") for _ in range(MOST_PAGES)]
        heard = [await pages[0].content.readuntil(b"\n\n") for _ in range(3)]
        async with session.get(f"{url}/api/events") as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        pages[0].close()

        async def is_let_in() -> bool:
            async with session.get(f"{url}/api/events") as again:
                return again.status == 200

        await until(is_let_in)
        for page in pages:
            page.close()

    assert all(event.startswith(b"event: status\ndata: {") for event in heard)


async def test_a_page_that_does_not_read_is_dropped(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with serving(bench, event_every=0.0, read_within=0.2) as url:
            host, port = url.removeprefix("http://").split(":")
            with socket.socket() as silent:
                silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                silent.connect((host, int(port)))
                silent.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")

                async def is_dropped() -> bool:
                    return "a page that did not read was dropped" in caplog.messages

                await until(is_dropped)


async def test_a_port_that_is_taken_stops_nothing_and_is_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), serving(bench, settings(port=other.getsockname()[1])):
                raise AssertionError("the port is free")

    assert "give this process another OPS_PORT" in caplog.text


async def test_metrics_are_what_prometheus_reads(bench: Bench) -> None:
    async with bench.pools["runway"].lease(user="a", priority=Priority.HIGH) as lease:
        used = lease.key.id
    async with serving(bench) as url:
        code, text, headers = await fetch(f"{url}/metrics")

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert (code, headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    assert all(name.startswith("greenlight_") for name in families)
    asked = {sample.labels["key"]: sample.value for sample in families["greenlight_key_requests"].samples}
    assert asked[used] == 1
    waits = [each for each in families["greenlight_lease_wait_seconds"].samples if each.labels["class"] == "high"]
    assert {each.name: each.value for each in waits if each.labels.get("le", "+Inf") == "+Inf"} == {
        "greenlight_lease_wait_seconds_bucket": 1,
        "greenlight_lease_wait_seconds_count": 1,
        "greenlight_lease_wait_seconds_sum": 0,
    }


def test_each_key_has_one_health_in_the_metrics() -> None:
    status = service(key(health=KeyHealth.OUT), key("k2"))
    text = exposition(replace(WELL, services=(status,)), {"runway": Counters()}).decode()
    healths = [
        (sample.labels["key"], sample.labels["health"])
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.name == "greenlight_key_health" and sample.value == 1
    ]
    assert healths == [("runway-1a2b3c4d", "out"), ("k2", "healthy")]


@asynccontextmanager
async def crowded(bench: Bench) -> AsyncIterator[None]:
    """One key is paused, the other's model is full, and somebody waits twice."""
    pool = bench.pools["runway"]
    pool.pause("k2")
    pool.restore(OpenOperation(f"op-{number}", "k1", "gen4.5") for number in range(2))
    pool.report(Throttled(bench.now + 40.0, Scope.MODEL), key_id="k1", model="veo3.1")
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(waits(pool)) for _ in range(2)]
        await asyncio.sleep(0)
        try:
            yield
        finally:
            for task in waiting:
                task.cancel()


async def waits(pool: KeyPool) -> None:
    async with pool.lease(user="7", model="gen4.5"):
        raise AssertionError("there is no room")


async def test_limits_tell_the_room_of_each_model_who_waits_and_which_keys_are_not_lent(bench: Bench) -> None:
    async with crowded(bench), serving(bench) as url:
        told = {name: (await fetch(f"{url}/api/{name}"))[1] for name in ("status", "rate-limit-status")}

    for name, answer in told.items():
        Draft202012Validator(schemas()[name]).validate(answer)
    (runway,) = told["rate-limit-status"]["services"]
    assert (runway["waiting"]["generation"], runway["waiting_by_user"]) == (2, {"generation": {"7": 2}})
    assert {each["id"]: each["health"] for each in runway["keys"]} == {"k1": "healthy", "k2": "paused"}
    assert runway["keys"][0]["models"]["gen4.5"] == {"open": 2, "room": 2}


async def test_metrics_tell_the_room_of_each_model_until_when_it_rests_and_who_waits_where(bench: Bench) -> None:
    async with crowded(bench), serving(bench) as url:
        text = (await fetch(f"{url}/metrics"))[1]

    found = {
        (family.name.removeprefix("greenlight_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["model_open_operations", "a", "gen4.5", "runway"] == 2
    assert found["model_room", "a", "gen4.5", "runway"] == 2
    assert found["model_rest_ends_seconds", "a", "runway", "veo3.1"] > 0
    assert found["lease_waiting", "generation", "runway"] == 2
    assert found["lease_cancellations", "generation", "runway"] == 0


def test_metrics_tell_until_when_a_key_rests_and_why() -> None:
    status = service(key(health=KeyHealth.COOLING, until=1_790_000_040.0, why="throttled"), key("k2"))
    text = exposition(replace(WELL, services=(status,)), {"runway": Counters()}).decode()

    assert (
        'greenlight_key_rest_ends_seconds{key="runway-1a2b3c4d",provider="runway",why="throttled"} 1.79000004e+09'
        in text
    )
    assert 'greenlight_key_rest_ends_seconds{key="k2"' not in text


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8787", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:8787", True),
        ("10.0.0.5", True),
        ("ops.example.org:443", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8787", False),
        ("", False),
    ],
)
def test_a_name_is_ours_or_not(host: str, ours: bool) -> None:
    assert is_ours(host, {"ops.example.org"}) is ours


@pytest.mark.parametrize(
    ("header", "right"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer {TOKEN}", True),
        (TOKEN, False),
        ("Bearer ", False),
        ("", False),
        (f"Basic {TOKEN}", False),
        (f"Bearer {TOKEN[:-1]}", False),
        ("Bearer Ä", False),
    ],
)
def test_a_token_is_right_or_not(header: str, right: bool) -> None:
    assert has_token(header, TOKEN) is right
