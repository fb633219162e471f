"""What the processes of one pool tell each other of those who wait: signs, kept in the store beside what was spent.

Each process has a queue of its own, in order. Between processes there would be none: the background work of one would
take what the chat of another waits for. So on each journey a process leaves signs, and heeds those of the others:

- that somebody of a class came: patient work elsewhere is then promised nothing ahead of time, only what is free now,
  and is spaced (`ratelimit.pacing`);
- for what its first one waits on an account: nothing is taken elsewhere that would delay it by whoever is behind it in
  the line of processes. There whoever has waited for two periods stands first, and before that the more urgent class.
  So nothing starves, neither patient work nor, among small requests, a large one. Equals share what comes free.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from ratelimit.fair_queue import PATIENT
from ratelimit.usage import Entry, Want

MEMORY = 2.0
"""Periods for which an urgent request makes it likely that another one follows: people talk in bouts."""

LONGEST_RHYTHM = 300.0
"""Seconds. Limits over longer periods are budgets, not rhythms: spacing by the day would make a background job wait
for an hour though nobody else is there."""


class Signs:
    """The signs of one pool, as one process finds them.

    Args:
        all_of_them: its own among them.
        memory: seconds after which it is forgotten that somebody came.
        patience: seconds after which one who waits goes before all who have waited for less long.

    Attributes:
        elsewhere: those of other processes.
    """

    def __init__(
        self, all_of_them: Iterable[Entry], holder: str, now: float, *, memory: float, patience: float
    ) -> None:
        self._holder = holder
        self._now = now
        self._patience = patience
        known = [replace(sign, at=min(sign.at, now)) for sign in all_of_them]  # a clock that was set back
        known = [sign for sign in known if sign.open_until > now or (not sign.requests and now - sign.at < memory)]
        self._own = {sign.id: sign for sign in known if sign.holder == holder}
        self.elsewhere = [sign for sign in known if sign.holder != holder]
        self._waiting = [sign for sign in self.elsewhere if sign.requests]

    def is_behind(self, priority: int, accounts: Collection[str]) -> bool:
        """Whether more urgent work waits elsewhere; of work that can wait, whether such came lately."""
        if priority >= PATIENT and any(_class_of(sign) < priority for sign in self.elsewhere):
            return True
        return any(_class_of(sign) < priority and sign.account in accounts for sign in self._waiting)

    def before(self, priority: int, accounts: Iterable[str], passed: Collection[str]) -> list[Entry]:
        """Those who wait for something that a want must not delay.

        Args:
            priority: of the want, or of a more urgent one behind it.
            accounts: those of the want.
            passed: of these, others of this process stand before it.
        """
        places = {
            account: (priority, 0.0) if account in passed else self._place(priority, self._since(account))
            for account in accounts
        }
        return [
            sign
            for sign in self._waiting
            if sign.account in places and self._place(_class_of(sign), sign.at) < places[sign.account]
        ]

    def _place(self, priority: int, since: float) -> tuple[int, float]:
        """In the line of processes: it is one line, so that no two of them ever wait for each other."""
        return (-1, since) if since < self._now - self._patience else (priority, 0.0)

    def _since(self, account: str) -> float:
        """When this process began to wait on an account; now, if it does not."""
        own = self._own.get(self._name(account))
        return self._now if own is None else own.at

    def rivals(self, priority: int) -> list[Entry]:
        """Equals elsewhere who wait."""
        return [sign for sign in self._waiting if _class_of(sign) == priority]

    def renewed(self, wants: Iterable[Want], waiting: Mapping[str, tuple[int, Want]], until: float) -> list[Entry]:
        """All signs after this journey.

        Args:
            wants: all that this process came for.
            waiting: on each account the first for whom there was nothing, and the class that it counts for.
            until: when this process will have come again.
        """
        own = {sign.id: sign for sign in self._own.values() if not sign.requests}
        for want in wants:
            came = self._sign(f"sign-{int(want.priority)}-{self._holder}", int(want.priority), "", want, self._now)
            own[came.id] = came
        for account, (priority, want) in waiting.items():
            sign = self._sign(self._name(account), int(priority), account, want, self._since(account))
            own[sign.id] = replace(sign, requests=want.cost.requests, tokens=want.cost.tokens, open_until=until)
        return [*self.elsewhere, *own.values()]

    def _name(self, account: str) -> str:
        return f"sign-{self._holder}-{account}"

    def _sign(self, id_: str, priority: int, account: str, want: Want, at: float) -> Entry:
        return Entry(
            id=id_,
            holder=self._holder,
            account=account,
            model=want.model,
            requests=0,
            tokens=0,
            at=at,
            is_sent=True,
            open_until=0.0,
            priority=priority,
        )


def _class_of(sign: Entry) -> int:
    assert sign.priority is not None, "that is what makes an entry a sign"
    return sign.priority
