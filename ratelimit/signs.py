"""What the processes of one pool tell each other of those who wait: signs, kept in the store beside what was spent.

Each process has a queue of its own, in order. Between processes there would be none: the background work of one would
take what the chat of another waits for. So on each journey a process leaves a sign for every class of work that it
came for, and heeds those of the others:

- Whoever is less urgent than what came elsewhere lately is promised nothing ahead of time, only what is free now, and
  spaces itself (`ratelimit.pacing`).
- Of what more urgent ones wait for, it takes nothing that would delay them. The same holds for whoever has waited for
  two periods, and longer than it did: nothing starves, neither what is patient nor, among small requests, a large one.
- Equals share what comes free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ratelimit.fair_queue import PATIENT
from ratelimit.usage import Entry, Want


class Signs:
    """The signs of one pool, as one process finds them.

    Args:
        all_of_them: its own among them.
        memory: seconds after which a sign is forgotten.
        patience: seconds after which one who waits goes before all who wait for less long.
    """

    def __init__(
        self, all_of_them: Iterable[Entry], holder: str, now: float, *, memory: float, patience: float
    ) -> None:
        self._holder = holder
        self._now = now
        self._patience = patience
        kept = [replace(sign, at=min(sign.at, now)) for sign in all_of_them]  # a clock that was set back
        kept = [sign for sign in kept if is_waiting(sign, now) or now - sign.at < memory]
        self._own = {_class_of(sign): sign for sign in kept if sign.holder == holder}
        self.elsewhere = [sign for sign in kept if sign.holder != holder]

    def is_behind(self, want: Want) -> bool:
        """Whether more urgent work waits elsewhere; of work that can wait, whether such came lately."""
        return any(
            _class_of(sign) < want.priority
            and sign.account in want.accounts
            and (want.priority >= PATIENT or is_waiting(sign, self._now))
            for sign in self.elsewhere
        )

    def claims(self, want: Want) -> list[Entry]:
        """Those who wait for something that this must not delay."""
        since = self._since(want.priority)
        return [
            sign
            for sign in self.elsewhere
            if is_waiting(sign, self._now)
            and sign.account in want.accounts
            and (_class_of(sign) < want.priority or sign.at < min(since, self._now - self._patience))
        ]

    def _since(self, priority: int) -> float:
        """When this process began to wait for something of a class."""
        own = self._own.get(priority)
        return own.at if own is not None and is_waiting(own, self._now) else self._now

    def rivals(self, priority: int) -> list[Entry]:
        """Equals who went away with nothing last time."""
        return [sign for sign in self.elsewhere if is_waiting(sign, self._now) and _class_of(sign) == priority]

    def renewed(
        self, wants: Sequence[Want], served: Iterable[int], unmet: Mapping[int, tuple[Want, str]], until: float
    ) -> list[Entry]:
        """All signs after this journey.

        Args:
            wants: all that this process came for.
            served: the classes that got something.
            unmet: the first want of each class that got nothing it can wait for, and the account where it waits.
            until: when this process will have come again.
        """
        now = self._now
        own = {
            priority: replace(sign, at=now, requests=0, tokens=0, open_until=0.0) if is_waiting(sign, now) else sign
            for priority, sign in self._own.items()
        }
        for want in reversed(wants):  # the first of a class counts
            account = want.accounts[0] if want.accounts else ""
            own[want.priority] = _sign(self._holder, want, account, now)
        for priority, (want, account) in unmet.items():
            if priority not in served:
                before = self._own.get(priority)
                since = before.at if before is not None and is_waiting(before, now) else now
                own[priority] = replace(
                    _sign(self._holder, want, account, since),
                    requests=want.cost.requests,
                    tokens=want.cost.tokens,
                    open_until=until,
                )
        return [*self.elsewhere, *own.values()]


def is_waiting(sign: Entry, now: float) -> bool:
    return bool(sign.requests) and sign.open_until > now


def _class_of(sign: Entry) -> int:
    assert sign.priority is not None, "that is what makes an entry a sign"
    return sign.priority


def _sign(holder: str, want: Want, account: str, at: float) -> Entry:
    return Entry(
        id=f"sign-{int(want.priority)}-{holder}",
        holder=holder,
        account=account,
        model=want.model,
        requests=0,
        tokens=0,
        at=at,
        is_sent=True,
        open_until=0.0,
        priority=int(want.priority),
    )
