"""What is not well with the house: database, disk, backups, processes."""

from __future__ import annotations

from collections.abc import Iterator

from bot.speech import gibibytes, lasting, say
from bot.status.finding import Finding, Severity
from bot.status.status import Status

#: Seconds after its start in which a bot may still be connecting, and its workers be unheard of.
SETTLING = 180.0
#: Seconds: a database slower than this keeps everybody waiting; so late may the event loop come.
SLOW_DATABASE, LATE_LOOP = 0.5, 0.25


def of_database(status: Status) -> Iterator[Finding]:
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


def of_disk(status: Status) -> Iterator[Finding]:
    disk = status.disk
    facts = {"free": gibibytes(disk.free_bytes), "reserve": gibibytes(disk.reserve_bytes)}
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


def of_backups(status: Status) -> Iterator[Finding]:
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


def of_processes(status: Status) -> Iterator[Finding]:
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
