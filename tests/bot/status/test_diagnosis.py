"""Why can't somebody use the bot somewhere?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.status.diagnosis import Facts, Service, diagnose
from bot.studio.budget import Spending
from bot.studio.guilds import GuildSettings, Location
from ratelimit import KeyHealth

DAY = Spending(used_microusd=5, held_microusd=0, cap_microusd=10, resets_at=86_400.0)
WELL = Facts(
    command="plan",
    is_known=True,
    is_work=True,
    may_see=True,
    hears=True,
    lacking=(),
    settings=GuildSettings(),
    place=Location(channel_id=6),
    is_server_blocked=False,
    block="",
    asks_age=False,
    waiting=0,
    waiting_at_most=10,
    spendings=[("What they may spend today", DAY)],
    is_all_paused=False,
    services=[Service(name="runway", health=[KeyHealth.HEALTHY, KeyHealth.OUT], is_paused=False)],
    can_plan=True,
    models=3,
)


def failed(facts: Facts) -> list[str]:
    return [line.what for line in diagnose(facts) if not line.passed]


def test_where_nothing_is_in_the_way_every_line_says_so() -> None:
    assert failed(WELL) == []
    assert len(diagnose(WELL)) >= 9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"is_known": False}, "There is no command"),
        ({"may_see": False}, "Discord does not show them"),
        ({"lacking": ("Attach Files",)}, "I lack permissions there: Attach Files"),
        ({"hears": False}, "I only hear mentions"),
        ({"is_server_blocked": True}, "The operator does nothing in this server"),
        ({"settings": GuildSettings(denied=frozenset({6}))}, "does not have me in this channel"),
        ({"block": "everywhere"}, "They are blocked everywhere"),
        ({"block": "here"}, "They are blocked in this server"),
        ({"asks_age": True}, "old enough"),
        ({"waiting": 2, "waiting_at_most": 2}, "2 films of theirs wait"),
        ({"spendings": [("What they may spend today", replace(DAY, used_microusd=10))]}, "is used up"),
        ({"is_all_paused": True}, "paused the line"),
        ({"services": [Service(name="runway", health=[KeyHealth.HEALTHY], is_paused=True)]}, "runway is paused"),
        ({"services": [Service(name="runway", health=[KeyHealth.OUT], is_paused=False)]}, "None of the keys of runway"),
        ({"can_plan": False}, "No language model"),
        ({"models": 0}, "No video model"),
    ],
)
def test_each_thing_in_the_way_is_one_line_with_its_remedy(change: dict[str, Any], words: str) -> None:
    [line] = [line for line in diagnose(replace(WELL, **change)) if not line.passed]

    assert words in line.what
    assert line.remedy


def test_rules_are_not_asked_about_what_is_a_persons_own() -> None:
    facts = replace(WELL, command="films", is_work=False, block="everywhere", models=0)

    assert failed(facts) == []
