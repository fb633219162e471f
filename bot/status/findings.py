"""Is it well? What in a status wants somebody, the gravest first, each with what to do about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from bot.production.model import ProductionState
from bot.speech import counted, dollars, lasting, say
from bot.status.status import DiscordStatus, KeyStatus, ServiceStatus, Status
from ratelimit import KeyHealth, Priority

#: What is left of credits (cents) or characters when the operator is warned: about one film, and a few lines.
LOW = {"credits": 500, "characters": 2_000}
#: Seconds after its start in which a bot may still be connecting, and its workers be unheard of.
SETTLING = 180.0
#: Seconds: a database slower than this keeps everybody waiting; so late may the event loop come.
SLOW_DATABASE, LATE_LOOP = 0.5, 0.25
#: Seconds that somebody may wait for an answer (an analysis, a chat), and that a film may wait to begin.
ANSWER_WITHIN, FILM_WITHIN = 60.0, 3600.0
#: A service is unwell when so large a share of at least so many requests failed.
ERROR_SHARE, ENOUGH = 0.2, 10
#: Shares of a cap from which on it is told, and of a limit over a day.
NEARLY = 0.8
#: Identifications left below which no more restarts should be risked.
FEW_SESSIONS = 50
#: Days before a model's end in which it is urgent.
URGENT_DAYS = 7


class Severity(IntEnum):
    """How much it matters; greater is worse."""

    NOTE = 1  # good to know
    WARNING = 2  # somebody should look today
    CRITICAL = 3  # people are let down now

    @property
    def word(self) -> str:
        """In the language spoken."""
        match self:
            case Severity.NOTE:
                return say("Note")
            case Severity.WARNING:
                return say("Warning")
            case Severity.CRITICAL:
                return say("Critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not well. `name` stays the same while it lasts, so that it can be told once.

    `what` and `remedy` are sentences for operators, in the language spoken.
    """

    name: str
    severity: Severity
    what: str
    remedy: str


def findings(status: Status) -> list[Finding]:
    """Everything that is not well, the gravest first; empty where all is well."""
    found = [
        *_of_database(status),
        *(_of_discord(status.discord, status) if status.discord is not None else ()),
        *(each for service in status.services for each in _of_service(service, status.at)),
        *_of_waits(status),
        *_of_films(status),
        *_of_money(status),
        *_of_disk(status),
        *_of_backups(status),
        *_of_processes(status),
        *_of_channels(status),
        *_of_pauses(status),
        *_of_models(status),
    ]
    return sorted(found, key=lambda finding: -finding.severity)


def _of_database(status: Status) -> Iterator[Finding]:
    database = status.database
    if database.error is not None:
        yield Finding(
            name="database away",
            severity=Severity.CRITICAL,
            what=say("The database is not reached ({error}), so nothing can be ordered.", error=database.error),
            remedy=say("Start it, or make room for it; the bot goes on by itself once it is back."),
        )
    elif database.latency is not None and database.latency > SLOW_DATABASE:
        yield Finding(
            name="database slow",
            severity=Severity.WARNING,
            what=say("The database took {time} s to answer.", time=f"{database.latency:.1f}"),
            remedy=say("Look for a busy disk, or for somebody else's long transaction."),
        )


def _of_discord(discord: DiscordStatus, status: Status) -> Iterator[Finding]:
    if not discord.is_connected and status.uptime > SETTLING:
        yield Finding(
            name="discord away",
            severity=Severity.CRITICAL,
            what=say("There is no connection to Discord."),
            remedy=say("See the log for why; the bot tries again by itself. Is Discord up (discordstatus.com)?"),
        )
    if discord.silent_until is not None:
        yield Finding(
            name="discord silent",
            severity=Severity.CRITICAL,
            what=say(
                "Discord refused {refused} requests in ten minutes; for {time} only interactions are answered.",
                refused=discord.refused,
                time=lasting(discord.silent_until - status.at),
            ),
            remedy=say("See the log for which requests it refused: mostly channels that lost a permission."),
        )
    elif discord.refused > discord.refused_at_most / 2:
        yield Finding(
            name="discord refusing",
            severity=Severity.WARNING,
            what=say(
                "Discord refused {refused} requests in ten minutes; at {most} the bot falls silent.",
                refused=discord.refused,
                most=discord.refused_at_most,
            ),
            remedy=say("See the log for which requests it refused: mostly channels that lost a permission."),
        )
    if discord.sessions_left is not None and discord.sessions_left < FEW_SESSIONS:
        yield Finding(
            name="discord sessions",
            severity=Severity.WARNING,
            what=counted(
                discord.sessions_left,
                "Discord lets the bot connect {number} more time today.",
                "Discord lets the bot connect {number} more times today.",
            ),
            remedy=say("Do not restart it without need, and find out why it connects so often."),
        )


def _of_service(service: ServiceStatus, now: float) -> Iterator[Finding]:
    healths = [key.view.health for key in service.keys]
    if all(health in {KeyHealth.PAUSED, KeyHealth.RETIRED} for health in healths):
        yield Finding(
            name=f"service withheld {service.name}",
            # Who waits for a paused key waits on; without any key, what is asked fails.
            severity=Severity.WARNING if KeyHealth.PAUSED in healths else Severity.CRITICAL,
            what=say("Every key of {service} is paused or retired, so nothing is ordered there.", service=service.name),
            remedy=say("Resume one with /admin keys, or add one."),
        )
    elif all(health is KeyHealth.OUT for health in healths):
        yield Finding(
            name=f"service out {service.name}",
            severity=Severity.CRITICAL,
            what=say("No key of {service} works, so nothing is ordered there.", service=service.name),
            remedy=say("Give it a key that works, or credit; /admin keys tests each."),
        )
    elif not any(health in {KeyHealth.HEALTHY, KeyHealth.PROBING} for health in healths):
        back = min((key.view.until for key in service.keys if key.view.until is not None), default=now)
        yield Finding(
            name=f"service resting {service.name}",
            severity=Severity.WARNING,
            what=say(
                "Every key of {service} rests; the first is asked again in {time}.",
                service=service.name,
                time=lasting(back - now),
            ),
            remedy=say("Wait; if it goes on, lower its limits in the settings, or add a key of another account."),
        )
    for key in service.keys:
        yield from _of_key(key, service)


def _of_key(key: KeyStatus, service: ServiceStatus) -> Iterator[Finding]:
    view = key.view
    if view.health is KeyHealth.OUT:
        yield Finding(
            name=f"key out {view.id}",
            severity=Severity.WARNING,
            what=say("Key {key} is out: {why}.", key=view.id, why=view.why),
            remedy=say("Test it with /admin keys; replace a key that is rejected, pay for one that is used up."),
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
            remedy=say("See the log for what {service} answers; /admin keys pauses it.", service=service.name),
        )
    if key.left is not None and key.left < LOW.get(key.unit, 0):
        yield Finding(
            name=f"credit {view.account}",
            severity=Severity.WARNING,
            what=say("Account {account} has {left} {unit} left.", account=view.account, left=key.left, unit=key.unit),
            remedy=say("Buy more at {service} before films fail.", service=service.name),
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


def _of_waits(status: Status) -> Iterator[Finding]:
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
                remedy=say("Add a key for a language model, or raise its limits if the service grants more."),
            )


def _of_films(status: Status) -> Iterator[Finding]:
    films = status.films
    if films.line.oldest is not None and films.line.oldest > FILM_WITHIN:
        yield Finding(
            name="films waiting",
            severity=Severity.WARNING,
            what=say(
                "A film has waited {time} to begin; {waiting} are in line.",
                time=lasting(films.line.oldest),
                waiting=films.line.waiting,
            ),
            remedy=say("Is something paused? Else add keys of other accounts, or raise MAX_FILMS_AT_ONCE."),
        )
    over, failed = sum(films.last_day.values()), films.last_day.get(ProductionState.FAILED, 0)
    if over >= ENOUGH and failed > ERROR_SHARE * over:
        yield Finding(
            name="films failing",
            severity=Severity.WARNING,
            what=say("{failed} of {over} films failed in the last 24 hours.", failed=failed, over=over),
            remedy=say("See their cards for why; a service that fails can be paused with /admin pause."),
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


def _of_money(status: Status) -> Iterator[Finding]:
    if status.money is None or not status.money.bot.cap_microusd:
        return
    bot = status.money.bot
    cap, used = status.money.bot.cap_microusd, bot.used_microusd
    facts = {"used": dollars(used), "cap": dollars(cap), "time": lasting(bot.resets_at - status.at)}
    if used >= cap:
        yield Finding(
            name="money gone",
            severity=Severity.CRITICAL,
            what=say("Today's {cap} are spent; nothing is ordered for another {time}.", **facts),
            remedy=say("Wait for midnight UTC, or raise the day's cap with /admin budget."),
        )
    elif used >= NEARLY * cap:
        yield Finding(
            name="money low",
            severity=Severity.WARNING,
            what=say("{used} of today's {cap} are spent.", **facts),
            remedy=say("Raise the day's cap with /admin budget if that is well; else see who spends it."),
        )


def _of_disk(status: Status) -> Iterator[Finding]:
    disk = status.disk
    facts = {"free": _gib(disk.free_bytes), "reserve": _gib(disk.reserve_bytes)}
    if disk.free_bytes < disk.reserve_bytes:
        yield Finding(
            name="disk full",
            severity=Severity.CRITICAL,
            what=say("{free} are free on the disk, less than the reserve of {reserve}: films wait.", **facts),
            remedy=say("Make room, keep files for fewer days (KEEP_…_DAYS), or lower MIN_FREE_DISK_MIB."),
        )
    elif disk.free_bytes < 2 * disk.reserve_bytes:
        yield Finding(
            name="disk low",
            severity=Severity.WARNING,
            what=say("{free} are free on the disk; at {reserve} films wait.", **facts),
            remedy=say("Make room, or keep files for fewer days (KEEP_…_DAYS)."),
        )


def _of_backups(status: Status) -> Iterator[Finding]:
    backups = status.backups
    if backups.every is None:
        return
    since = status.started_at if backups.made_at is None else backups.made_at
    if status.at - since > 2 * backups.every:
        age = say("There is no backup.")
        if backups.made_at is not None:
            age = say("The newest backup is {time} old.", time=lasting(status.at - backups.made_at))
        yield Finding(
            name="backup old",
            severity=Severity.WARNING,
            what=age,
            remedy=say("See the log for why none was made; python -m bot backup makes one now."),
        )


def _of_processes(status: Status) -> Iterator[Finding]:
    here = next(each for each in status.processes if each.is_here)
    if here.role == "gateway" and status.uptime > SETTLING and all(each.role == "gateway" for each in status.processes):
        yield Finding(
            name="no worker",
            severity=Severity.CRITICAL,
            what=say("No worker is alive: films wait."),
            remedy=say("Start one: python -m bot run --role worker."),
        )
    if len({each.version for each in status.processes}) > 1:
        yield Finding(
            name="versions differ",
            severity=Severity.WARNING,
            what=say("The bot's processes run different versions."),
            remedy=say("Bring all of them to the same one."),
        )
    for each in status.processes:
        if each.loop_late is not None and each.loop_late > LATE_LOOP:
            yield Finding(
                name=f"loop late {each.name}",
                severity=Severity.WARNING,
                what=say("{name} comes {time} s late to what is due.", name=each.name, time=f"{each.loop_late:.2f}"),
                remedy=say("The machine is too busy, or something stands in the way: the log tells where."),
            )


def _of_channels(status: Status) -> Iterator[Finding]:
    if status.closed:
        yield Finding(
            name="channels closed",
            severity=Severity.NOTE,
            what=counted(
                len(status.closed),
                "{number} channel does not let the bot write.",
                "{number} channels do not let the bot write.",
            ),
            remedy=say("Ask the servers' admins for the permissions; /setup shows which are missing."),
        )


def _of_pauses(status: Status) -> Iterator[Finding]:
    for paused in status.paused:
        what = say("New films are paused since {time}.", time=lasting(status.at - paused.at))
        if paused.name != "all":
            what = say("{name} is paused since {time}.", name=paused.name, time=lasting(status.at - paused.at))
        yield Finding(
            name=f"paused {paused.name}",
            severity=Severity.NOTE,
            what=what,
            remedy=say("/admin resume lets it go on."),
        )


def _of_models(status: Status) -> Iterator[Finding]:
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


def _gib(count: int) -> str:
    return f"{math.floor(10 * count / (1 << 30)) / 10:.1f} GiB"
