"""Faults of a video service while it takes an order, makes a clip and hands it out.

Whatever happens, a shot is ordered at most once, its money balances, its room is given back, and no key is punished for
what is not its fault.
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.media.ffmpeg import Ffmpeg
from bot.production.model import TakeState
from sandbox.providers.answers import Answer
from sandbox.providers.faults import (
    Breaks,
    ContentRefused,
    Drip,
    EmptyOutput,
    Fault,
    Hang,
    Html,
    Lost,
    NeverEnds,
    Reset,
    Truncated,
)
from sandbox.refusals.runway import ALL
from tests.bot.media.conftest import ffmpeg
from tests.bot.production import hurry
from tests.faults.works import DEADLINE, POST_WITHIN, Works, works

__all__ = ["ffmpeg"]

POST, LOOK, FETCH = ("POST", "/v1/text_to_video"), ("GET", "/v1/tasks/"), ("GET", "/outputs/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What strikes, and what becomes of the shot: whether it is made, else under which word it ends.

    Attributes:
        orders: that the service takes.
        sent: POSTs at least, refused ones included.
        punished: whether the pool holds something against a key (I9); a service that is down has it rest for a second.
        times: how often each strikes.
        deadline: seconds after which the operation is given up.
        within: seconds after which an order is.
    """

    at: tuple[str, str] = POST
    kinds: Sequence[Fault]
    state: TakeState = TakeState.MADE
    failure: str | None = None
    orders: int = 1
    sent: int = 1
    punished: bool = False
    times: int = 1
    deadline: float = DEADLINE
    within: float = POST_WITHIN


def _made(at: tuple[str, str], *kinds: Fault, **facts: object) -> Story:
    return Story(at=at, kinds=kinds, **facts)  # type: ignore[arg-type]  # passed on as given


def _failed(failure: str, *kinds: Fault, orders: int = 0, punished: bool = False) -> Story:
    return Story(kinds=kinds, state=TakeState.FAILED, failure=failure, orders=orders, punished=punished)


def _unknown(failure: str, *kinds: Fault, orders: int = 1) -> Story:
    return Story(kinds=kinds, state=TakeState.UNKNOWN, failure=failure, orders=orders)


def _rest(header: str, *, date: str | None = None) -> Answer:
    dates = {"Date": date} if date else {}
    return Answer(429, {"error": "Too many requests."}, {"Retry-After": header, **dates})


NOON, LATER = "Sun, 22 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:05:00 GMT"
LONG_AGO, FAR_OFF = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"
FORBIDDEN, PROXY = Answer(403, {"error": "Permission denied."}), Html(status=407, applied=False)
NO_CLIP = Answer(200, "<html>sorry</html>", {"Content-Type": "text/html"})
ENDLESS_JSON = Answer(200, '{"id": ' + "[" * 5000, {"Content-Type": "application/json"})

STORIES: Mapping[str, Story] = {
    "F43 400 names an input": _failed("InvalidRequest", ALL["body_duration"]),
    "F44 401 of one key": _made(POST, ALL["key_invalid"], sent=2, punished=True),
    "F44 401 of every key": _failed("NoUsableKey", ALL["key_invalid"], ALL["key_invalid"], punished=True),
    "F45 402 of one account": _made(POST, ALL["payment_required"], sent=2, punished=True),
    "F45 no credits in a 400": _made(POST, ALL["no_credits"], sent=2, punished=True),
    "F46 403 of one key": _made(POST, ALL["forbidden"], sent=2, punished=True),
    "F46 403 of a firewall": _made(POST, ALL["firewall"], sent=2, punished=True),
    "F47 403 at looking only": _made(LOOK, FORBIDDEN, FORBIDDEN, punished=True),
    "F48 the model is gone": _failed("ModelRetired", ALL["body_model"]),
    "F49 the operation is lost": _unknown("OperationLost", Lost()),
    "F50 408 to an order": _unknown("OutcomeUnknown", ALL["timeout"], orders=0),
    "F50 504 to an order": _unknown("OutcomeUnknown", ALL["gateway_timeout"], orders=0),
    "F50 504 to an order that was taken": _unknown("OutcomeUnknown", Html(status=504)),
    "F51 409": _failed("InvalidRequest", ALL["conflict"]),
    "F52 413": _failed("InvalidRequest", ALL["too_large"]),
    "F52 415": _failed("InvalidRequest", ALL["media_type"]),
    "F53 429 for five minutes": _made(POST, _rest("300"), sent=2, punished=True),
    "F53 429 until a date": _made(POST, _rest(LATER, date=NOON), sent=2, punished=True),
    "F55 429 for the day": _made(POST, ALL["daily_limit_told"], sent=2, punished=True),
    "F56 500 to an order": _unknown("OutcomeUnknown", ALL["internal"], orders=0),
    "F56 502 to an order that was taken": _unknown("OutcomeUnknown", Html(status=502)),
    "F56 503 sheds load": _made(POST, ALL["unavailable"], sent=2, punished=True),
    "F57 5xx at looking": _made(LOOK, ALL["internal"], ALL["bad_gateway"], ALL["gateway_timeout"]),
    "F57 5xx at fetching": _made(FETCH, ALL["internal"], ALL["unavailable_page"]),
    "F59 reset before an order was taken": _unknown("OutcomeUnknown", Reset(), orders=0),
    "F59 reset after an order was taken": _unknown("OutcomeUnknown", Reset(applied=True)),
    "F59 half an answer to an order": _unknown("OutcomeUnknown", Truncated()),
    "F59 reset at looking": _made(LOOK, Reset(), Reset()),
    "F59 reset at fetching": _made(FETCH, Reset()),
    "F60 an order is never answered": _unknown("OutcomeUnknown", Hang(applied=True)),
    "F60 an order is answered a blank at a time": Story(
        kinds=[Drip()], state=TakeState.UNKNOWN, failure="OutcomeUnknown", within=60.0
    ),
    "F60 a look is never answered": _made(LOOK, Hang()),
    "F60 a look is answered a blank at a time": _made(LOOK, Drip()),
    "F60 a clip never comes": _made(FETCH, Hang()),
    "F61 half a clip": _made(FETCH, Truncated(), Truncated()),
    "F61 the address has expired": _made(FETCH, Answer(403, "expired"), Answer(404, "gone")),
    "F62 a page for an order": _unknown("OutcomeUnknown", Html()),
    "F62 half a JSON for an order": _unknown("OutcomeUnknown", ENDLESS_JSON, orders=0),
    "F62 an order without an id": _unknown("OutcomeUnknown", Answer(200, {"status": "fine"}), orders=0),
    "F62 a page for a look": _made(LOOK, Html(), Html()),
    "F62 a look in other words": _made(
        LOOK, Answer(200, {"state": "??"}), Answer(200, [1]), Answer(200, {"status": 5})
    ),
    "F63 success with nothing in it": Story(
        kinds=[EmptyOutput()], state=TakeState.FAILED, failure="OperationFailed", times=2
    ),
    "F64 a page in place of a clip": _made(FETCH, NO_CLIP),
    "F64 three pages in place of a clip": Story(
        at=FETCH, kinds=[NO_CLIP, NO_CLIP, NO_CLIP], state=TakeState.FAILED, failure="UnusableClip"
    ),
    "F64 nothing in place of a clip": _made(FETCH, Answer(200, "", {"Content-Type": "video/mp4"})),
    "F65 refused at the door for its content": _failed("ContentRejected", ALL["moderation"]),
    "F65 refused for its content when it is looked at": _failed("ContentRejected", ContentRefused(), orders=1),
    "F66 the service breaks without a charge": _made(POST, Breaks(), orders=2, sent=2),
    "F67 never over": Story(kinds=[NeverEnds()], state=TakeState.UNKNOWN, failure="NotOverYet", deadline=20.0),
    "F68 a status nobody has heard of": _made(LOOK, Answer(200, {"id": "x", "status": "PONDERING", "createdAt": NOON})),
    "F73 every key rests": _made(POST, _rest("20"), _rest("20"), sent=3, punished=True),
    "F74 a rest of less than nothing": _made(POST, _rest("-5"), sent=2, punished=True),
    "F74 a rest without end": _made(POST, _rest("99999999999"), sent=2, punished=True),
    "F74 a rest that is no number": _made(POST, _rest("nan"), sent=2, punished=True),
    "F74 a rest until long ago": _made(POST, _rest(LONG_AGO, date=NOON), sent=2, punished=True),
    "F74 a rest until the end of time": _made(POST, _rest(FAR_OFF, date=NOON), sent=2, punished=True),
    "F74 a rest in words": _made(POST, _rest("soon"), sent=2, punished=True),
    "F77 a proxy wants a password": _made(POST, PROXY, sent=2, punished=True),
}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=hurry.HurriedLoop) as runner:
        yield runner


@pytest.fixture(scope="module")
def place(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """One service and one database for all stories; each begins anew in them."""
    opened = works(tmp_path_factory.mktemp("works"))
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


@pytest.mark.parametrize("name", STORIES)
def test_a_shot_is_ordered_at_most_once_and_balances(
    place: Works, runner: asyncio.Runner, ffmpeg: Ffmpeg, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    story = STORIES[name]

    async def shoot() -> None:
        shot = place.shot(ffmpeg, deadline=story.deadline, within=story.within)
        for kind in story.kinds:
            place.world.faults.add("runway", *story.at, kind, times=story.times)
        order = await shot.order()

        made = await shot.camera.shoot(order)

        take = await shot.take(order)
        assert (take.state, take.failure) == (story.state, story.failure)
        assert made is order.destination.exists() is (story.state is TakeState.MADE)
        assert await shot.breaches(order, orders=story.orders) == []
        assert len(shot.taken()) == story.orders
        assert len(shot.sent()) >= story.sent
        assert bool(shot.punished()) is story.punished

    runner.run(shoot())
    assert not [record for record in caplog.records if record.exc_info]


ELSEWHERE: Mapping[str, str] = {
    "F58 refused": "http://127.0.0.1:1",
    "F106 no such name": "http://nowhere.invalid",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_order_that_never_left_may_be_sent_again_and_costs_nothing(
    place: Works, runner: asyncio.Runner, ffmpeg: Ffmpeg, name: str
) -> None:
    async def shoot() -> None:
        shot = place.shot(ffmpeg, url=ELSEWHERE[name])
        order = await shot.order()

        assert not await shot.camera.shoot(order)

        assert (await shot.take(order)).failure == "Unavailable"
        assert {(call.state.value, call.price_microusd) for call in await shot.calls(order)} == {("refused", 0)}
        assert await shot.breaches(order, orders=0) == []

    runner.run(shoot())


def test_f105_an_order_waits_while_nothing_can_be_opened(
    place: Works, runner: asyncio.Runner, ffmpeg: Ffmpeg, caplog: pytest.LogCaptureFixture
) -> None:
    async def shoot() -> None:
        first = place.shot(ffmpeg)
        await first.camera.shoot(await first.order())  # the SDK reads files at its first order
        # By a name of its own, so that no connection of another story is at hand.
        shot = place.shot(ffmpeg, url=place.world.runway_url.replace("127.0.0.1", "localhost"))
        order = await shot.order()
        with nothing_to_open() as over:
            asyncio.get_running_loop().call_later(20.0, over)
            await shot.camera.shoot(order)

        assert (await shot.take(order)).state is TakeState.MADE
        assert len(shot.sent()) == 1
        assert await shot.breaches(order, orders=1) == []

    runner.run(shoot())
    assert "order refused" in caplog.text


@contextmanager
def nothing_to_open() -> Iterator[Callable[[], None]]:
    """No file descriptor is left until what it gives is called, or the block ends."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
    taken: list[int] = []

    def give_back() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        while taken:
            os.close(taken.pop())

    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/zero", os.O_RDONLY))
        yield give_back
    finally:
        give_back()
