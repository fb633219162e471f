"""Who checks the promises sees each of them broken."""

from __future__ import annotations

import pytest

from benchmarks.proof.checker import balance, bought, told


def call(key: str, state: str, price: int = 250_000, provider: str = "runway") -> dict[str, object]:
    return {"key": key, "state": state, "price_microusd": price, "provider": provider}


FILM: dict[str, object] = {"author": {"bot": True}, "content": "here", "attachments": [{"filename": "film.mp4"}]}


def test_a_part_ordered_once_is_in_order() -> None:
    assert not [*bought([call("film/1/1", "done"), call("film/2/1", "refused")], {"runway": 1})]


@pytest.mark.parametrize(
    ("calls", "accepted"),
    [
        ([call("film/1/1", "done"), call("film/1/2", "done")], 2),
        ([call("film/1/1", "done")], 2),
        ([call("film/1/1", "unknown")], 2),
        ([call("film/1/1", "refused")], 1),
        ([call("film/1/1", "done")], 0),
    ],
    ids=["two rows", "one row for two", "two for an unsure one", "taken though refused", "a row for nothing"],
)
def test_what_was_bought_without_being_asked_for_is_seen(calls: list[dict[str, object]], accepted: int) -> None:
    assert [*bought(calls, {"runway": accepted})]


@pytest.mark.parametrize(("charged", "holds"), [(250_000, True), (500_000, True), (250_001, False), (0, False)])
def test_an_order_without_an_answer_was_charged_whole_or_not_at_all(charged: int, holds: bool) -> None:
    calls = [call("film/1/1", "done"), call("film/2/1", "unknown")]
    assert bool([*balance(calls, charged)]) is not holds


@pytest.mark.parametrize(("messages", "films"), [([FILM], 0), ([], 1), ([FILM, FILM], 1)])
def test_a_film_shown_twice_or_never_is_seen(messages: list[dict[str, object]], films: int) -> None:
    assert [*told(messages, films)]


def test_a_film_shown_once_is_in_order() -> None:
    assert not [*told([FILM], 1)]
