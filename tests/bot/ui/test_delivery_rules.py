"""The whole table: what Discord, ffmpeg, the disk and the store may answer to an end, and what is done about it."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import aiohttp
import discord
import pytest

from bot.media.errors import CannotFit, FfmpegFailed, FfmpegUnusable
from bot.production.outbox import FIRST_PAUSE, LONGEST_PAUSE, pause_after
from bot.storage.errors import DiskFull, ObjectMissing, StoreMisconfigured, StoreUnavailable
from bot.ui.card_rules import Anew, CardStep, CardTried, Later, Settle, Unarchive, decide_card
from bot.ui.delivery_rules import (
    CLOSED_FOR,
    DM_CLOSED_FOR,
    FAULT_TRIES,
    FFMPEG_TRIES,
    GIVE_UP_AFTER,
    GONE_FOR,
    HOUR,
    LEAST_TRIES,
    LONGEST_WAIT,
    STORE_PATIENCE,
    AgainHere,
    Carry,
    Form,
    Keep,
    NextPlace,
    OpenThread,
    Plainer,
    Smaller,
    Step,
    Tried,
    decide,
    smaller_than,
    why,
)
from bot.ui.sending import DiscordFailed, once
from tests.bot.ui.test_sending import http, raises

FIRST, PLAIN, LINKED = Tried(), Tried(is_plain=True), Tried(form=Form.LINK)
SOON = AgainHere(FIRST_PAUSE)
ELSEWHERE = NextPlace(CLOSED_FOR)


def limited(seconds: object) -> discord.HTTPException:
    """A 429 that the library hands on: Cloudflare's, or one of many."""
    error = http(429)
    answer: Any = error.response
    answer.headers = {"Retry-After": str(seconds)}
    return error


async def named(error: Exception) -> Exception:
    """What the library raised, as `bot.ui.sending` names it."""
    try:
        await once(raises(error))
    except DiscordFailed as failed:
        return failed
    except Exception as other:  # noqa: BLE001  # handed on
        return other
    raise AssertionError


TABLE: list[tuple[Exception, Tried, Step]] = [
    # limits: as long as Discord says, and no longer than a day; what is everybody's stops everything
    (discord.RateLimited(136.0), FIRST, AgainHere(136.0)),
    (discord.RateLimited(3 * HOUR), FIRST, AgainHere(3 * HOUR)),
    (discord.RateLimited(1e9), FIRST, AgainHere(LONGEST_WAIT)),
    (limited(7200), FIRST, AgainHere(7200.0, for_all=True)),
    (limited(1), FIRST, AgainHere(LONGEST_PAUSE, for_all=True)),
    (limited("Mon, 30 Nov 2026 00:00:00 GMT"), FIRST, AgainHere(LONGEST_PAUSE, for_all=True)),
    (http(403, 40333), FIRST, AgainHere(LONGEST_PAUSE, for_all=True)),
    (http(401), FIRST, AgainHere(LONGEST_PAUSE, for_all=True)),
    (http(400, 20016), FIRST, SOON),
    (http(400, 20028), FIRST, SOON),
    (http(400, 20029), FIRST, SOON),
    (http(400, 40062), FIRST, SOON),
    (http(400, 40003), FIRST, SOON),
    (http(503, 130000), FIRST, SOON),
    # Discord is down, or its answer was lost: again here, where it is looked for first, ever more rarely
    (http(500), FIRST, SOON),
    (http(502), FIRST, SOON),
    (http(503), FIRST, SOON),
    (http(529), FIRST, SOON),
    (http(403), FIRST, SOON),
    (http(404), FIRST, SOON),
    (TimeoutError(), FIRST, SOON),
    (aiohttp.ClientOSError(104, "reset"), FIRST, SOON),
    (ConnectionResetError(104, "reset"), FIRST, SOON),
    (aiohttp.ServerDisconnectedError(), FIRST, SOON),
    (json.JSONDecodeError("half", "{", 1), FIRST, SOON),
    (http(503), Tried(tries=5), AgainHere(pause_after(5))),
    (http(503), Tried(tries=99), AgainHere(LONGEST_PAUSE)),
    (http(503), Tried(tries=500, age=GIVE_UP_AFTER), Keep()),
    (limited(7200), Tried(tries=LEAST_TRIES, age=GIVE_UP_AFTER), Keep()),
    (http(503), Tried(age=GIVE_UP_AFTER), SOON),  # we were away ourselves
    # too large
    (http(413), FIRST, Smaller()),
    (http(413, 40005), FIRST, Smaller()),
    (http(400, 50045), FIRST, Smaller()),
    (http(413), LINKED, NextPlace()),
    (http(400, 400001), FIRST, Carry(Form.LINK)),
    (http(400, 400001), LINKED, NextPlace()),
    # gone
    (http(404, 10003), FIRST, NextPlace(GONE_FOR)),
    (http(404, 10004), FIRST, NextPlace(GONE_FOR)),
    (http(404, 10008), FIRST, NextPlace(GONE_FOR)),
    (http(404, 10013), FIRST, NextPlace(GONE_FOR)),
    # closed to us
    (http(403, 50001), FIRST, ELSEWHERE),
    (http(403, 50013), FIRST, ELSEWHERE),
    (http(403, 50009), FIRST, ELSEWHERE),
    (http(400, 50008), FIRST, ELSEWHERE),
    (http(400, 50024), FIRST, ELSEWHERE),
    (http(400, 160005), FIRST, ELSEWHERE),
    (http(400, 160006), FIRST, ELSEWHERE),
    (http(400, 30007), FIRST, ELSEWHERE),
    (http(400, 30033), FIRST, ELSEWHERE),
    (http(400, 50083), FIRST, OpenThread()),
    (http(400, 50083), Tried(was_opened=True), ELSEWHERE),
    (http(403, 50007), FIRST, NextPlace(DM_CLOSED_FOR)),
    (http(403, 50278), FIRST, NextPlace(DM_CLOSED_FOR)),
    # refused words
    (http(400, 200000), FIRST, Plainer()),
    (http(400, 200001), FIRST, Plainer()),
    (http(400, 200000), PLAIN, NextPlace()),
    (http(400, 200001), PLAIN, NextPlace()),
    (http(400, 240000), FIRST, Plainer()),
    (http(400, 240000), Tried(is_plain=True, form=Form.LINK), Carry(Form.WORDS)),
    (http(400, 240000), Tried(is_plain=True, form=Form.WORDS), NextPlace()),
    (http(400, 20009), FIRST, NextPlace()),
    (http(400, 50035), FIRST, Plainer()),
    (http(400, 50006), FIRST, Plainer()),
    (http(400, 50035), PLAIN, NextPlace()),
    # our own rooms
    (CannotFit(max_bytes=1, duration=1.0), FIRST, Carry(Form.LINK)),
    (FfmpegUnusable("no ffmpeg"), FIRST, Carry(Form.LINK)),
    (FfmpegFailed(returncode=1, stderr=""), FIRST, SOON),
    (FfmpegFailed(returncode=1, stderr=""), Tried(tries=FFMPEG_TRIES), Carry(Form.LINK)),
    (StoreUnavailable("503"), FIRST, SOON),
    (StoreUnavailable("503"), Tried(age=STORE_PATIENCE, form=Form.LINK), Carry(Form.WORDS)),
    (StoreMisconfigured("AccessDenied"), LINKED, Carry(Form.WORDS)),
    (ObjectMissing("film"), FIRST, Carry(Form.WORDS)),
    (DiskFull(free=0, asked=1, reserve=1), FIRST, SOON),
    (ZeroDivisionError(), FIRST, SOON),
    (ZeroDivisionError(), Tried(tries=FAULT_TRIES), Keep()),
]


@pytest.mark.parametrize(("error", "tried", "step"), TABLE, ids=lambda each: repr(each)[:60])
async def test_an_answer_leads_to_a_step(error: Exception, tried: Tried, step: Step) -> None:
    assert decide(await named(error), tried) == step


@pytest.mark.parametrize("error", [error for error, _, _ in TABLE], ids=repr)
async def test_one_answer_for_ever_comes_to_an_end(error: Exception) -> None:
    """However often a place answers the same, it is left, or the end is kept; nothing goes round in a circle."""
    failure = await named(error)
    form, is_plain, was_opened, smaller = Form.FILE, False, False, 0
    for tries in range(1, 1000):
        step = decide(
            failure, Tried(tries=tries, age=600.0 * tries, form=form, is_plain=is_plain, was_opened=was_opened)
        )
        match step:
            case NextPlace() | Keep():
                return
            case Carry(better):
                assert better is not form
                form = better
                if not isinstance(failure, DiscordFailed):
                    return  # what carried it before is not asked again
            case Plainer():
                assert not is_plain
                is_plain = True
            case OpenThread():
                assert not was_opened
                was_opened = True
            case Smaller():
                smaller += 1
                form = form if smaller < 80 else Form.LINK  # nothing is left to fit
            case AgainHere(seconds):
                assert FIRST_PAUSE <= seconds <= LONGEST_WAIT
    pytest.fail("it never ends")


def test_what_was_too_large_is_made_a_little_smaller_in_few_steps() -> None:
    sizes = [9_000_000]
    while sizes[-1] > 300_000:  # ten seconds of film do not fit into less
        sizes.append(smaller_than(sizes[-1]))

    assert sizes[1] == 8 << 20
    assert all(0.75 < after / before < 1 for before, after in pairwise(sizes))
    assert len(sizes) < 20
    assert smaller_than(1) == 0
    assert smaller_than(500 << 20) == 100 << 20


async def test_why_is_told_by_class_and_code() -> None:
    assert why(await named(http(403, 50013))) == "NotAllowed:50013"
    assert why(ObjectMissing("film")) == "ObjectMissing"


CARDS: list[tuple[Exception, CardTried, CardStep]] = [
    (http(503), CardTried(), Later()),
    (discord.RateLimited(90.0), CardTried(), Later(90.0)),
    (http(400, 30046), CardTried(), Later()),
    (http(404, 10008), CardTried(), Anew()),
    (http(404, 10008), CardTried(was_lost=True), Settle()),
    (http(404, 10008), CardTried(is_final=True), Settle()),
    (http(404, 10003), CardTried(), Settle()),
    (http(404, 10004), CardTried(), Settle()),
    (http(400, 50083), CardTried(), Later()),
    (http(400, 50083), CardTried(is_final=True), Unarchive()),
    (http(400, 50083), CardTried(is_final=True, was_opened=True), Later()),
    (http(400, 50083), CardTried(is_final=True, age=GIVE_UP_AFTER), Settle()),
    (http(400, 160005), CardTried(), Later(CLOSED_FOR, for_channel=True)),
    (http(403, 50001), CardTried(), Later(CLOSED_FOR, for_channel=True)),
    (http(403, 50013), CardTried(), Later(CLOSED_FOR, for_channel=True)),
    (http(403, 50013), CardTried(age=GIVE_UP_AFTER), Settle()),
    (http(400, 50035), CardTried(), Settle()),
]


@pytest.mark.parametrize(("error", "tried", "step"), CARDS, ids=lambda each: repr(each)[:60])
async def test_an_answer_to_a_card_leads_to_a_step(error: Exception, tried: CardTried, step: CardStep) -> None:
    failure = await named(error)
    assert isinstance(failure, DiscordFailed)
    assert decide_card(failure, tried) == step
