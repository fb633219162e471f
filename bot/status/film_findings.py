"""What is not well with the films: those that wait, fail or are paused, and their money."""

from __future__ import annotations

from collections.abc import Iterator

from bot.production.model import ProductionState
from bot.production.switches import ALL
from bot.settings.services import title_of
from bot.speech import counted, dollars, lasting, say
from bot.status.finding import ENOUGH, ERROR_SHARE, NEARLY, Finding, Severity
from bot.status.status import Status


def of_films(status: Status) -> Iterator[Finding]:
    films = status.films
    if films.line.oldest is not None and films.line.oldest > status.queue_promise:
        yield Finding(
            name="films waiting",
            severity=Severity.WARNING,
            what=say(
                "A film has waited {time} to begin, longer than the {promise} promised; {waiting} are in line.",
                time=lasting(films.line.oldest),
                promise=lasting(status.queue_promise),
                waiting=films.line.waiting,
            ),
            remedy=_remedy_of_line(status),
        )
    over, failed = sum(films.last_day.values()), films.last_day.get(ProductionState.FAILED, 0)
    if over >= ENOUGH and failed > ERROR_SHARE * over:
        yield Finding(
            name="films failing",
            severity=Severity.WARNING,
            what=say("{failed} of {over} films failed in the last 24 hours.", failed=failed, over=over),
            remedy=say("See their cards for why; a service that fails can be paused with /admin pause."),
        )
    if asking := films.now.get(ProductionState.ASKING, 0):
        yield Finding(
            name="films asking",
            severity=Severity.WARNING,
            what=counted(
                asking,
                "{number} film waits for somebody to approve its price.",
                "{number} films wait for somebody to approve their price.",
            ),
            remedy=say(
                "Approve or decline it on its card: /admin queue shows where. After three days it ends by itself."
            ),
        )
    if held := films.now.get(ProductionState.HELD, 0):
        yield Finding(
            name="films held",
            severity=Severity.NOTE,
            what=counted(held, "{number} film waits for its owner's decision.", "{number} films wait for a decision."),
            remedy=say("Nothing to do: their owners decide on the cards."),
        )
    if films.undelivered:
        yield Finding(
            name="films undelivered",
            severity=Severity.WARNING,
            what=counted(
                films.undelivered, "{number} film could not be posted.", "{number} films could not be posted."
            ),
            remedy=say("Give the bot its permissions back in those channels; it posts by itself then."),
        )


def _remedy_of_line(status: Status) -> str:
    """What the line stands for, as far as it can be seen from here."""
    if any(paused.name == ALL for paused in status.paused):
        return say("New films are paused: /admin resume lets them begin.")
    if paused := [title_of(each.name) for each in status.paused]:
        return say("{service} is paused, and films that need it hold the places: /admin resume.", service=paused[0])
    if status.disk.free_bytes < status.disk.reserve_bytes:
        return say("The disk is full, so films wait: make room.")
    if dead := next((service.name for service in status.services if not service.can_serve), None):
        return say("{service} has no key that works, and films that need it hold the places.", service=title_of(dead))
    return say("Add keys of other accounts, or raise MAX_FILMS_AT_ONCE; QUEUE_PROMISE_MINUTES says when you are told.")


def of_money(status: Status) -> Iterator[Finding]:
    if status.money is None or not status.money.bot.cap_microusd:
        return
    bot = status.money.bot
    cap, used = status.money.bot.cap_microusd, bot.used_microusd
    facts = {"used": dollars(used), "cap": dollars(cap)}
    if used >= cap:
        yield Finding(
            name="money gone",
            severity=Severity.CRITICAL,
            what=say("Today's {cap} are spent; nothing is ordered before midnight UTC.", **facts),
            remedy=say("Wait for midnight UTC, or raise the day's cap with /admin budget."),
        )
    elif used >= NEARLY * cap:
        yield Finding(
            name="money low",
            severity=Severity.WARNING,
            what=say("{used} of today's {cap} are spent.", **facts),
            remedy=say("Raise the day's cap with /admin budget if that is well; else see who spends it."),
        )


def of_pauses(status: Status) -> Iterator[Finding]:
    for paused in status.paused:
        what = say("New films are paused.")
        if paused.name != ALL:
            what = say("{name} is paused: nothing is ordered there.", name=title_of(paused.name))
        yield Finding(
            name=f"paused {paused.name}",
            severity=Severity.NOTE,
            what=what,
            remedy=say("/admin resume lets it go on."),
        )
