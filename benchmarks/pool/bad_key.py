"""One key of three is bad for 30 seconds, in seven ways: does a user see it, and when does the key serve again?

A request comes every second or so; one in ten is bad itself, and must be told so after one try, on whichever key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from benchmarks import adapter
from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.world import MINUTE, Network, now, percentile, tell

LASTS, BAD_FOR, COOLDOWN = 180.0, 30.0, 30.0
BAD_KEY, OTHERS = "k0", 2
KINDS: dict[str, tuple[int, dict[str, str], str]] = {
    "400 API_KEY_INVALID": (400, {}, '{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}'),
    "401": (401, {}, "Unauthorized"),
    "403": (403, {}, "PERMISSION_DENIED"),
    "429, Retry-After": (429, {"retry-after": "5"}, "slow down"),
    "429, no word when": (429, {}, "RESOURCE_EXHAUSTED"),
    "500": (500, {}, "Internal error"),
    "connection lost": (0, {}, ""),
}
BAD_PROMPT: tuple[int, dict[str, str], str] = (400, {}, "INVALID_ARGUMENT: the prompt is empty")


@dataclass(slots=True)
class Run:
    """`prompts` are the calls that each bad prompt cost, those answered for the key's sake not counted."""

    failed: int = 0
    wasted: int = 0
    prompts: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    serves_again_after: float = float("inf")


def measure(*, quick: bool = False) -> Findings:
    starts = (0.0,) if quick else (0.0, 30.0)
    seeds = range(1 if quick else 3)
    rows = []
    found: list[Run] = []
    for kind in KINDS:
        for start in starts:
            runs = [tell(_story(kind, start, seed)) for seed in seeds]
            found += runs
            rows.append(_row(f"{kind}, from second {start:g}", runs))
    return Findings(
        question=f"A key of three is bad for {BAD_FOR:g} s, in {len(KINDS)} ways",
        head=("", "failed", "calls wasted", "calls a bad prompt", "p99 of answers, s", "serves again after, s"),
        rows=rows,
        claims=[
            Claim(what="failures a user sees", measured=sum(run.failed for run in found), aim=0),
            Claim(what="calls a bad prompt costs, at most", measured=max(max(run.prompts) for run in found), aim=1),
            Claim(
                what="serves again after, at most",
                measured=max(run.serves_again_after for run in found),
                aim=OTHERS * COOLDOWN + 1,
                unit="s",
                note=f"one probe interval: the cooldown, {OTHERS} of them if it never served; and a second",
            ),
            Claim(what="calls wasted in one story, at most", measured=max(run.wasted for run in found), aim=5),
        ],
        notes=["0 s again means that the key served as soon as it was well"],
    )


def _row(name: str, runs: Sequence[Run]) -> list[str]:
    return [
        name,
        str(sum(run.failed for run in runs)),
        str(max(run.wasted for run in runs)),
        str(max(max(run.prompts) for run in runs)),
        f"{percentile([wait for run in runs for wait in run.waits], 0.99):.2f}",
        f"{max(run.serves_again_after for run in runs):.1f}",
    ]


async def _story(kind: str, start: float, seed: int) -> Run:
    pool = adapter.make({"keys": ["k0", "k1", "k2"], "limits": {"rpm": 60}, "cooldown": COOLDOWN})
    run, network, dice = Run(), Network(seed), random.Random(seed)  # noqa: S311 - a story

    async def request(*, is_bad: bool) -> None:
        asked, calls = now(), 0

        async def send(key: str) -> SimpleNamespace:
            nonlocal calls
            await asyncio.sleep(network.delay())
            is_out = key == BAD_KEY and start <= now() < start + BAD_FOR
            status, headers, reason = KINDS[kind] if is_out else BAD_PROMPT if is_bad else (200, {}, "")
            calls += not is_out
            run.wasted += is_out
            await asyncio.sleep(network.delay())
            if status == 0:
                raise ConnectionResetError("peer went away")
            if status == 200 and key == BAD_KEY and now() >= start + BAD_FOR:
                run.serves_again_after = min(run.serves_again_after, now() - start - BAD_FOR)
            return SimpleNamespace(status=status, headers=headers, retry_after=None, reason=reason)

        try:
            result = await pool.call(send, user=f"user-{dice.randrange(5)}", priority="medium")
        except Exception:  # noqa: BLE001 - whatever it is, a user sees it
            run.failed += 1
        else:
            run.failed += result.status != (400 if is_bad else 200)
        run.waits.append(now() - asked)
        if is_bad:
            run.prompts.append(calls)

    await pool.start()
    async with asyncio.TaskGroup() as group:
        number = 0
        while now() < LASTS:
            group.create_task(request(is_bad=number % 10 == 9))
            number += 1
            await asyncio.sleep(dice.expovariate(60 / MINUTE))
    await pool.stop()
    return run
