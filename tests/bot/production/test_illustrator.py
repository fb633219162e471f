"""Storyboards drawn once: whatever is refused, silent or killed on the way."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.db import Database
from bot.db.tables import projects, reservations
from bot.jobs.ledger import CallState, Intent, Ledger, Outcome
from bot.jobs.wake import Listener, Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.booth import Booth
from bot.production.illustrator import Easel, Illustrator
from bot.production.storyboards import StillState, Storyboard, Storyboards, StoryboardState
from bot.production.switches import ALL, Switches
from bot.storage.files import Files
from bot.studio.budget import Budgets, Caps
from bot.studio.guilds import EVEN, Share
from bot.studio.model import Plan
from bot.studio.storyboard import image_model, quote_storyboard, still_name, stills_of
from providers.credential import Credential
from providers.errors import ContentRejected, OutcomeUnknown
from providers.language import Usage
from providers.stills import Still, StillRequest
from ratelimit import Allowance, Limit, Limits
from sandbox.providers.images import draw as draw_picture
from tests.bot.production.fakes import NotingPool
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, shot

MODEL = image_model(CATALOGUE, {"gemini"}, "16:9")
PRICE = MODEL.price_per_image_microusd


@functools.cache
def picture() -> bytes:
    return draw_picture("a koi", "16:9", 0.25)


class Painter:
    """Draws, or fails as told for the words that a prompt begins with."""

    name = "gemini"

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.faults: dict[str, Exception] = {}
        self.picture = picture()
        self.usage: Usage | None = None

    async def draw(self, request: StillRequest, destination: Path, credential: Credential) -> Still:
        words = request.prompt.split(" happens")[0]
        self.drawn.append(words)
        if (fault := self.faults.get(words)) is not None:
            raise fault
        destination.write_bytes(self.picture)
        return Still(path=destination, mime_type="image/jpeg", usage=self.usage)


class Atelier(Office):
    def __init__(self, database: Database, folder: Path, ffmpeg: Ffmpeg, caps: Caps | None = None) -> None:
        super().__init__(database)
        self.painter = Painter()
        self.switches = Switches(database, Wake(), clock=lambda: self.now)
        self.files = Files(folder)
        self.ffmpeg = ffmpeg
        self.budgets = Budgets(database, caps, clock=lambda: self.now)
        self.storyboards = Storyboards(database, Wake(), budgets=self.budgets, clock=lambda: self.now)
        self.ledger = Ledger(database, clock=lambda: self.now)
        limits = Limits(account=Allowance(rates=(Limit(None, tokens=1_000_000),)))
        self.pool = pool = NotingPool("gemini", "key-1", limits=limits)
        self.illustrator = Illustrator(
            storyboards=self.storyboards,
            easels={"gemini": Easel(provider=self.painter, booth=Booth(pool, self.ledger, waits=False))},
            ledger=self.ledger,
            ffmpeg=ffmpeg,
            files=self.files,
            switches=self.switches,
        )

    async def order(
        self,
        project_id: str,
        of: Plan | None = None,
        *,
        press: str = "1",
        user_id: int = OWNER,
        share: Share = EVEN,
    ) -> Storyboard:
        of = of or plan()
        stills = stills_of(of, MODEL)
        names = {still_name(still.content): still.content for still in stills}
        kept = {names[name] for name in await self.files.kept(project_id, names)}
        self.now += 1.0
        return await self.storyboards.accept(
            request_id=press,
            project_id=project_id,
            version=of.version,
            user_id=user_id,
            quote=quote_storyboard(stills, MODEL, kept),
            share=share,
        )

    async def drawn(self, storyboard: Storyboard) -> Storyboard:
        await self.illustrator.draw(storyboard)
        return await self.storyboards.get(storyboard.id)

    async def states(self, storyboard: Storyboard) -> list[tuple[StillState, str | None]]:
        return [(still.state, still.failure) for still in await self.storyboards.stills_of(storyboard.id)]

    async def money(self, storyboard: Storyboard) -> tuple[int, int | None, int]:
        query = select(reservations).where(reservations.c.id == storyboard.id)
        async with self.database.transaction() as transaction:
            row = (await transaction.execute(query)).one()
        return row.reserved_microusd, row.settled_microusd, row.written_off_microusd


@pytest.fixture
def atelier(database: Database, tmp_path: Path, ffmpeg: Ffmpeg) -> Atelier:
    return Atelier(database, tmp_path / "data", ffmpeg)


DRAWN = (StillState.DRAWN, None)


async def test_every_still_is_drawn_paid_and_kept(atelier: Atelier) -> None:
    film = await atelier.film("1")

    board = await atelier.drawn(await atelier.order(film.id))

    assert (board.state, board.cost_microusd) == (StoryboardState.OVER, 3 * PRICE)
    assert await atelier.states(board) == [DRAWN] * 3
    assert await atelier.money(board) == (3 * PRICE, 3 * PRICE, 0)
    assert sorted(atelier.painter.drawn) == ["One", "Three", "Two"]
    for still in await atelier.storyboards.stills_of(board.id):
        assert atelier.files.artefact(film.id, still_name(still.content)).read_bytes()[:2] == b"\xff\xd8"


async def test_a_still_has_its_owners_share_of_the_keys_and_counts_in_the_tokens_it_took(atelier: Atelier) -> None:
    film = await atelier.film("1")
    atelier.painter.usage = Usage(input_tokens=12, output_tokens=1_290)

    await atelier.drawn(await atelier.order(film.id, of=plan(shot("One")), share=Share(weight=2.0)))

    [asked] = atelier.pool.asked
    assert (asked["user"], asked["weight"]) == (str(OWNER), 2.0)
    assert asked["cost"].tokens > 1_120
    assert [usage.tokens for key in atelier.pool.view().keys for usage in key.usage] == [1_302]


async def test_what_was_refused_is_told_and_only_that_is_drawn_and_paid_again(atelier: Atelier) -> None:
    film = await atelier.film("1")
    atelier.painter.faults["Two"] = ContentRejected("gemini")
    board = await atelier.drawn(await atelier.order(film.id))

    assert await atelier.states(board) == [DRAWN, (StillState.FAILED, "ContentRejected"), DRAWN]
    assert await atelier.money(board) == (3 * PRICE, 2 * PRICE, 0)

    atelier.painter.faults.clear()
    atelier.painter.drawn.clear()
    again = await atelier.drawn(await atelier.order(film.id, press="2"))
    assert (await atelier.states(again), again.cost_microusd) == ([DRAWN] * 3, PRICE)
    assert (atelier.painter.drawn, await atelier.money(again)) == (["Two"], (PRICE, PRICE, 0))


async def test_a_silence_is_not_ordered_again_by_itself_and_its_owner_does_not_pay_it(atelier: Atelier) -> None:
    film = await atelier.film("1")
    atelier.painter.faults["Two"] = OutcomeUnknown("gemini")

    board = await atelier.drawn(await atelier.order(film.id))

    assert await atelier.states(board) == [DRAWN, (StillState.UNKNOWN, "OutcomeUnknown"), DRAWN]
    assert await atelier.money(board) == (3 * PRICE, 2 * PRICE, PRICE)
    assert atelier.painter.drawn.count("Two") == 1


async def test_what_is_no_picture_may_have_been_charged(atelier: Atelier) -> None:
    atelier.painter.picture = b"\xff\xd8\xff but nothing more"
    board = await atelier.drawn(await atelier.order((await atelier.film("1")).id))

    assert await atelier.states(board) == [(StillState.UNKNOWN, "OutcomeUnknown")] * 3


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("at", ["before its answer", "after its picture was kept", "before the end"])
async def test_a_process_that_is_killed_pays_nothing_twice(atelier: Atelier, at: str, tmp_path: Path) -> None:
    film = await atelier.film("1")
    board = await atelier.order(film.id, plan(shot("One")))
    content = (await atelier.storyboards.stills_of(board.id))[0].content
    path = atelier.files.artefact(film.id, still_name(content))

    async def answer() -> Outcome:
        if at != "before its answer":
            path.write_bytes(atelier.painter.picture)
        raise Killed

    if at == "before the end":
        await atelier.illustrator._have(board, (await atelier.storyboards.stills_of(board.id))[0])  # as far as it came
    else:
        intent = Intent(
            key=f"{board.id}/still-1/1",
            job=board.id,
            provider="gemini",
            model=MODEL.id,
            key_id="key-1",
            request_hash="h",
            price_microusd=PRICE,
            deadline_at=0.0,
        )
        with pytest.raises(BaseExceptionGroup):
            await atelier.ledger.order(intent, answer)
    ordered = len(atelier.painter.drawn)

    after = Atelier(atelier.database, tmp_path / "data", atelier.ffmpeg)
    after.now = atelier.now
    found = [await after.drawn(each) for each in await after.storyboards.being_drawn()]

    assert [each.state for each in found] == [StoryboardState.OVER]
    assert (after.painter.drawn, ordered) == ([], 1 if at == "before the end" else 0)
    is_lost = at == "before its answer"
    assert await after.states(board) == [(StillState.UNKNOWN, "OutcomeUnknown") if is_lost else DRAWN]
    assert await after.money(board) == (PRICE, 0 if is_lost else PRICE, PRICE if is_lost else 0)


async def test_it_is_drawn_once_however_often_its_end_is_reached(atelier: Atelier) -> None:
    board = await atelier.order((await atelier.film("1")).id)

    await asyncio.gather(atelier.illustrator.draw(board), return_exceptions=True)
    again = await atelier.drawn(board)

    assert (len(atelier.painter.drawn), again.cost_microusd) == (3, 3 * PRICE)


async def test_nothing_more_is_ordered_for_a_film_that_was_deleted(atelier: Atelier) -> None:
    film = await atelier.film("1")
    board = await atelier.order(film.id)
    async with atelier.database.transaction() as transaction:
        await transaction.execute(update(projects).values(deleted_at=1.0))

    board = await atelier.drawn(board)

    assert (atelier.painter.drawn, board.state, board.cost_microusd) == ([], StoryboardState.OVER, 0)


async def test_an_order_that_was_answered_is_not_looked_at_again(atelier: Atelier) -> None:
    board = await atelier.drawn(await atelier.order((await atelier.film("1")).id))

    assert {call.state for call in await atelier.ledger.calls_of(board.id)} == {CallState.DONE}


async def test_none_begins_while_everything_is_paused_and_it_is_drawn_afterwards(atelier: Atelier) -> None:
    board = await atelier.order((await atelier.film("1")).id)
    await atelier.switches.pause(ALL, OWNER)
    drawn_at_the_first_look: list[int] = []

    class Looks(Listener):
        async def wait(self, at_most: float) -> None:
            if not drawn_at_the_first_look:
                drawn_at_the_first_look.append(len(atelier.painter.drawn) + len(atelier.illustrator._busy))
                await atelier.switches.resume(ALL, OWNER)
            await asyncio.sleep(0.02)

    loop = asyncio.create_task(atelier.illustrator.run(Looks(asyncio.Event())))
    async with asyncio.timeout(20):
        while await atelier.storyboards.being_drawn():  # noqa: ASYNC110  # in rows
            await asyncio.sleep(0.02)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)

    assert drawn_at_the_first_look == [0]
    assert (await atelier.storyboards.get(board.id)).state is StoryboardState.OVER
