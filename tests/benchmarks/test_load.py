"""The benchmark under load measures what it says: a short run of each kind, and the report of known figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load.crowd import Answers, share
from benchmarks.load.line import measure_line
from benchmarks.load.presses import measure_presses
from benchmarks.load.report import Chapter, Figure, render, short
from sandbox.discord.traffic import LoggedRequest


def figures(chapter: Chapter) -> dict[str, float]:
    return {figure.what: figure.measured for figure in chapter.figures}


async def test_a_crowd_is_answered_and_what_the_bot_takes_for_it_is_told(tmp_path: Path) -> None:
    told = figures(await measure_presses(tmp_path / "stage", 1.0))

    assert told["first answer p50"] > 0
    assert told["the bot's processor time for each"] > 0
    assert told["resident when idle"] > 10


async def test_a_line_is_filled_and_a_newcomer_finds_a_place_in_it(tmp_path: Path) -> None:
    told = figures(await measure_line(tmp_path / "stage", 0.5, films=6, people=3))

    assert told["restart to the first film begun"] >= told["restart to READY"] > 0
    assert 0 <= told["a newcomer's first film begins after"] < 6  # whose turn it is hangs on who began


def answer(token: str, at: float, *, type_: int = 5) -> LoggedRequest:
    request = LoggedRequest(
        method="POST",
        path=f"/interactions/1/{token}/callback",
        query={},
        body={"type": type_},
        files=(),
        authorised=False,
    )
    request.at, request.status = at, 200
    return request


def test_an_answer_after_three_seconds_or_none_counts_as_too_late() -> None:
    answers = Answers(asked_at={"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0})
    answers.read([answer("a", 1.5), answer("b", 4.5), answer("d", 3.0, type_=4)])

    assert answers.waits == [0.5, 2.0, 3.5]
    assert (answers.too_late, answers.turned_away) == (2, 1)


def test_a_share_of_none_is_none() -> None:
    assert (share([], 0.99), share([1.0, 2.0, 3.0], 0.5), share([1.0, 2.0, 3.0], 1.0)) == (0.0, 2.0, 3.0)


@pytest.mark.parametrize(("measured", "verdict"), [(500.0, "met"), (500.1, "SHORT")])
def test_the_report_says_which_aims_are_met_and_which_are_not(measured: float, verdict: str) -> None:
    figure = Figure(target="LT1", what="first answer p99", measured=measured, unit="ms", aim=500)
    chapter = Chapter(title="LT1 · a crowd", figures=[figure], notes=["a note"])

    assert [line.split()[-1] for line in render(chapter).splitlines() if "first answer" in line] == [verdict]
    assert short([chapter]) == (["LT1 first answer p99"] if verdict == "SHORT" else [])
