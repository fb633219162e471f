"""Every name of SimCord's that it does not promise, used once: a new version that moves one fails here first."""

from __future__ import annotations

import importlib.metadata
import re
import time
from pathlib import Path

import discord
import pytest

from sandbox.discord.changes import Changes
from sandbox.discord.simulation import Simulation
from sandbox.discord.traffic import Refused


@pytest.fixture
async def simulation() -> Simulation:
    return Simulation(
        cdn_url="http://127.0.0.1:1",
        bot_name="Greenlight",
        guild_name="Studio",
        bot_permissions=discord.Permissions.all().value,
        upload_limit=lambda: 10,
        changes=Changes(),
    )


def test_the_version_is_the_one_this_was_written_against() -> None:
    assert importlib.metadata.version("simcord") == "3.2.1"


def test_one_module_imports_it() -> None:
    root = Path(__file__).parents[3]
    folders = ("bot", "providers", "ratelimit", "sandbox")
    sources = [source for folder in folders for source in (root / folder).rglob("*.py")]
    importers = [
        source.name for source in sources if re.search(r"^\s*(from|import) simcord", source.read_text(), re.MULTILINE)
    ]
    assert importers == ["simulation.py"]


async def test_ids_are_of_this_moment(simulation: Simulation) -> None:
    made_at = discord.utils.snowflake_time(simulation.backend.snowflake()).timestamp()
    assert abs(time.time() - made_at) < 60


async def test_an_unknown_route_is_refused_loudly_and_remembered(simulation: Simulation) -> None:
    with pytest.raises(Refused) as refusal:
        simulation.dispatch("GET", "/films")
    assert (refusal.value.status, len(simulation.gaps)) == (501, 1)


async def test_a_malformed_body_is_an_invalid_form(simulation: Simulation) -> None:
    channel = simulation.guild.create_text_channel("films")
    with pytest.raises(Refused) as refusal:
        simulation.dispatch("POST", f"/channels/{channel.id}/threads", body={"type": 11})
    assert refusal.value.body["code"] == 50035


async def test_guilds_are_described_with_the_bot_alone_where_members_are_not_asked_for(simulation: Simulation) -> None:
    seen = simulation.project("GUILD_CREATE", next(iter(simulation.guilds())), discord.Intents.default().value)
    assert seen is not None
    assert [member["user"]["username"] for member in seen["members"]] == ["Greenlight"]


async def test_events_without_their_intent_are_not_seen(simulation: Simulation) -> None:
    event = {"guild_id": str(simulation.guild.id), "user": {"id": "1"}}
    assert simulation.project("GUILD_MEMBER_ADD", event, discord.Intents.default().value) is None
