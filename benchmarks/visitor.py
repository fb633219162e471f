"""A person in front of Discord: asks for a film, presses Greenlight, waits for the film."""

from __future__ import annotations

import re
import time
from typing import Any

from benchmarks.stage import JourneyFailed
from sandbox.discord.people import Member
from sandbox.discord.reading import buttons_of, text_of
from sandbox.discord.world import DiscordWorld

#: Seconds for a plan and for a film before the measurement is given up; a busy machine may need most of it.
PLAN_WITHIN, FILM_WITHIN = 60.0, 300.0

_COUNTED = re.compile(r"^\*\*\d+\. ", re.MULTILINE)
_THREAD = re.compile(r"<#(\d+)>")


class Visitor:
    """Makes films, one after the other. Everything raises `JourneyFailed` or `TimeoutError` where one does not come."""

    def __init__(self, discord: DiscordWorld, member: Member) -> None:
        self._discord = discord
        self._member = member

    async def plan(self, idea: str, *, shots: int) -> int:
        """Ask for a film of so many shots; the id of its thread once its plan can be greenlit."""
        discord = self._discord
        words = f"{idea} in {shots} {'shots' if shots > 1 else 'shot'}"
        use = await discord.people.slash(self._member, discord.channel_id, "plan", {"idea": words})
        thread = int(await discord.wait_for(lambda: _thread_in(use.messages), within=PLAN_WITHIN))
        card = await discord.wait_for(lambda: self._greenlightable(thread), within=PLAN_WITHIN)
        planned = len(_COUNTED.findall(text_of(card)))
        if planned != shots:
            raise JourneyFailed(f"asked for {shots} shots, the plan has {planned}:\n{text_of(card)}")
        return thread

    async def greenlight(self, thread: int) -> float:
        """Press the button; Unix seconds of the press."""
        pressed_at = time.time()
        await self._discord.people.press(self._member, thread, label="Greenlight")
        return pressed_at

    async def film(self, thread: int) -> dict[str, Any]:
        """The message with the film."""
        return await self._discord.wait_for(lambda: self._film_in(thread), within=FILM_WITHIN)

    def _greenlightable(self, thread: int) -> dict[str, Any] | None:
        for message in self._discord.messages(thread):
            if any(button.get("label") == "Greenlight" for button in buttons_of(message)):
                return message
        return None

    def _film_in(self, thread: int) -> dict[str, Any] | None:
        messages = self._discord.messages(thread)
        for message in messages:
            if "is not finished" in text_of(message):
                raise JourneyFailed(f"no film: {text_of(message)}")
        return next((message for message in messages if message.get("attachments")), None)


def _thread_in(messages: list[dict[str, Any]]) -> str | None:
    found = (_THREAD.search(text_of(message)) for message in messages)
    return next((match[1] for match in found if match), None)
