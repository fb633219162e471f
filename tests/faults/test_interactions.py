"""Faults between a press and its answer: what was asked for happens once, told where that can be."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import discord
import pytest

from sandbox.discord.reading import text_of
from tests.bot.production import hurry
from tests.bot.waiting import until
from tests.faults.front import Front, front

Story = Callable[[Front], Awaitable[None]]
CALLBACK = r"/interactions/\d+/[^/]+/callback"
ANSWER = r"/webhooks/\d+/[^/]+/messages/@original"


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Story], None]:
    """Call as `tell(story)`: runs a story of a front that is connected, in a hurry."""

    async def whole(story: Story) -> None:
        async with front(tmp_path) as each, each.connected():
            await story(each)

    return lambda story: hurry.run(whole(story))


Tell = Callable[[Story], None]

STRIKES: dict[str, Callable[[Front], None]] = {
    "F15 the acknowledgement meets a 500": lambda front: front.world.faults.answer("POST", CALLBACK, status=500),
    "F16 the acknowledgement meets a 503": lambda front: front.world.faults.answer("POST", CALLBACK, status=503),
    "F17 the acknowledgement is taken and its answer lost": lambda front: front.world.faults.reset(
        "POST", CALLBACK, applied=True
    ),
    "F18 the acknowledgement hangs": lambda front: front.world.faults.hang_up("POST", CALLBACK, applied=True),
    "F20 the acknowledgement comes too late": lambda front: front.world.faults.answer(
        "POST", CALLBACK, status=404, code=10062
    ),
    "F21 F100 somebody else acknowledged": lambda front: front.world.faults.answer(
        "POST", CALLBACK, status=400, code=40060, applied=True
    ),
    "F22 the token is over before the answer": lambda front: front.world.faults.answer(
        "PATCH", ANSWER, status=401, code=50027
    ),
    "F23 the answer was dismissed": lambda front: front.world.faults.answer("PATCH", ANSWER, status=404, code=10008),
}
ALARM = "does another bot run with this token?"


@pytest.mark.parametrize("name", STRIKES)
def test_what_a_command_asked_for_happens_once_however_its_answer_fares(
    tell: Tell, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(front: Front) -> None:
        world = front.world
        STRIKES[name](front)
        await world.people.slash(world.mia, world.channel_id, "plan", {"idea": "a koi"})

        await front.until(lambda: world.threads(world.channel_id))
        await until(lambda: _planned(front), within=600.0, every=0.5)
        assert len(world.threads(world.channel_id)) == 1

    tell(story)
    assert not [record for record in caplog.records if record.exc_info and record.levelno >= logging.ERROR]
    assert (ALARM in caplog.text) is name.startswith("F21")


@pytest.mark.parametrize("name", STRIKES)
def test_a_press_decides_once_however_its_answer_fares(tell: Tell, name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story(front: Front) -> None:
        world = front.world
        film = await front.film()
        production = await front.counter.desk.greenlight(
            request_id="press", project_id=film.id, version=1, user_id=world.mia.id
        )
        card = await _button(front, f"gl1:cancel:{production.id}")
        STRIKES[name](front)
        await world.people.press(world.mia, world.channel_id, message_id=card, label="Cancel")

        async def is_over() -> bool:
            return (await front.counter.state(production)).value == "cancelled"

        await until(is_over, within=600.0, every=0.5)

    tell(story)
    assert not [record for record in caplog.records if record.exc_info and record.levelno >= logging.ERROR]


def test_f40_a_command_of_an_older_version_says_what_to_do(tell: Tell) -> None:
    async def story(front: Front) -> None:
        world = front.world
        front.client.tree.remove_command("plan")

        await world.people.slash(world.mia, world.channel_id, "plan", {"idea": "a koi"})

        (told,) = await front.until(lambda: world.ephemeral_messages(world.mia))
        assert "Reload Discord" in text_of(told)

    tell(story)


async def _button(front: Front, custom_id: str) -> int:
    """A message with a button, as a card has it."""
    view = discord.ui.View(timeout=None)
    button: discord.ui.Button[discord.ui.View] = discord.ui.Button(label="Cancel", custom_id=custom_id)
    view.add_item(button)
    view.stop()
    channel = front.client.get_partial_messageable(front.world.channel_id)
    return (await channel.send(view=view)).id


async def _planned(front: Front) -> bool:
    films = await front.counter.projects.unfinished()
    return [film.idea for film in films] == ["a koi"] and films[0].thread_id is not None
