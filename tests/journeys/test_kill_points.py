"""The bot dies at steps spread over its work, each in the middle of something; what it promised is checked after.

`python -m benchmarks.proof.kill_points` does the same at every step.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.proof.kill_points import run


async def test_a_film_is_neither_lost_nor_bought_twice_wherever_the_bot_dies(tmp_path: Path) -> None:
    verdicts = await run(tmp_path, ["film"], every=1, at=[3, 40, 80, 120])
    assert not [str(verdict) for verdict in verdicts if verdict.breaches]
    assert all(verdict.step != "(over before)" for verdict in verdicts[:2])
