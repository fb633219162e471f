"""The command line: `python -m bot run | check | models`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from bot.settings import Settings, SettingsError

#: Exit codes as sysexits.h names them: a configuration fault, and a resource that is taken for now.
EX_CONFIG, EX_TEMPFAIL = 78, 75


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Greenlight, the Discord bot.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the bot")
    commands.add_parser("check", help="look at the settings and say everything that is wrong with them")
    commands.add_parser("models", help="print what can be made, and what it costs")
    arguments = parser.parse_args()
    if arguments.command == "models":
        return _models()
    try:
        settings = Settings.from_environ(os.environ)
    except SettingsError as error:
        print(error.report(), file=sys.stderr)
        return EX_CONFIG
    return _check(settings) if arguments.command == "check" else _run(settings)


def _check(settings: Settings) -> int:
    for note in settings.notes():
        print(f"NOTE  {note}")
    counted = {name: len(provider.keys) for name, provider in settings.providers.items()}
    offered = ", ".join(f"{name} ({count} key{'' if count == 1 else 's'})" for name, count in counted.items())
    print(f"Settings are in order. Services: {offered or 'none'}. Data: {settings.data_dir}")
    return 0


def _run(settings: Settings) -> int:
    from bot import app, log
    from bot.db import DatabaseTooNew
    from bot.media.errors import FfmpegUnusable

    log.configure(settings.log_level, settings.log_format, settings.secrets())
    code = 0
    try:
        asyncio.run(app.run(settings))
    except* app.AnotherInstance as group:
        code = _say(group, EX_TEMPFAIL)
    except* (app.DiscordRefused, DatabaseTooNew, FfmpegUnusable) as group:
        code = _say(group, EX_CONFIG)
    return code


def _say(group: BaseExceptionGroup[BaseException], code: int) -> int:
    """Print what the operator must know, once, without a traceback."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            _say(error, code)
        else:
            print(f"STOPPED  {error}", file=sys.stderr)
    return code


def _models() -> int:
    from providers.catalogue import Catalogue

    catalogue = Catalogue.load()
    print(f"Video models, as of {catalogue.as_of}:")
    for model in catalogue.video:
        price = model.price_per_second_microusd / 1_000_000
        lengths = f"{model.durations[0]}–{model.durations[-1]} s"
        print(f"  {model.id:<24} {model.label:<32} {lengths:<8} {', '.join(model.ratios):<16} ${price:.2f}/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
