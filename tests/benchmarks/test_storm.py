"""The event storm: a short one, and the watch over rows and edits."""

from __future__ import annotations

from pathlib import Path

from benchmarks.load.report import short
from benchmarks.load.storm import Watch, measure_storm


async def test_whatever_is_told_of_twice_is_done_once(tmp_path: Path) -> None:
    chapter = await measure_storm(tmp_path / "stage", 0.0, people=1, pace=1.0)

    assert not [missed for missed in short([chapter]) if "too many" in missed]
    told = {figure.what: figure.measured for figure in chapter.figures}
    assert told["requests to Discord"] > 0
    assert told["edits of a job card, most"] > 0


def test_a_change_waits_for_the_first_edit_behind_it() -> None:
    watch = Watch()
    watch.note([("a", "accepted", None)], 1.0)
    watch.note([("a", "running", 7)], 5.0)
    watch.note([("a", "running", 7), ("b", "accepted", 8)], 6.0)
    watch.note([("a", "done", 7), ("b", "running", 8)], 9.0)

    assert watch.waits({7: [4.0, 6.5, 11.0], 8: [20.0]}) == [1.5, 2.0]
