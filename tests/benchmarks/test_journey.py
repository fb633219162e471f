"""The benchmark measures what it says: one small film, seen from outside, and the report of known figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ffmpeg_runs import CHECK, ENCODE, FfmpegWatch, Run, busy
from benchmarks.films import FilmTimes, Stage, measure_film
from benchmarks.memory import Memory, memory_of
from benchmarks.report import Findings, Machine, render
from benchmarks.stage import quick_world, ready_bot
from benchmarks.startup import StartTimes


async def test_a_films_stages_follow_each_other_and_ffmpegs_part_is_seen(tmp_path: Path) -> None:
    async with (
        quick_world(tmp_path / "world") as world,
        FfmpegWatch(tmp_path) as watch,
        ready_bot(world, tmp_path, FFMPEG_PATH=str(watch.program)) as bot,
    ):
        film = await measure_film(world, tmp_path, watch, shots=1, idea="a paper boat, 2 seconds long,")
        memory = memory_of(bot.pid, films=1)

    assert all(stage.seconds >= stage.ffmpeg >= 0 for stage in film.stages)
    assert film.ffmpeg == pytest.approx(sum(stage.ffmpeg for stage in film.stages))
    assert {run.kind for run in watch.runs} == {CHECK, ENCODE}
    assert 0 < film.checking + film.encoding <= film.total
    assert film.looks == 1
    assert memory.resident > memory.own > 0


def run(began: float, ended: float) -> Run:
    return Run(began=began, ended=ended, cpu=0.0, kind=ENCODE)


@pytest.mark.parametrize(
    ("runs", "seconds"),
    [
        ([], 0.0),
        ([run(2, 4), run(3, 5)], 3.0),
        ([run(3, 4), run(2, 5)], 3.0),
        ([run(2, 3), run(4, 5)], 2.0),
        ([run(-1, 1), run(9, 12)], 2.0),
        ([run(-2, -1), run(11, 12)], 0.0),
    ],
)
def test_runs_at_the_same_time_count_once_and_only_inside_the_stretch(runs: list[Run], seconds: float) -> None:
    assert busy(runs, 0.0, 10.0) == pytest.approx(seconds)


def test_the_report_says_which_aims_are_met_and_which_are_not() -> None:
    started = StartTimes(ffmpeg_tested=1.0, logging_in=1.1, connected=1.2, ready=3.25)
    film = FilmTimes(
        shots=4,
        stages=(Stage(name="cut", seconds=3.0, ffmpeg=2.0),),
        ffmpeg=2.0,
        checking=0.5,
        encoding=1.5,
        runs=26,
        cpu=3.0,
        looks=1,
    )
    told = render(
        Findings(
            machine=Machine(cores=2, processor="a processor", python="3.11", ffmpeg="9.0", load=(0.5, 1.5)),
            first_starts=[started],
            restarts=[started],
            films=[film],
            memory=[Memory(films=films, resident=120_000_000 + films * 1_000_000, own=1) for films in (0, 10, 20)],
        )
    )

    assert "met    ours, 4 shots: 1.00 s of 1.5 s" in told
    assert "SHORT  READY, restart: 3.25 s of 3 s, 0.25 s too much" in told
    assert "met    idle: 120 MB of 150 MB" in told
    assert "From film 10 to film 20 it grew by 1000 kB a film." in told
