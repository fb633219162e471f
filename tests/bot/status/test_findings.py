"""A bot that is well has nothing to tell; each thing that is not is told once, with what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.production.model import ProductionState
from bot.speech import Language, speaking
from bot.status.finding import Severity
from bot.status.findings import findings
from bot.status.status import ClosedChannel, DatabaseStatus, Ending, Paused, Status
from ratelimit import DayLimit, KeyHealth, Priority, Usage
from tests.bot.status.bench import NOON
from tests.bot.status.well import DISCORD, GIB, HERE, NOBODY, WELL, key, service

FILMS, MONEY = WELL.films, WELL.money
assert MONEY is not None
OUT = key(health=KeyHealth.OUT, why="rejected")
RESTING = key(health=KeyHealth.COOLING, until=NOON + 90, why="throttled")
PAUSED = key(health=KeyHealth.PAUSED)
ENDING = Ending(provider="runway", model="gen4", day="2026-12-01", days_left=2, successor="gen5", is_price=False)


def test_a_bot_that_is_well_has_nothing_to_tell() -> None:
    assert findings(WELL) == []


@pytest.mark.parametrize(
    ("status", "name", "severity"),
    [
        (
            replace(WELL, database=DatabaseStatus(kind="SQLite", latency=None, bytes=1, waiting=0, error="Away")),
            "database away",
            Severity.CRITICAL,
        ),
        (replace(WELL, database=replace(WELL.database, latency=0.9)), "database slow", Severity.WARNING),
        (replace(WELL, discord=replace(DISCORD, is_connected=False)), "discord away", Severity.CRITICAL),
        (replace(WELL, discord=replace(DISCORD, silent_until=NOON + 60)), "discord silent", Severity.CRITICAL),
        (replace(WELL, discord=replace(DISCORD, refused=1_500)), "discord refusing", Severity.WARNING),
        (replace(WELL, discord=replace(DISCORD, sessions_left=9)), "discord sessions", Severity.WARNING),
        (replace(WELL, services=(service(key(), OUT),)), "key out runway-1a2b3c4d", Severity.WARNING),
        (replace(WELL, services=(service(RESTING),)), "service resting runway", Severity.WARNING),
        (replace(WELL, services=(service(PAUSED),)), "service withheld runway", Severity.WARNING),
        (replace(WELL, services=(service(),)), "service withheld runway", Severity.CRITICAL),
        (
            replace(
                WELL,
                services=(service(key(refused=9)),),
            ),
            "key failing runway-1a2b3c4d",
            Severity.WARNING,
        ),
        (replace(WELL, services=(service(key(left=10, unit="credits")),)), "credit studio", Severity.WARNING),
        (
            replace(WELL, services=(service(key(usage=(Usage(DayLimit(requests=100), 90, 0),))),)),
            "day studio",
            Severity.NOTE,
        ),
        (
            replace(WELL, waits={**WELL.waits, Priority.HIGH: replace(NOBODY, waiting=2, oldest=120.0)}),
            "waiting high",
            Severity.WARNING,
        ),
        (replace(WELL, films=replace(FILMS, line=replace(NOBODY, oldest=9e3))), "films waiting", Severity.WARNING),
        (
            replace(WELL, films=replace(FILMS, last_day={ProductionState.DONE: 8, ProductionState.FAILED: 4})),
            "films failing",
            Severity.WARNING,
        ),
        (replace(WELL, films=replace(FILMS, now={ProductionState.HELD: 1})), "films held", Severity.NOTE),
        (replace(WELL, films=replace(FILMS, now={ProductionState.ASKING: 1})), "films asking", Severity.WARNING),
        (replace(WELL, films=replace(FILMS, undelivered=2)), "films undelivered", Severity.WARNING),
        (
            replace(WELL, money=replace(MONEY, bot=replace(MONEY.bot, used_microusd=100_000_000))),
            "money gone",
            Severity.CRITICAL,
        ),
        (
            replace(WELL, money=replace(MONEY, bot=replace(MONEY.bot, used_microusd=85_000_000))),
            "money low",
            Severity.WARNING,
        ),
        (replace(WELL, disk=replace(WELL.disk, free_bytes=GIB)), "disk full", Severity.CRITICAL),
        (replace(WELL, disk=replace(WELL.disk, free_bytes=3 * GIB)), "disk low", Severity.WARNING),
        (replace(WELL, backups=replace(WELL.backups, made_at=NOON - 3e5)), "backup old", Severity.WARNING),
        (replace(WELL, processes=(replace(HERE, role="gateway"),)), "no worker", Severity.CRITICAL),
        (
            replace(WELL, processes=(HERE, replace(HERE, name="b", is_here=False, version="0.2.0"))),
            "versions differ",
            Severity.WARNING,
        ),
        (replace(WELL, processes=(replace(HERE, loop_late=0.6),)), "loop late here", Severity.WARNING),
        (
            replace(WELL, closed=(ClosedChannel(id=1, until=NOON, because="NotAllowed"),)),
            "channels closed",
            Severity.NOTE,
        ),
        (replace(WELL, paused=(Paused(name="all", by=1, reason="", at=NOON),)), "paused all", Severity.NOTE),
        (replace(WELL, endings=(ENDING,)), "model gen4", Severity.WARNING),
        (replace(WELL, endings=(replace(ENDING, days_left=20),)), "model gen4", Severity.NOTE),
        (replace(WELL, endings=(replace(ENDING, is_price=True),)), "price gen4", Severity.WARNING),
    ],
)
def test_each_thing_that_is_not_well_is_told_once(status: Status, name: str, severity: Severity) -> None:
    (finding,) = findings(status)

    assert (finding.name, finding.severity) == (name, severity)
    assert finding.what.endswith(".")
    assert finding.remedy.endswith((".", "?"))


def test_a_service_without_a_working_key_is_graver_than_the_key_and_comes_first() -> None:
    assert [each.name for each in findings(replace(WELL, services=(service(OUT),)))] == [
        "service out runway",
        "key out runway-1a2b3c4d",
    ]


def test_a_bot_that_has_just_started_may_still_connect() -> None:
    fresh = replace(WELL, started_at=NOON - 20, discord=replace(DISCORD, is_connected=False))
    assert findings(fresh) == []


def test_a_worker_knows_nothing_of_discord_and_a_gateway_with_workers_is_well() -> None:
    gateway, worker = replace(HERE, role="gateway"), replace(HERE, name="w", role="worker", is_here=False)
    assert findings(replace(WELL, discord=None, processes=(gateway, worker))) == []


def test_where_nothing_is_backed_up_no_backup_is_missed() -> None:
    assert findings(replace(WELL, backups=replace(WELL.backups, made_at=None, every=None))) == []


def test_a_spent_cap_names_the_command_that_raises_it_and_speaks_the_readers_language() -> None:
    assert MONEY is not None
    spent = replace(WELL, money=replace(MONEY, bot=replace(MONEY.bot, used_microusd=100_000_000)))

    (gone,) = findings(spent)
    with speaking(Language.GERMAN):
        (weg,) = findings(spent)

    assert "/admin budget" in gone.remedy
    assert "$100.00" in gone.what
    assert "100,00\xa0$" in weg.what


LATE = replace(WELL, films=replace(FILMS, line=replace(NOBODY, waiting=3, oldest=2_000.0)))
STOPPED = Paused(name="all", by=1, reason="", at=NOON)


def test_a_film_is_late_by_the_promise_that_the_operator_gave() -> None:
    assert findings(LATE) == []

    (late,) = findings(replace(LATE, queue_promise=1_800.0))

    assert late.what == "A film has waited 33 min to begin, longer than the 30 min promised; 3 are in line."
    assert "MAX_FILMS_AT_ONCE" in late.remedy


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (replace(LATE, paused=(STOPPED,)), "New films are paused: /admin resume"),
        (replace(LATE, paused=(replace(STOPPED, name="runway"),)), "Runway is paused"),
        (replace(LATE, disk=replace(WELL.disk, free_bytes=GIB)), "The disk is full"),
        (replace(LATE, services=(service(OUT),)), "Runway has no key that works"),
    ],
)
def test_what_the_line_stands_for_is_what_its_remedy_names(status: Status, remedy: str) -> None:
    [late] = [each for each in findings(replace(status, queue_promise=60.0)) if each.name == "films waiting"]

    assert late.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("why", "what", "remedy"),
    [("rejected", "the service rejects it", "Renew it"), ("exhausted", "its quota or credit is used up", "Top it up")],
)
def test_a_key_that_is_out_says_why_and_what_to_do_about_that(why: str, what: str, remedy: str) -> None:
    (found,) = findings(replace(WELL, services=(service(key(), key(health=KeyHealth.OUT, why=why)),)))

    assert found.what.endswith(f"{what}.")
    assert found.remedy.startswith(remedy)
