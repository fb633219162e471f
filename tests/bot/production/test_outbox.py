"""The outbox as rows: a try is counted before it is made, an end is posted once, and posted again when asked for."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.model import Production, ProductionState
from bot.production.outbox import FIRST_PAUSE, LONGEST_PAUSE, Outbox, pause_after
from bot.studio.shards import Shards
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER

ON_BOTH_DATABASES = True
THREAD, ELSEWHERE = 7, 8


class Post(Office):
    """An office with a film that is over."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        #: As after a restart: the same rows, another process.
        self.reopened = Outbox(database, Wake(), clock=lambda: self.now)

    async def ended(self, press: str = "press", *, state: ProductionState = ProductionState.DONE) -> Production:
        production = await self.accept((await self.film(press)).id, press=press)
        await self.lifecycle.begin(production.id)
        await self.lifecycle.end(production.id, state, duration=1.0)
        return production


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


async def test_a_try_is_counted_and_the_next_one_dated_before_it_is_made(post: Post) -> None:
    production = await post.ended()
    assert await post.outbox.due() == [production.id]
    for tries in (1, 2, 3):
        began = post.now
        await post.outbox.begin_try(production.id, after=tries - 1)  # and then the process is killed

        assert await post.reopened.due() == []
        row = await post.productions.get(production.id)
        assert (row.delivery_tries, row.delivering_at) == (tries, 100.0)
        post.now = began + pause_after(tries)
        assert await post.reopened.due() == [production.id]


def test_pauses_grow_and_stay_bounded() -> None:
    pauses = [pause_after(tries) for tries in range(1, 2000)]

    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


async def test_a_rest_as_long_as_discord_says_is_kept(post: Post) -> None:
    production = await post.ended()
    await post.outbox.begin_try(production.id, after=0)
    await post.outbox.rest(await post.productions.get(production.id), "Busy:0", seconds=7200.0)

    post.now += 7199.0
    assert await post.reopened.due() == []
    post.now += 1.0
    assert await post.reopened.due() == [production.id]
    assert (await post.productions.get(production.id)).undelivered == "Busy:0"


async def test_what_was_posted_is_not_due_and_says_where_it_stands(post: Post) -> None:
    production = await post.ended()
    await post.outbox.begin_try(production.id, after=0)
    await post.outbox.rest(await post.productions.get(production.id), "Busy:0", seconds=1.0)
    await post.outbox.aim(await post.productions.get(production.id), channel_id=THREAD, guild_id=5)
    await post.outbox.posted(await post.productions.get(production.id), 77)
    post.now += 10_000.0

    assert await post.reopened.due() == []
    row = await post.productions.get(production.id)
    stands = (row.delivered_message_id, row.delivery_channel_id, row.delivery_guild_id, row.undelivered)
    assert stands == (77, THREAD, 5, None)


@pytest.mark.parametrize("posted", [True, False])
async def test_an_end_is_posted_again_where_it_is_asked_for(post: Post, posted: bool) -> None:
    production = await post.ended()
    await post.outbox.begin_try(production.id, after=0)
    if posted:
        await post.outbox.posted(await post.productions.get(production.id), 77)
    else:
        await post.outbox.keep(await post.productions.get(production.id), "NotAllowed:50013")
    assert await post.outbox.due() == []

    assert await post.outbox.redeliver(production.id, channel_id=ELSEWHERE)

    row = await post.productions.get(production.id)
    assert await post.outbox.due() == [production.id]
    assert (row.delivery_channel_id, row.delivery_tries, row.delivering_at, row.undelivered) == (
        ELSEWHERE,
        0,
        None,
        None,
    )


async def test_an_end_that_is_being_posted_goes_on_where_it_was_aimed_at(post: Post) -> None:
    production = await post.ended()
    await post.outbox.begin_try(production.id, after=0)
    await post.outbox.aim(await post.productions.get(production.id), channel_id=THREAD, guild_id=5)
    await post.outbox.rest(await post.productions.get(production.id), "Busy:0", seconds=600.0)

    assert not await post.outbox.redeliver(production.id, channel_id=ELSEWHERE)

    row = await post.productions.get(production.id)
    assert await post.outbox.due() == [production.id]
    assert (row.delivery_channel_id, row.delivering_at) == (THREAD, 100.0)


async def test_a_film_that_is_not_over_has_no_end_to_post(post: Post) -> None:
    production = await post.accept((await post.film()).id)

    assert not await post.outbox.redeliver(production.id)
    assert await post.outbox.due() == []


async def test_kept_ends_of_a_server_are_tried_again_when_it_is_back_and_no_others(post: Post) -> None:
    kept, posted = await post.ended("1"), await post.ended("2")
    await post.outbox.keep(await post.productions.get(kept.id), "Vanished:10004")
    await post.outbox.posted(await post.productions.get(posted.id), 77)
    guild_id = (await post.productions.get(kept.id)).guild_id
    assert guild_id is not None

    assert await post.outbox.redeliver_in(guild_id + 1) == 0
    assert await post.outbox.redeliver_in(guild_id) == 1
    assert await post.outbox.due() == [kept.id]


async def test_what_became_of_a_try_does_not_pass_for_the_end_of_the_next_run(post: Post) -> None:
    production = await post.ended(state=ProductionState.HELD)
    await post.outbox.begin_try(production.id, after=0)
    attempt = await post.productions.get(production.id)
    async with post.database.transaction() as transaction:
        await post.lifecycle.resume_within(transaction, production.id, [ProductionState.HELD])
    await post.lifecycle.begin(production.id)
    await post.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
    for late in (False, True):
        if late:  # the new end is tried as often as the old one was
            await post.outbox.begin_try(production.id, after=0)
        await post.outbox.posted(attempt, 77)
        await post.outbox.keep(attempt, "Busy:0")
        await post.outbox.rest(attempt, "Busy:0", seconds=1e6)
        await post.outbox.aim(attempt, channel_id=THREAD, guild_id=5)

    row = await post.productions.get(production.id)
    assert (row.delivered_at, row.undelivered, row.delivery_channel_id) == (None, None, None)
    post.now += FIRST_PAUSE
    assert await post.outbox.due() == [production.id]


async def test_a_try_is_begun_by_one_of_two_that_see_it_due(post: Post) -> None:
    production = await post.ended()

    begun = [await outbox.begin_try(production.id, after=0) for outbox in (post.outbox, post.reopened)]

    assert begun == [True, False]


async def test_an_end_is_posted_by_whoever_serves_its_server(post: Post, database: Database) -> None:
    production = await post.accept((await post.film()).id)  # in server 5, which is shard 0's
    await post.lifecycle.stop(production.id, OWNER)
    told = {text: await Outbox(database, Wake(), shards=Shards.parse(text)).due() for text in ("0/2", "1/2")}
    assert told == {"0/2": [production.id], "1/2": []}
