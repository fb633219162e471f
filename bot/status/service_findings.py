"""What is not well with the services: their keys, their models, and who waits for them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.settings.services import title_of
from bot.speech import lasting, later, say
from bot.status.finding import ENOUGH, ERROR_SHARE, NEARLY, Finding, Severity
from bot.status.status import KeyStatus, ServiceStatus, Status
from ratelimit import KeyHealth, Priority

#: What is left of credits (cents) or characters when the operator is warned: about one film, and a few lines.
LOW = {"credits": 500, "characters": 2_000}
_UNITS = {"credits": later("credits"), "characters": later("characters")}
#: Seconds that somebody may wait for an answer: an analysis, a chat.
ANSWER_WITHIN = 60.0
#: Days before a model's end in which it is urgent.
URGENT_DAYS = 7


def unit_words(unit: str) -> str:
    """What a service counts an account's means in."""
    return say(_UNITS[unit]) if unit in _UNITS else unit


def of_service(service: ServiceStatus, now: float) -> Iterator[Finding]:
    healths, title = [key.view.health for key in service.keys], title_of(service.name)
    if all(health in {KeyHealth.PAUSED, KeyHealth.RETIRED} for health in healths):
        yield Finding(
            name=f"service withheld {service.name}",
            # Who waits for a paused key waits on; without any key, what is asked fails.
            severity=Severity.WARNING if KeyHealth.PAUSED in healths else Severity.CRITICAL,
            what=say(
                "Every key of {service} is paused or retired, so nothing is ordered there.",
                service=title,
            ),
            remedy=say("Resume one with /admin keys, or add one."),
        )
    elif all(health is KeyHealth.OUT for health in healths):
        yield Finding(
            name=f"service out {service.name}",
            severity=Severity.CRITICAL,
            what=say("No key of {service} works, so nothing is ordered there.", service=title),
            remedy=say("Give it a key that works, or credit; /admin keys tests each."),
        )
    elif not any(health in {KeyHealth.HEALTHY, KeyHealth.PROBING} for health in healths):
        back = min((key.view.until for key in service.keys if key.view.until is not None), default=now)
        yield Finding(
            name=f"service resting {service.name}",
            severity=Severity.WARNING,
            what=say(
                "Every key of {service} rests; the first is asked again in {time}.",
                service=title,
                time=lasting(back - now),
            ),
            remedy=say("Wait; if it goes on, lower its limits with /admin limits, or add a key of another account."),
        )
    for key in service.keys:
        yield from _of_key(key, service)


def _of_key(key: KeyStatus, service: ServiceStatus) -> Iterator[Finding]:
    view, title = key.view, title_of(service.name)
    if view.health is KeyHealth.OUT:
        yield Finding(
            name=f"key out {view.id}",
            severity=Severity.WARNING,
            what=say("Key {key} is out: {why}.", key=view.id, why=_why(view.why)),
            remedy=_remedy_of_key(view.why),
        )
    elif key.error_rate is not None and key.asked >= ENOUGH and key.error_rate > ERROR_SHARE:
        yield Finding(
            name=f"key failing {view.id}",
            severity=Severity.WARNING,
            what=say(
                "{share} % of the requests with key {key} failed in the last hour.",
                share=round(100 * key.error_rate),
                key=view.id,
            ),
            remedy=say("See the log for what {service} answers; /admin keys pauses it.", service=title),
        )
    if key.left is not None and key.left < LOW.get(key.unit, 0):
        yield Finding(
            name=f"credit {view.account}",
            severity=Severity.WARNING,
            what=say(
                "Account {account} has {left} {unit} left.",
                account=view.account,
                left=key.left,
                unit=unit_words(key.unit),
            ),
            remedy=say("Buy more at {service} before films fail.", service=title),
        )
    for usage in view.usage:
        for used, most in ((usage.requests, usage.limit.requests), (usage.tokens, usage.limit.tokens)):
            if most and usage.limit.period >= 86_400 and used >= NEARLY * most:
                yield Finding(
                    name=f"day {view.account} {usage.model or ''}".strip(),
                    severity=Severity.NOTE,
                    what=say(
                        "Account {account} has used {used} of {most} for its day.",
                        account=view.account,
                        used=used,
                        most=most,
                    ),
                    remedy=say("Add a key of another account if its day is often too short."),
                )


def _why(why: str) -> str:
    """What a service had against a key."""
    match why:
        case "rejected":
            return say("the service rejects it")
        case "exhausted":
            return say("its quota or credit is used up")
        case _:
            return why


def _remedy_of_key(why: str) -> str:
    match why:
        case "rejected":
            return say("Renew it at the service, add the new one with /admin keys, and retire this one there.")
        case "exhausted":
            return say("Top it up at the service, or add a key of another account with /admin keys.")
        case _:
            return say("Test it with /admin keys; replace a key that is rejected, pay for one that is used up.")


def of_waits(status: Status) -> Iterator[Finding]:
    for priority in (Priority.HIGH, Priority.MEDIUM):
        line = status.waits[priority]
        if line.oldest is not None and line.oldest > ANSWER_WITHIN:
            yield Finding(
                name=f"waiting {priority.name.lower()}",
                severity=Severity.WARNING,
                what=say(
                    "Somebody has waited {time} for an answer; {waiting} wait in this class.",
                    time=lasting(line.oldest),
                    waiting=line.waiting,
                ),
                remedy=say(
                    "Add a key for a language model, or raise its limits with /admin limits if the service grants more."
                ),
            )


def of_models(status: Status) -> Iterator[Finding]:
    for ending in status.endings:
        facts = {"model": ending.model, "day": ending.day, "successor": ending.successor or "-"}
        if ending.is_price:
            what = say("The price of {model} is known through {day} only.", **facts)
            remedy = say("Update the bot, or look the price up.")
        else:
            what = say("{model} is switched off after {day}.", **facts)
            remedy = say("Plans change to {successor} by themselves; update the bot.", **facts)
            if ending.successor is None:
                remedy = say("Plans that use it must change; update the bot.")
        is_soon = ending.days_left <= URGENT_DAYS
        yield Finding(
            name=f"{'price' if ending.is_price else 'model'} {ending.model}",
            severity=Severity.WARNING if is_soon else Severity.NOTE,
            what=what,
            remedy=remedy,
        )
