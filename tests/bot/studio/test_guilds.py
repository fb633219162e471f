"""What a server's admins chose."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.db import Database
from bot.speech import Language
from bot.studio.guilds import (
    REMEMBERED,
    Adult,
    Guilds,
    GuildSettings,
    Location,
    Mentions,
    RoleRule,
    Share,
    from_json,
    to_json,
)

SERVER, EVERYBODY, VIP, CREW = 5, 5, 51, 52
CATEGORY, CHANNEL, THREAD = 1, 2, 3
HERE = Location(channel_id=THREAD, parent_id=CHANNEL, category_id=CATEGORY)

FULL = GuildSettings(
    allowed=frozenset({CHANNEL}),
    denied=frozenset({CATEGORY, 9}),
    roles=(RoleRule(role_id=VIP, weight=4.0, day_microusd=5_000_000, waiting=3),),
    log_channel_id=77,
    language=Language.GERMAN,
    spoiler_channels=frozenset({CHANNEL}),
    spoiler_roles=frozenset({CREW}),
    adult=Adult.RESTRICTED,
    approver_roles=frozenset({CREW}),
    mentions=Mentions.NOBODY,
    blocked_words=frozenset({"heron"}),
)


@pytest.mark.parametrize(
    ("allowed", "denied", "may"),
    [
        (set(), set(), True),
        (set(), {CHANNEL}, False),
        (set(), {CATEGORY}, False),
        ({CHANNEL}, {CATEGORY}, True),
        ({CATEGORY}, {CHANNEL}, False),
        ({THREAD}, {CHANNEL, CATEGORY}, True),
        ({CHANNEL}, {CHANNEL}, False),
        ({99}, set(), False),
        ({CATEGORY}, set(), True),
    ],
)
def test_the_nearest_rule_decides_where_the_bot_may_be_used(allowed: set[int], denied: set[int], may: bool) -> None:
    settings = GuildSettings(allowed=frozenset(allowed), denied=frozenset(denied))

    assert settings.allows(HERE) is may


def test_a_member_gets_the_best_of_each_of_their_roles() -> None:
    settings = GuildSettings(
        roles=(
            RoleRule(role_id=EVERYBODY, day_microusd=1_000_000, waiting=1),
            RoleRule(role_id=VIP, weight=4.0),
            RoleRule(role_id=CREW, weight=2.0, day_microusd=3_000_000),
        )
    )

    assert settings.share({EVERYBODY}) == Share(day_microusd=1_000_000, waiting=1)
    assert settings.share({EVERYBODY, VIP, CREW}) == Share(weight=4.0, day_microusd=3_000_000, waiting=1)
    assert settings.share(()) == Share()


def test_a_role_may_count_less_than_others() -> None:
    assert GuildSettings(roles=(RoleRule(role_id=VIP, weight=0.5),)).share({VIP}).weight == 0.5


def test_spoilers_go_by_channel_and_by_role() -> None:
    assert FULL.hides(HERE, ())
    assert FULL.hides(Location(channel_id=99), {CREW})
    assert not FULL.hides(Location(channel_id=99), {VIP})


def test_settings_come_back_as_they_were_written() -> None:
    assert from_json(to_json(FULL)) == FULL
    assert from_json(to_json(GuildSettings())) == GuildSettings()


def test_what_is_not_known_here_keeps_its_default() -> None:
    assert from_json('{"language": "tlh", "adult": "always", "mentions": "all", "colour": 3}') == GuildSettings()


async def test_a_server_nobody_set_up_and_a_direct_message_have_the_defaults(database: Database) -> None:
    guilds = Guilds(database)

    assert await guilds.of(SERVER) == GuildSettings()
    assert await guilds.of(None) == GuildSettings()


async def test_two_admins_at_once_lose_nothing_of_each_other(database: Database) -> None:
    guilds = Guilds(database)

    await asyncio.gather(
        guilds.change(SERVER, lambda old: replace(old, denied=frozenset({CHANNEL}))),
        guilds.change(SERVER, lambda old: replace(old, log_channel_id=77)),
        guilds.change(SERVER, lambda old: old.with_role(RoleRule(role_id=VIP, weight=2.0))),
    )

    assert await guilds.of(SERVER) == GuildSettings(
        denied=frozenset({CHANNEL}), log_channel_id=77, roles=(RoleRule(role_id=VIP, weight=2.0),)
    )


async def test_a_server_can_be_forgotten(database: Database) -> None:
    guilds = Guilds(database)
    await guilds.change(SERVER, lambda _: FULL)

    await guilds.forget(SERVER)

    assert await guilds.of(SERVER) == GuildSettings()


def test_a_role_has_one_rule() -> None:
    settings = GuildSettings().with_role(RoleRule(role_id=VIP)).with_role(RoleRule(role_id=VIP, weight=2.0))

    assert settings.roles == (RoleRule(role_id=VIP, weight=2.0),)
    assert settings.without_role(VIP).roles == ()


async def test_what_everybody_asks_at_every_press_is_read_now_and_then(database: Database) -> None:
    now = [1000.0]
    here, elsewhere = Guilds(database, clock=lambda: now[0]), Guilds(database)
    assert await here.lately(SERVER) == GuildSettings()

    await elsewhere.change(SERVER, lambda old: replace(old, log_channel_id=1))
    assert (await here.lately(SERVER)).log_channel_id is None
    now[0] += REMEMBERED
    assert (await here.lately(SERVER)).log_channel_id == 1

    await here.change(SERVER, lambda old: replace(old, log_channel_id=2))
    assert (await here.lately(SERVER)).log_channel_id == 2
    await here.forget(SERVER)
    assert await here.lately(SERVER) == GuildSettings()
    assert await here.lately(None) == GuildSettings()


async def test_somebody_whose_roles_nobody_told_has_the_strictest_rule(database: Database) -> None:
    guilds = Guilds(database)
    rules = (
        RoleRule(role_id=VIP, weight=4.0, day_microusd=3_000_000),
        RoleRule(role_id=CREW, day_microusd=1_000_000, waiting=2),
    )
    await guilds.change(SERVER, lambda _: GuildSettings(roles=rules))

    assert await guilds.share_of(SERVER, {SERVER, VIP}) == Share(weight=4.0, day_microusd=3_000_000)
    for elsewhere in (frozenset[int](), {SERVER + 1, VIP}):
        assert await guilds.share_of(SERVER, elsewhere) == Share(day_microusd=1_000_000, waiting=2)
    assert await guilds.share_of(None, ()) == Share()
