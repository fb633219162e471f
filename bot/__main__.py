"""The command line.

python -m bot run [--role …] [--shards …] | check [--online] | health | backup [DIR] | restore FROM | migrate --to URL
              | models [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.settings import Settings, SettingsError

#: Exit codes as sysexits.h names them: a configuration fault, a resource that is taken for now, data that is damaged,
#: data that is not there, and a disk that does not take what is written.
EX_CONFIG, EX_TEMPFAIL, EX_DATAERR, EX_NOINPUT, EX_IOERR = 78, 75, 65, 66, 74

Fault = TypeVar("Fault", bound=BaseException)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Greenlight, the Discord bot.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the bot")
    run.add_argument(
        "--role",
        choices=["all", "gateway", "worker"],
        default="all",
        help="a part of it, beside other processes on one PostgreSQL: gateway talks to Discord, worker makes films",
    )
    run.add_argument(
        "--shards",
        metavar="A-B/N",
        help="of Discord's N shards, those that this process serves; from about 2,500 servers on there are several",
    )
    check = commands.add_parser("check", help="look at the settings and say everything that is wrong with them")
    check.add_argument(
        "--online",
        action="store_true",
        help="and try everything the bot needs here, with calls that are free: 0 all is well, 1 something should be "
        "looked at, 69 it would not work, 78 the settings are wrong",
    )
    commands.add_parser("health", help="0 if the bot of these settings answers at its OPS_PORT, else 1")
    backup = commands.add_parser("backup", help="copy the database and every file, while the bot runs or not")
    backup.add_argument("folder", nargs="?", metavar="DIR", help="where to; BACKUP_DIR where none is named")
    restore = commands.add_parser("restore", help="put a backup in place, on a machine that has nothing yet")
    restore.add_argument("source", metavar="FROM", help="a backup's folder")
    migrate = commands.add_parser("migrate", help="copy everything from the SQLite file to an empty PostgreSQL")
    migrate.add_argument("--to", required=True, metavar="URL", help="postgresql://user:password@host/database")
    models = commands.add_parser("models", help="print what can be made, and what it costs")
    form = models.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, money in micro-dollars")
    form.add_argument("--check", action="store_true", help="ask the services whether all of it still holds")
    arguments = parser.parse_args()
    if arguments.command == "models" and not arguments.check:
        return _models(as_json=arguments.json)
    try:
        settings = Settings.from_environ(os.environ)
    except SettingsError as error:
        print(error.report(), file=sys.stderr)
        return EX_CONFIG
    match arguments.command:
        case "models":
            return asyncio.run(_check_models(settings))
        case "check":
            return _check(settings) or (asyncio.run(_check_online(settings)) if arguments.online else 0)
        case "health":
            return _health(settings)
        case "backup":
            return _backup(settings, arguments.folder)
        case "restore":
            return _restore(settings, Path(arguments.source).absolute())
        case "migrate":
            return _migrate(settings, arguments.to)
        case _:
            return _run(settings, arguments.role, arguments.shards)


def _check(settings: Settings) -> int:
    for note in settings.notes():
        print(f"NOTE  {note}")
    counted = {name: len(provider.keys) for name, provider in settings.providers.items()}
    offered = ", ".join(f"{name} ({count} key{'' if count == 1 else 's'})" for name, count in counted.items())
    print(f"Settings are in order. Services: {offered or 'none'}. Data: {settings.data_dir}")
    return 0


async def _check_online(settings: Settings) -> int:
    """Try everything; a line for each answer, and at the end how many want somebody."""
    from bot.ops.check import check
    from bot.ops.deployment import Level, exit_code

    answers = await check(settings)
    for answer in answers:
        print(answer)
    failed, warned = (sum(answer.level is level for answer in answers) for level in (Level.FAIL, Level.WARN))
    would = "would not work" if failed else "works"
    print(f"The bot {would} here. Failed: {failed}; to look at: {warned}; tried: {len(answers)}.")
    return exit_code(answers)


def _health(settings: Settings) -> int:
    from bot.ops.alive import address, is_alive

    if not settings.ops.port:
        print("OPS_PORT is 0, so nobody can ask.", file=sys.stderr)
        return 1
    return 0 if is_alive(address(settings.ops)) else 1


def _run(settings: Settings, role: str, range_of_shards: str | None) -> int:
    from bot.studio.shards import ALL_SHARDS, Shards

    try:
        shards = Shards.parse(range_of_shards) if range_of_shards is not None else ALL_SHARDS
    except ValueError as error:
        print(f"STOPPED  --shards {range_of_shards}: {error}.", file=sys.stderr)
        return EX_CONFIG
    if range_of_shards is not None and role == "worker":
        print("STOPPED  --shards is for what talks to Discord; a worker does not.", file=sys.stderr)
        return EX_CONFIG
    if not shards.are_all and not settings.is_shared:
        print(
            f"STOPPED  --shards {shards} leaves shards to other processes, which needs a database that they can share. "
            f"Set DATABASE_URL to a PostgreSQL, or serve them all: --shards 0-{shards.count - 1}/{shards.count}.",
            file=sys.stderr,
        )
        return EX_CONFIG
    if role != "all" and not settings.is_shared:
        print(
            f"STOPPED  --role {role} needs a database that processes can share, and DATABASE_URL names a file. "
            "Set it to a PostgreSQL, or run without --role.",
            file=sys.stderr,
        )
        return EX_CONFIG
    from bot import app, log
    from bot.app.boot import DatabaseLost, DatabaseReadOnly, NotBackedUp, remedy
    from bot.db import DatabaseTooNew
    from bot.db.snapshot import DatabaseDamaged
    from bot.media.errors import FfmpegUnusable

    log.configure(settings.log_level, settings.log_format, settings.secrets())
    code = 0
    try:
        asyncio.run(app.run(settings, app.ProcessRole(role), shards))
    except* app.AnotherInstance as group:
        code = _say(group, EX_TEMPFAIL)
    except* (app.DiscordRefused, DatabaseTooNew, DatabaseReadOnly, FfmpegUnusable) as group:
        code = _say(group, EX_CONFIG)
    except* NotBackedUp as group:
        code = _say(group, EX_IOERR)
    except* DatabaseLost as group:
        code = _say(group, EX_NOINPUT)
    except* DatabaseDamaged as group:
        code = _say(group, EX_DATAERR, lambda error: remedy(error, settings))
    return code


def _migrate(settings: Settings, to: str) -> int:
    """Copy the rows to another database; DATABASE_URL is the operator's to change afterwards."""
    from bot.app.data_dir import AnotherInstance
    from bot.app.migration import migrate
    from bot.db.move import Differs, NotEmpty

    if settings.is_shared:
        print("STOPPED  DATABASE_URL names a PostgreSQL already.", file=sys.stderr)
        return EX_CONFIG
    try:
        target = Settings.from_environ({**os.environ, "DATABASE_URL": to}).database_url
    except SettingsError as error:
        print(error.report(), file=sys.stderr)
        return EX_CONFIG
    if not target.startswith("postgresql"):
        print("STOPPED  --to does not name a PostgreSQL.", file=sys.stderr)
        return EX_CONFIG
    try:
        moved = asyncio.run(migrate(settings, target))
    except AnotherInstance as error:
        print(f"STOPPED  {error}", file=sys.stderr)
        return EX_TEMPFAIL
    except (NotEmpty, Differs) as error:
        print(f"STOPPED  {error}", file=sys.stderr)
        return EX_CONFIG
    rows = sum(table.rows for table in moved.values())
    print(f"Copied {rows} rows in {len(moved)} tables. Set DATABASE_URL to the new database and start the bot.")
    return 0


def _backup(settings: Settings, folder: str | None) -> int:
    from bot.app.backup import FAILURES, NothingToBackUp, back_up
    from bot.db.snapshot import DatabaseDamaged
    from bot.storage.backups import BackupUnderWay

    try:
        backup = asyncio.run(back_up(settings, Path(folder).absolute() if folder is not None else None))
    except NothingToBackUp as error:
        return _stopped(error, EX_NOINPUT)
    except DatabaseDamaged as error:
        return _stopped(error, EX_DATAERR)
    except BackupUnderWay as error:
        return _stopped(error, EX_TEMPFAIL)
    except FAILURES as error:
        return _stopped(error, EX_IOERR)
    manifest = backup.manifest
    print(f"{backup.folder}: {len(manifest.files)} files, {manifest.size} bytes, of {manifest.engine}.")
    if manifest.note:
        print(f"NOTE  {manifest.note}")
    return 0


def _restore(settings: Settings, source: Path) -> int:
    from bot.app.backup import FAILURES
    from bot.app.data_dir import AnotherInstance
    from bot.app.restore import CannotRestore, restore
    from bot.storage.backups import NotABackup

    try:
        restored = asyncio.run(restore(settings, source))
    except CannotRestore as error:
        return _stopped(error, EX_CONFIG)
    except NotABackup as error:
        return _stopped(error, EX_DATAERR)
    except AnotherInstance as error:
        return _stopped(error, EX_TEMPFAIL)
    except FAILURES as error:
        print(f"{settings.data_dir} is half restored: empty it before the next try.", file=sys.stderr)
        return _stopped(error, EX_IOERR)
    print(
        f"Restored {len(restored.manifest.files)} files. {len(restored.held)} films that were not over wait for their "
        "owners, who choose on the job cards; nothing is ordered by itself. Start the bot."
    )
    return 0


def _stopped(error: Exception, code: int) -> int:
    print(f"STOPPED  {error}", file=sys.stderr)
    return code


def _say(group: BaseExceptionGroup[Fault], code: int, words: Callable[[Fault], str] = str) -> int:
    """Print what the operator must know, once, without a traceback."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            _say(error, code, words)
        else:
            print(f"STOPPED  {words(error)}", file=sys.stderr)
    return code


def _models(*, as_json: bool) -> int:
    from bot.ops import models
    from providers.catalogue import Catalogue

    catalogue = Catalogue.load()
    print(models.as_json(catalogue) if as_json else models.described(catalogue))
    return 0


async def _check_models(settings: Settings) -> int:
    """Compare the catalogue with what the services list: 0 if all is well, 1 if somebody must look."""
    from bot.ops import model_check
    from providers.catalogue import Catalogue
    from providers.registry import open_providers

    providers = open_providers({name: provider.base_url for name, provider in settings.providers.items()})
    try:
        findings = await model_check.check(Catalogue.load(), settings.providers, providers.listers)
    finally:
        await providers.close()
    for finding in findings:
        print(finding)
    to_see = sum(finding.matters for finding in findings)
    print(f"To look at: {to_see}." if to_see else "The catalogue agrees with every service that was asked.")
    return 1 if to_see else 0


if __name__ == "__main__":
    sys.exit(main())
