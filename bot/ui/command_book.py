"""Which ids Discord gave our commands, so that a mention of one can be clicked; kept beside what it was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from discord.app_commands import AppCommand

#: Its name beside the mark of what Discord was sent.
BOOK = "command-ids.json"


class CommandBook:
    """Kept by whoever sends the commands, read by whoever writes about them."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def is_kept(self) -> bool:
        return self._file.exists()

    def keep(self, commands: Sequence[AppCommand]) -> None:
        """Keep what Discord answered when it was sent all of them."""
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps({command.name: command.id for command in commands}))
        part.replace(self._file)

    def mentions(self) -> Mentions:
        """The ids as they are kept now."""
        if not self.is_kept:  # another machine sends the commands
            return Mentions({})
        known = json.loads(self._file.read_text())
        return Mentions({name: int(number) for name, number in known.items()})


class Mentions:
    """Commands as text: one that can be clicked where its id is known."""

    def __init__(self, ids: dict[str, int]) -> None:
        self._ids = ids

    def of(self, name: str) -> str:
        """`name` may have a subcommand: "admin pause"."""
        number = self._ids.get(name.split(" ", maxsplit=1)[0])
        return f"`/{name}`" if number is None else f"</{name}:{number}>"
