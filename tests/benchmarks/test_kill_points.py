"""The short form of `python -m benchmarks.proof.kill_points`: the bot dies where money is most easily lost."""

from __future__ import annotations

from pathlib import Path

from benchmarks.proof.kill_points import loop, points_in

ORDERED = "after POST /runway/v1/text_to_video"


async def test_a_bot_that_dies_between_an_order_and_its_record_keeps_its_promises(tmp_path: Path) -> None:
    async with loop(tmp_path) as mine:
        verdict = await mine.die("film", ORDERED, "a paper boat, 1 shot, without words")
        assert verdict.step == ORDERED
        assert not verdict.breaches
        assert [row["state"] for row in mine.rows("SELECT state FROM productions")] == ["held"]
        assert len(mine.world.providers.paid("runway")) == 1


def test_points_are_each_step_from_one_on_or_the_first_of_each_name() -> None:
    assert points_in(["a", "b", "a", "a"], every=2, first=2, distinct=False) == ["2", "4"]
    assert points_in(["a", "b", "a"], every=1, first=1, distinct=True) == ["a", "b"]
