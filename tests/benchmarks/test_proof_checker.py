"""Who checks the promises sees each of them broken."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.proof.checker import asked, attempts, balance, bought, closed, said_once, settled, told
from benchmarks.proof.records import Row, Taken

NAME = "f1" * 16
PRICE = 250_000


def call(key: str, state: str, price: int = PRICE, *, is_open: bool = False) -> Row:
    job = key.split("/", maxsplit=1)[0]
    return {"key": key, "job": job, "provider": "runway", "state": state, "price_microusd": price, "open": int(is_open)}


def production(state: str = "done", *, run: int = 1, failure: str | None = None) -> Row:
    row = {"id": NAME, "state": state, "run": run, "failure": failure, "owner_id": 7, "price_microusd": 2 * PRICE}
    return {**row, "project_id": "p", "version": 1}


def message(*, film: str = "", words: str = "", owner: int = 7, buttons: tuple[str, ...] = ()) -> Row:
    pressable = [{"type": 2, "custom_id": f"gl1:{action}:{NAME}"} for action in buttons]
    return {
        "author": {"bot": True},
        "content": words,
        "attachments": [{"filename": film}] if film else [],
        "mentions": [{"id": str(owner)}],
        "components": [{"type": 1, "components": pressable}],
    }


def koi(count: int) -> list[Taken]:
    return [Taken(service="runway", words="koi. Camera: still", price_microusd=0)] * count


FILM = message(film=f"greenlight-{NAME}.mp4")
HELD = message(words=f"is not finished\n-# plan v1 · {NAME[:8]}", buttons=("again", "without", "stop"))


@pytest.mark.parametrize("earlier", ["done", "submitted", "unknown", "intent", "found"])
def test_a_part_ordered_again_after_what_may_have_been_taken_is_seen(earlier: str) -> None:
    assert [*attempts([call("film/1/1", earlier), call("film/1/2", "done")])]


@pytest.mark.parametrize("earlier", ["failed", "lost", "refused"])
def test_a_part_may_be_ordered_again_after_what_came_to_nothing(earlier: str) -> None:
    assert not [*attempts([call("film/1/1", earlier), call("film/1/2", "done"), call("film/2/1", "done")])]


@pytest.mark.parametrize(
    ("calls", "accepted"),
    [
        ([call("film/1/1", "done")], 2),
        ([call("film/1/1", "unknown")], 2),
        ([call("film/1/1", "refused")], 1),
        ([call("film/1/1", "done")], 0),
        ([], 1),
    ],
    ids=["one row for two", "two for an unsure one", "taken though refused", "a row for nothing", "no row at all"],
)
def test_what_was_bought_without_being_asked_for_is_seen(calls: list[Row], accepted: int) -> None:
    assert [*bought([(each, "koi") for each in calls], koi(accepted))]


def test_an_order_too_many_of_one_part_is_not_excused_by_one_that_failed_of_another() -> None:
    calls = [(call("film/1/1", "done"), "koi"), (call("film/2/1", "unknown"), "carp")]
    assert [*bought(calls, koi(2))]


@pytest.mark.parametrize("accepted", [1, 2])
def test_an_order_without_an_answer_was_taken_or_not(accepted: int) -> None:
    calls = [(call("film/1/1", "done"), "koi"), (call("film/1/2", "lost"), "koi")]
    assert not [*bought(calls, koi(accepted))]


@pytest.mark.parametrize(("charged", "holds"), [(PRICE, True), (2 * PRICE, True), (PRICE + 1, False), (0, False)])
def test_an_order_without_an_answer_was_charged_whole_or_not_at_all(charged: int, holds: bool) -> None:
    calls = [call("film/1/1", "done"), call("film/2/1", "unknown")]
    assert bool([*balance("runway", calls, charged)]) is not holds


@pytest.mark.parametrize(
    ("state", "charged", "lost", "holds"),
    [
        ("done", PRICE, PRICE, True),
        ("done", PRICE, 0, False),
        ("done", None, PRICE, False),
        ("done", PRICE + 1, PRICE, False),
        ("held", None, 0, True),
        ("held", PRICE, 0, False),
    ],
    ids=["settled", "loss forgotten", "never settled", "charged too much", "kept aside", "settled too early"],
)
def test_what_a_film_was_charged_is_what_its_orders_cost(
    state: str, charged: int | None, lost: int, holds: bool
) -> None:
    calls = [call(f"{NAME}/1/1", "done"), call(f"{NAME}/2/1", "unknown")]
    kept = {"reserved_microusd": 2 * PRICE, "settled_microusd": charged, "written_off_microusd": lost}
    assert bool([*settled([production(state)], calls, {NAME: kept})]) is not holds


def test_a_film_without_money_kept_aside_is_seen() -> None:
    assert [*settled([production()], [], {})]


@pytest.mark.parametrize(
    ("order", "holds"),
    [
        (call(f"{NAME}/1/1", "done"), True),
        (call(f"{NAME}/1/1", "done", is_open=True), False),
        (call(f"{NAME}/1/1", "submitted"), False),
        (call(f"{NAME}/2/1", "submitted"), True),
    ],
    ids=["closed", "takes room", "never seen to end", "of a shot left out"],
)
def test_an_order_of_a_finished_film_has_ended(order: Row, holds: bool) -> None:
    assert bool([*closed([production()], [order], {(NAME, "2")})]) is not holds


@pytest.mark.parametrize(
    ("state", "messages", "holds"),
    [
        ("done", [FILM], True),
        ("done", [], False),
        ("done", [FILM, FILM], False),
        ("done", [message(film=f"greenlight-{NAME}.mp4", owner=8)], False),
        ("done", [message(words=f"-# plan v1 · {NAME[:8]}")], False),
        ("held", [HELD], True),
        ("held", [], False),
        ("cancelled", [], True),
        ("running", [], True),
    ],
    ids=["shown", "never", "twice", "to another", "no film in it", "asked", "never asked", "by its button", "not over"],
)
def test_an_end_is_told_once_to_its_owner(state: str, messages: list[Row], holds: bool) -> None:
    assert bool([*told(production(state), messages)]) is not holds


def test_each_run_has_an_end_of_its_own() -> None:
    again = message(film=f"greenlight-{NAME}-2.mp4")
    assert not [*told(production(run=2), [HELD, again])]
    assert [*told(production(run=2), [HELD, HELD, again])]
    assert [*told(production(run=2), [HELD])]


@pytest.mark.parametrize(
    ("state", "messages", "holds"),
    [
        ("unknown", [HELD], True),
        ("submitted", [HELD], True),
        ("done", [HELD], False),
        ("unknown", [message(words="wait")], False),
    ],
    ids=["no answer", "never seen to end", "nothing to ask", "nothing to press"],
)
def test_a_film_is_held_for_a_reason_and_asks(state: str, messages: list[Row], holds: bool) -> None:
    assert bool([*asked(production("held"), messages, [call(f"{NAME}/1/1", state)])]) is not holds


@pytest.mark.parametrize("second", ["Here is the plan", "Another word"])
def test_words_that_stand_twice_in_a_thread_are_seen(second: str) -> None:
    messages: list[dict[str, Any]] = [message(words="Here is the plan"), message(words=second)]
    assert bool([*said_once(messages)]) is (second == "Here is the plan")


def test_a_message_answered_twice_is_seen() -> None:
    answer = {**message(words="yes"), "message_reference": {"message_id": "5"}}
    assert [*said_once([answer, {**answer, "content": "well, yes"}])]
