"""`/admin status`: whether it is well comes first, what to do about it next; it fits, whatever there is to tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.switches import ALL, Switches
from bot.speech import Language, speaking
from bot.status.finding import Finding, Severity
from bot.status.findings import findings
from bot.status.status import ClosedChannel, Paused, ServiceStatus, Status
from bot.studio.errors import NotOperator
from bot.ui.admin.status_card import CHART, status_view
from bot.ui.custom_ids import Action
from ratelimit import ApiKey, KeyHealth, Priority, Rejected
from tests.bot.status.bench import NOON
from tests.bot.status.well import DISCORD, GIB, NOBODY, WELL, key, service
from tests.bot.ui.admin.panel import MEMBER, OF_ALL, Panel, labels
from tests.bot.ui.test_cards import is_taken_by_discord, text


@pytest.fixture
def panel(database: Database, tmp_path: Path) -> Panel:
    return Panel(database, tmp_path)


def finding(severity: Severity, what: str = "A key is out.", remedy: str = "Renew it.") -> Finding:
    return Finding(name=what, severity=severity, what=what, remedy=remedy)


MONEY = WELL.money
assert MONEY is not None
OUT = key(health=KeyHealth.OUT, why="rejected")


def pictures(card: ui.LayoutView) -> list[str]:
    return [
        media.media.url for item in card.walk_children() if isinstance(item, ui.MediaGallery) for media in item.items
    ]


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ([], "🟢 All is well"),
        ([Severity.NOTE], "🟢 All is well"),
        ([Severity.WARNING], "🟡 It goes on, but 1 thing needs you"),
        ([Severity.CRITICAL, Severity.WARNING], "🔴 It is not well: 2 things need you"),
    ],
)
async def test_the_verdict_comes_first_and_each_finding_with_its_remedy(
    panel: Panel, severities: list[Severity], verdict: str
) -> None:
    status = await panel.bench.collector.collect()
    lines = text(status_view(status, [finding(severity) for severity in severities])).splitlines()

    assert lines[0] == f"## {verdict}"
    assert lines.count("↳ Renew it.") == len(severities)


BAD = {
    "a key ejected": (replace(WELL, services=(service(key(), OUT),)), "🟡", "/admin keys"),
    "every key dead": (replace(WELL, services=(service(OUT),)), "🔴", "/admin keys"),
    "the day's money gone": (
        replace(WELL, money=replace(MONEY, bot=replace(MONEY.bot, used_microusd=100_000_000))),
        "🔴",
        "/admin budget",
    ),
    "a slow database": (replace(WELL, database=replace(WELL.database, latency=0.9)), "🟡", "busy disk"),
    "a low disk": (replace(WELL, disk=replace(WELL.disk, free_bytes=3 * GIB)), "🟡", "Make room"),
    "an old line": (
        replace(WELL, films=replace(WELL.films, line=replace(NOBODY, waiting=1, oldest=9e3))),
        "🟡",
        "MAX_FILMS_AT_ONCE",
    ),
    "Discord refusing": (replace(WELL, discord=replace(DISCORD, refused=1_500)), "🟡", "See the log"),
    "Discord silent": (replace(WELL, discord=replace(DISCORD, silent_until=NOON + 60)), "🔴", "See the log"),
}


@pytest.mark.parametrize(("status", "verdict", "remedy"), BAD.values(), ids=BAD)
def test_a_bad_state_begins_with_a_verdict_and_says_what_to_do(status: Status, verdict: str, remedy: str) -> None:
    lines = text(status_view(status, findings(status))).splitlines()

    assert lines[0].startswith(f"## {verdict} ")
    assert "need" in lines[0]
    remedies = [line for line in lines if line.startswith("↳ ")]
    assert len(remedies) == len(findings(status))
    assert remedy in remedies[0]


def test_everything_ill_at_once_is_still_a_card_with_the_gravest_first() -> None:
    ill = replace(
        WELL,
        services=tuple(service(*[OUT] * 9, name=name) for name in ("runway", "gemini", "groq")),
        money=BAD["the day's money gone"][0].money,
        database=replace(WELL.database, latency=0.9),
        disk=replace(WELL.disk, free_bytes=GIB),
        discord=replace(DISCORD, silent_until=NOON + 60),
        films=replace(WELL.films, line=replace(NOBODY, waiting=1, oldest=9e3)),
    )
    card = status_view(ill, findings(ill))

    assert text(card).splitlines()[0].startswith("## 🔴 It is not well: ")
    assert text(card).splitlines()[2].startswith("🔴 ")
    assert is_taken_by_discord(card)


def test_a_bot_that_is_well_and_paused_says_both() -> None:
    paused = replace(WELL, paused=(Paused(name="all", by=1, reason="", at=NOON),))

    assert text(status_view(paused, findings(paused))).startswith("## ⏸️ All is well, and new films are paused")


async def test_the_chart_stands_in_the_card_and_its_words_where_it_cannot(panel: Panel) -> None:
    answer = await panel.status.card(OF_ALL)
    assert isinstance(answer.view, ui.LayoutView)
    assert answer.bare is not None
    assert (pictures(answer.view), pictures(answer.bare)) == ([f"attachment://{CHART}"], [])
    assert [(file.filename, file.description) for file in answer.files] == [(CHART, "Quiet.")]
    assert labels(answer.view) == ["Refresh", "Keys", "Queue", "Pause new films"]

    panel.charts.fails = True
    answer = await panel.status.card(OF_ALL)
    assert isinstance(answer.view, ui.LayoutView)
    assert not answer.files
    assert "could not be drawn" in text(answer.view)


async def test_pausing_from_the_card_is_seen_on_it_at_once(panel: Panel) -> None:
    await panel.status.card(OF_ALL)

    answer = await panel.status.press(OF_ALL, Action.OPPAUSE)
    assert isinstance(answer.view, ui.LayoutView)
    assert labels(answer.view)[-1] == "Go on"
    assert await Switches(panel.database, Wake()).paused() == {ALL}

    answer = await panel.status.press(OF_ALL, Action.OPRESUME)
    assert isinstance(answer.view, ui.LayoutView)
    assert labels(answer.view)[-1] == "Pause new films"


async def test_a_sick_key_is_named_with_what_to_do_and_goes_before_those_that_are_well(panel: Panel) -> None:
    pool = panel.bench.pools["runway"]
    sick = pool.view().keys[-1].id
    pool.report(Rejected(), key_id=sick)
    status = await panel.bench.collector.collect()

    keys = [line for line in text(status_view(status, [])).splitlines() if "`k" in line]
    assert keys[0].startswith("🔴 out")
    assert f"`{sick}`" in keys[0]
    assert "renew it there" in keys[0]


async def test_a_service_tells_how_many_of_its_orders_failed_in_the_last_day(panel: Panel) -> None:
    status = await panel.bench.collector.collect()
    (service, *others) = status.services
    asked = replace(service, calls={"done": 9, "failed": 2, "refused": 1, "unknown": 1, "submitted": 1})

    def said(first: ServiceStatus) -> str:
        return text(status_view(replace(status, services=(first, *others)), []))

    assert "**Runway** · 14 orders in the last 24 hours, 4 failed" in said(asked)
    assert "in the last 24 hours" not in said(replace(service, calls={}))


async def crowded(panel: Panel) -> Status:
    """Forty keys, a third of them ill, and as many closed channels."""
    pool = panel.bench.pools["runway"]
    for number in range(40):
        pool.add(ApiKey(f"runway-{number:08x}", "an-account-of-a-rather-long-name", "fake"))
        if number % 3 == 0:
            pool.report(Rejected(), key_id=f"runway-{number:08x}")
    status = await panel.bench.collector.collect_anew()
    closed = tuple(ClosedChannel(id=10**18 + n, until=2e9, because="NotAllowed:50013") for n in range(40))
    return replace(status, closed=closed)


async def test_it_fits_whatever_there_is_to_tell_and_the_ill_are_not_cut_off_first(panel: Panel) -> None:
    status = await crowded(panel)
    found = [finding(Severity.CRITICAL, f"Key {n} " + "is out " * 40, "Renew " * 40) for n in range(40)]
    card = status_view(status, found, chart="words " * 400)

    assert is_taken_by_discord(card)
    assert "and 3" in text(card)  # how many more
    health = [key.view.health for key in status.services[0].keys]
    assert health.count(KeyHealth.OUT) > 10
    assert "🟢" not in text(card).split("**Runway**")[1].split("no worse")[0]


def test_whoever_has_most_of_those_that_wait_is_named() -> None:
    line = replace(NOBODY, waiting=12, oldest=40.0, by_user=(("7", 9), ("voices", 3)))
    card = status_view(replace(WELL, waits={**WELL.waits, Priority.GENERATION: line}), [])

    assert "films at the services: 12 wait, the oldest for 40 s · most of them of <@7>: 9" in text(card)


def test_what_is_left_of_an_account_is_told_in_the_readers_language() -> None:
    status = replace(WELL, services=(service(key(left=12, unit="characters")),))
    with speaking(Language.GERMAN):
        card = text(status_view(status, findings(status)))

    assert "characters" not in card
    assert card.count("12 Zeichen") == 2


async def test_nobody_else_learns_how_it_stands(panel: Panel) -> None:
    with pytest.raises(NotOperator):
        await panel.status.card(MEMBER)
