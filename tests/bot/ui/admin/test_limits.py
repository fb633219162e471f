"""`/admin limits`: what holds and where it comes from, and a form that changes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.db import Database
from bot.settings import Amount, LimitSetting
from bot.speech import Language, speaking
from bot.studio.errors import LimitRefused
from bot.studio.limiter import Place
from bot.ui.admin.limits_card import place_ref
from bot.ui.admin.limits_form import limits_form, read_form
from bot.ui.admin.pieces import rate_words
from ratelimit import Allowance, DayLimit, Limit
from tests.bot.ui.admin.panel import OF_ALL, Panel
from tests.bot.ui.test_cards import is_taken_by_discord, text

GEMINI, RUNWAY = Place("gemini"), Place("runway", "a")


@pytest.fixture
def panel(database: Database, tmp_path: Path) -> Panel:
    return Panel(database, tmp_path)


async def test_all_accounts_are_shown_with_what_holds_where_it_comes_from_and_what_is_used(panel: Panel) -> None:
    pool = panel.bench.pools["runway"]
    async with pool.lease(user="ana", model="gen4.5"):
        page = await panel.limits.page(OF_ALL)

    said = text(page)
    assert "over all: 10 requests per min (assumed)" in said
    assert "each model: 2 open at once (assumed)" in said
    assert "used: 1 of 10 requests per min" in said
    assert is_taken_by_discord(page)


async def test_limits_are_told_in_the_readers_language(panel: Panel) -> None:
    await panel.limits.set(OF_ALL, place_ref(RUNWAY), requests="1500/day", tokens="", room="")
    with speaking(Language.GERMAN):
        page = text(await panel.limits.page(OF_ALL))

    assert "10 Anfragen je min (angenommen)" in page
    assert "request" not in page


def test_a_limit_tells_all_that_it_allows_and_where_its_days_begin() -> None:
    assert rate_words(Limit(1, 250_000)) == "1 request, 250000 tokens per min"
    assert rate_words(DayLimit(1_500, zone="America/Los_Angeles")) == "1500 requests per day (America/Los_Angeles)"


async def test_a_form_changes_the_pool_and_says_where_that_is_more_than_before(panel: Panel) -> None:
    changed = await panel.limits.set(OF_ALL, place_ref(RUNWAY), requests="60/min+500/day", tokens="", room="1")

    said = text(changed)
    assert "✅ It holds from now on: `60/min+500/day+room:1`." in said
    assert "⚠️ That is more than holds without it (10/min)." in said
    assert "**60 requests per min (set here)**" in said
    assert "set by <@" in said
    assert is_taken_by_discord(changed)
    limits = panel.bench.pools["runway"].view().keys[0].limits
    assert (limits.account.rates[0], limits.each_model.room) == (Limit(60), 1)


async def test_an_emptied_form_and_a_press_let_the_settings_hold_again(panel: Panel) -> None:
    ref = place_ref(RUNWAY)
    await panel.limits.set(OF_ALL, ref, requests="60/min", tokens="", room="")
    assert "✅ As the settings say." in text(await panel.limits.set(OF_ALL, ref, requests="", tokens="", room=""))

    await panel.limits.set(OF_ALL, ref, requests="60/min", tokens="", room="")
    assert "✅ As the settings say." in text(await panel.limits.undo(OF_ALL, ref))
    assert "Nothing was set here." in text(await panel.limits.undo(OF_ALL, ref))
    assert panel.bench.pools["runway"].view().keys[0].limits.account.rates == (Limit(10),)


async def test_a_model_and_every_account_can_be_chosen(panel: Panel) -> None:
    model = Place("runway", None, "gen4.5")

    said = text(await panel.limits.set(OF_ALL, place_ref(model), requests="3/min", tokens="", room="2"))

    assert "## 📏 Runway · every account" in said
    assert "`gen4.5`: **3 requests per min (set here)**" in said
    assert "`gen4.5`: `3/min`, set by" in said


async def test_what_is_no_limit_is_refused_with_how_it_is_written_and_changes_nothing(panel: Panel) -> None:
    with pytest.raises(LimitRefused, match="60/mn"):
        await panel.limits.set(OF_ALL, place_ref(RUNWAY), requests="60/mn", tokens="", room="")

    assert panel.bench.pools["runway"].view().keys[0].limits.account.rates == (Limit(10),)


async def test_an_account_that_is_gone_is_told_so(panel: Panel) -> None:
    with pytest.raises(LimitRefused, match="any more"):
        await panel.limits.open(OF_ALL, place_ref(Place("runway", "gone")))


@pytest.mark.parametrize("typed", ["60/min+1500/day", " 60requests/min, 1500/day ", "60/min 1500/day"])
def test_requests_are_read_however_they_are_separated(typed: str) -> None:
    assert read_form(RUNWAY, requests=typed, tokens="", room=" 4 ") == LimitSetting(
        account="a", amounts=(Amount(60, "requests", 60.0), Amount(1500, "requests", 86_400.0)), room=4
    )


def test_tokens_are_read_where_the_service_counts_them() -> None:
    assert read_form(GEMINI, requests="", tokens="250000/min", room="").amounts == (Amount(250_000, "tokens", 60.0),)
    assert read_form(RUNWAY, requests="", tokens="250000/min", room="") == LimitSetting(account="a")


@pytest.mark.parametrize(
    ("requests", "room", "words"),
    [
        ("many", "", "“many” can't be read"),
        ("60", "", "“60” can't be read"),
        ("60/min+0/day", "", "“0/day” allows nothing at all"),
        ("60/min+70/60s", "", "“60/min” and “70/min” limit the same stretch"),
        ("", "0", "“0” is no number"),
        ("", "-1", "“-1” is no number"),
        ("", "four", "from 1 to 9999"),
    ],
)
def test_each_fault_is_named(requests: str, room: str, words: str) -> None:
    with pytest.raises(LimitRefused) as refused:
        read_form(RUNWAY, requests=requests, tokens="", room=room)

    assert words in refused.value.reason


def test_the_form_shows_todays_values_and_that_the_services_own_limits_stay() -> None:
    now = Allowance(rates=(Limit(15, 250_000), DayLimit(900), Limit(5, period=30.0)), room=4)

    form = limits_form(GEMINI, now, "gl1:oplimitset:" + "0" * 32).to_dict()

    labels = form["components"]
    assert [label["component"].get("value") for label in labels] == ["15/min+900/day+5/30s", "250000/min", "4"]
    assert "Above what the service grants you, it still refuses" in labels[0]["description"]
    assert len(limits_form(RUNWAY, now, "gl1:oplimitset:" + "0" * 32).to_dict()["components"]) == 2
