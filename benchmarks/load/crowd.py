"""Many people at once: each acts without waiting for the others, and the bot's first answers are timed."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from sandbox.discord.people import Member, Use
from sandbox.discord.traffic import LoggedRequest
from sandbox.discord.world import DiscordWorld

#: Seconds a person waits at most; Discord says "did not respond" and forgets the interaction (10062).
PATIENCE = 3.0
#: Seconds after the last act until an answer that has not come counts as none.
LINGER = 10.0
#: A first answer that is words at once, where ours otherwise say "thinking…" (Discord's interaction callback types).
_MESSAGE = 4
_CALLBACK = re.compile(r"/interactions/\d+/([^/]+)/callback")

Act = Callable[[Member, int], Awaitable[Use]]


@dataclass(slots=True)
class Answers:
    """When who acted, and when the bot's first answer reached Discord, in Unix seconds, by the interaction's token."""

    asked_at: dict[str, float] = field(default_factory=dict)
    answered_at: dict[str, float] = field(default_factory=dict)
    turned_away: int = 0
    requests: int = 0
    limited: int = 0

    def read(self, requests: Sequence[LoggedRequest]) -> None:
        """Take note of what the bot sent."""
        for request in requests:
            self.requests += 1
            self.limited += request.status == 429
            found = _CALLBACK.fullmatch(request.path)
            if found is not None:
                self.answered_at.setdefault(found[1], request.at)
                self.turned_away += isinstance(request.body, dict) and request.body.get("type") == _MESSAGE

    @property
    def waits(self) -> list[float]:
        """Seconds from each act to its answer, shortest first."""
        return sorted(self.answered_at[token] - at for token, at in self.asked_at.items() if token in self.answered_at)

    @property
    def too_late(self) -> int:
        """Interactions that Discord would have given up: answered after three seconds, or never."""
        return len(self.asked_at) - sum(wait <= PATIENCE for wait in self.waits)


def share(ordered: Sequence[float], part: float) -> float:
    """The value that this part of all is not above; 0 for none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


class Crowd:
    """People in the sandbox's guild."""

    def __init__(self, discord: DiscordWorld, people: int) -> None:
        self._discord = discord
        discord.people.hurried = True  # whoever waits for an answer is woken by each of the others'
        self.members = [discord.people.join(f"Guest {number}") for number in range(people)]

    async def act(self, act: Act, *, rate: float, seconds: float) -> Answers:
        """So many acts a second, at random moments as people do, one person after the other."""
        answers, clock = Answers(), asyncio.get_running_loop().time
        self._discord.requests.clear()
        until = clock() + seconds
        due = clock()
        number = 0
        async with asyncio.TaskGroup() as group:
            while due < until:
                if (pause := due - clock()) > 0:
                    await asyncio.sleep(pause)
                group.create_task(self._one(answers, act, number))
                number += 1
                due += random.expovariate(rate)  # a crowd, not a secret
                if not number % 1000:
                    self._read(answers)
            await self._linger(answers)
        return answers

    async def _one(self, answers: Answers, act: Act, number: int) -> None:
        at = time.time()
        use = await act(self.members[number % len(self.members)], number)
        answers.asked_at[use.token] = at

    async def _linger(self, answers: Answers) -> None:
        gives_up_at = time.monotonic() + LINGER
        while time.monotonic() < gives_up_at:
            await asyncio.sleep(0.05)
            self._read(answers)
            if len(answers.answered_at) >= len(answers.asked_at):
                return

    def _read(self, answers: Answers) -> None:
        """What was answered is taken out of the log: a crowd asks for more than memory should hold."""
        requests = self._discord.requests
        done = [request for request in requests if request.status is not None]
        if len(done) == len(requests):
            requests.clear()
        else:
            requests[:] = [request for request in requests if request.status is None]
        answers.read(done)
